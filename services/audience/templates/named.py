"""The templates that send requests name, remembered in each process."""

from collections import OrderedDict

from domain.audience.named_template import NamedTemplate, TemplateUse
from domain.channels import Channel
from domain.errors import InvalidError
from store.audience.templates import sent
from store.pool import Connections

_KEPT_BYTES = 16 * 1024 * 1024
"""Of texts that are remembered."""
_MOST = 2**31


class NamedTemplates:
    """Reads templates. What is remembered goes by the version of the account's templates, which comes with its key:
    a change is seen by the next request of any process.
    """

    def __init__(self, pool: Connections) -> None:
        self._pool = pool
        self._kept: OrderedDict[tuple[int, int, str, TemplateUse], NamedTemplate] = OrderedDict()
        self._size = 0

    async def get(
        self,
        account_id: int,
        templates_version: int,
        channel: Channel,
        use: TemplateUse,
        *,
        archived: bool = False,
    ) -> NamedTemplate:
        """The template that a request names. ``archived``: also one that was archived, for what is under way.

        Raises:
            InvalidError: there is none, or it cannot be sent on this channel.
        """
        place = (account_id, templates_version, str(channel), use)
        if place in self._kept:
            self._kept.move_to_end(place)
            return self._kept[place]
        named = await self.read(account_id, channel, use, archived=archived)
        if place not in self._kept:
            self._kept[place] = named
            self._size += named.size
        while self._size > _KEPT_BYTES and len(self._kept) > 1:
            self._size -= self._kept.popitem(last=False)[1].size
        return named

    async def read(
        self, account_id: int, channel: Channel, use: TemplateUse, *, archived: bool = False
    ) -> NamedTemplate:
        """The same, as it is now stored."""
        if use.number is not None and not 0 < use.number < _MOST:
            raise _no_version(use)
        found = await sent.find(self._pool, account_id, use.key, use.number)
        if found is None:
            raise InvalidError("template_unknown", f"there is no template {use.key!r}: see /api/templates", "/template")
        if found.is_archived and not archived:
            raise InvalidError("template_archived", f"the template {use.key!r} is archived: restore it", "/template")
        if found.published is None:
            message = f"the template {use.key!r} was never published: POST /api/templates/{use.key}/publish"
            raise InvalidError("template_not_published", message, "/template")
        if found.ready is None or found.number is None or found.version_id is None:
            raise _no_version(use)
        if not found.ready.get(channel):
            message = f"the template {use.key!r} has no texts for {channel}: add them, and publish it"
            raise InvalidError("template_channel", message, "/template")
        return NamedTemplate.of(use.key, found.number, found.version_id, str(channel), found.ready)


def _no_version(use: TemplateUse) -> InvalidError:
    message = f"the template {use.key!r} has no version {use.number}"
    return InvalidError("template_version", message, "/template_version")
