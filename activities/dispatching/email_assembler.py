"""Completes emails before they are sent: attachments from the store, and tracking links for each recipient."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from math import ceil

from activities.dispatching.sender_keys import SenderKeys
from activities.pacing.slots import SlotPool
from domain.links.targets import Utm, with_utm
from domain.mail.extras import FileRef, MailExtras
from domain.mail.links import LinkKind, LinkSigner
from domain.mail.tracking import take_apart
from domain.messages.outbound import Attachment, Outbound
from gateways.background import QUICK, in_background
from store.messages import attachments, copies
from store.pool import Pool, retry_until_available

_MIB = 1024 * 1024
CACHED_BYTES = 64 * _MIB
"""Files that a process caches: an attachment of a batch is the same for all recipients."""
MIB_AT_A_TIME = 48
"""MiB of attachments in flight through one gateway; each is in memory several times, encoded."""


class AttachmentExpired(Exception):
    """An attachment is no longer stored."""


class MemoryBudget:
    """A bound on attachments in flight through one gateway, in whole MiB."""

    def __init__(self, size: int = MIB_AT_A_TIME) -> None:
        self._slots = SlotPool(size)

    async def take(self, size: int, given_up: Callable[[], bool]) -> int | None:
        """Wait until this many bytes are free. A larger request than the whole budget gets the whole budget.

        Returns the MiB that were taken; ``None``: it was given up.
        """
        wanted = min(self._slots.size, ceil(size / _MIB))
        if not wanted:
            return 0
        return wanted if await self._slots.take(wanted, given_up) else None

    def leave(self, taken: int) -> None:
        """Give back what was taken."""
        self._slots.give_back(taken)


class EmailAssembler:
    """Completes emails; one per process."""

    def __init__(self, pool: Pool, signer: LinkSigner, keys: SenderKeys | None = None) -> None:
        """``keys``: of sender domains; ``None``: nothing is sent from them here."""
        self.keys = keys
        self._pool = pool
        self._signer = signer
        self._files: OrderedDict[str, bytes] = OrderedDict()
        self._cached = 0

    async def complete(self, message: Outbound, extras: MailExtras, utm: Utm = (), *, exempt: bool = False) -> Outbound:
        """The message with all that its gateway needs. Take ``MemoryBudget`` for its files before.

        ``utm`` is added to the targets of tracked links.

        Opted-out recipients in ``cc`` get no copy, unless the message is ``exempt``.

        Raises:
            AttachmentExpired: an attachment is no longer stored.
        """
        if message.cc and not exempt:
            message = await self._without_unwanted_copies(message)
        linked = await self._linked(message, extras, utm) if extras.base_url else message
        return replace(linked, attachments=await self._attachments(extras.files)) if extras.files else linked

    async def _without_unwanted_copies(self, message: Outbound) -> Outbound:
        opted_out = await retry_until_available(lambda: copies.opted_out_of(self._pool, message.uid, message.cc))
        return replace(message, cc=tuple([one for one in message.cc if one not in opted_out])) if opted_out else message

    async def _linked(self, message: Outbound, extras: MailExtras, utm: Utm) -> Outbound:
        is_long = len(message.body) + len(message.html or "") > QUICK
        if is_long:
            return await in_background(self._with_links, message, extras, utm)
        return self._with_links(message, extras, utm)

    def _with_links(self, message: Outbound, extras: MailExtras, utm: Utm) -> Outbound:
        def link(kind: LinkKind, url: str = "") -> str:
            end = ".gif" if kind is LinkKind.OPEN else ""
            url = with_utm(url, utm) if kind is LinkKind.CLICK else url
            return f"{extras.base_url}/{kind}/{self._signer.token(kind, message.uid, url)}{end}"

        write = partial(take_apart, unsubscribe=extras.unsubscribe, opens=extras.opens, clicks=extras.clicks)
        return replace(
            message,
            body=write(message.body, is_html=False).fill(link) if extras.unsubscribe else message.body,
            html=write(message.html, is_html=True).fill(link) if message.html else message.html,
            unsubscribe_url=link(LinkKind.UNSUBSCRIBE) if extras.unsubscribe else None,
        )

    async def _attachments(self, files: Sequence[FileRef]) -> tuple[Attachment, ...]:
        return tuple([Attachment(f.filename, f.content_type, await self._content(f.id), f.content_id) for f in files])

    async def _content(self, file: str) -> bytes:
        if file in self._files:
            self._files.move_to_end(file)
            return self._files[file]
        content = await retry_until_available(lambda: attachments.load(self._pool, file))
        if content is None:
            raise AttachmentExpired
        self._remember(file, content)
        return content

    def _remember(self, file: str, content: bytes) -> None:
        if file in self._files:  # two loaded it at once
            return
        self._files[file] = content
        self._cached += len(content)
        while self._cached > CACHED_BYTES:
            _, dropped = self._files.popitem(last=False)
            self._cached -= len(dropped)
