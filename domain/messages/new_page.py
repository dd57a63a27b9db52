"""Builds page headers for all sources: a request, several that share a page, a reply, a fallback,
a batch.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from domain.audience.purposes import of_lane
from domain.lanes import Lane
from domain.limits import PAGE_LIMITS
from domain.messages.fallback import Awaited
from domain.messages.page import Keyed, KeyTerms, PageHeader
from domain.messages.page_content import PageMessage


def new_page(
    page_id: UUID,
    channel: str,
    accounts: Sequence[int],
    messages: Sequence[PageMessage],
    requested: Mapping[str, list[int]],
    *,
    lane: str = Lane.TRANSACTIONAL,
    exempt: bool = False,
    keyed: Sequence[Keyed] = (),
    senders: Mapping[str, list[int]] | None = None,
    purposes: Sequence[str] = (),
    templates: Sequence[int | None] = (),
) -> PageHeader:
    """A page with these messages; their content is passed beside it.

    ``accounts``, ``purposes`` and ``templates`` (ids of versions): of each message, or the one of all; no purpose:
    that of the lane. ``requested``,
    ``exempt``, ``keyed`` and ``senders``: as in ``PageHeader``.
    """
    due = [message.due for message in messages]
    return PageHeader(
        str(page_id),
        accounts[0],
        str(channel),
        len(messages),
        due if any(due) else [],
        dict(requested),
        accounts=list(accounts) if len(set(accounts)) > 1 else [],
        lane=str(lane),
        exempt=exempt,
        awaited=[Awaited(index, m.fallback[0].after) for index, m in enumerate(messages) if m.fallback],
        limits=PAGE_LIMITS,
        keyed=list(keyed),
        senders=dict(senders or {}),
        purposes=_unusual(purposes, lane, len(messages)),
        templates=_made_from(templates, len(messages)),
    )


def all_of(key: KeyTerms | None, size: int) -> list[Keyed]:
    """``PageHeader.keyed`` of a page with messages of one key; ``None``: it demands nothing."""
    return [] if key is None else [Keyed(key, list(range(size)))]


def _unusual(purposes: Sequence[str], lane: str, size: int) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for index, purpose in enumerate(purposes if len(purposes) != 1 else [*purposes] * size):
        if purpose != of_lane(lane):
            found.setdefault(purpose, []).append(index)
    return found


def _made_from(templates: Sequence[int | None], size: int) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    if any(templates):
        for index, version in enumerate(templates if len(templates) != 1 else [*templates] * size):
            if version is not None:
                found.setdefault(str(version), []).append(index)
    return found


def new_stored_page(
    page_id: UUID,
    account_id: int,
    channel: str,
    lane: str,
    size: int,
    gateway: str,
    key: KeyTerms | None,
    sender: str = "",
) -> PageHeader:
    """A page of a batch, whose messages are stored.

    ``gateway``: the requested one; ``sender``: the mailbox that its emails are from; "": none.
    """
    return PageHeader(
        str(page_id),
        account_id,
        channel,
        size,
        requested={gateway: list(range(size))} if gateway else {},
        lane=lane,
        stored=True,
        limits=PAGE_LIMITS,
        keyed=all_of(key, size),
        senders={sender: list(range(size))} if sender else {},
    )
