"""The operation ``messages.replay``: messages that failed are sent again under their uids, each once.

A slice has some messages wait again, with their credits held, and notes with its progress which pages are to be started
for them. They are started once that is stored; what a dead process left is started by the next slice.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from domain.access.user_scopes import SEND
from domain.ids import index_of, page_end, page_of
from domain.messages.page import Turn
from domain.operations.slices import ItemError, Sliced
from services.messages.replays import pages
from services.messages.replays.pages import Sendable
from services.messages.replays.rules import why_left_out
from services.messages.replays.starting import REPLAY, failed_of
from services.operations.kinds import Slice
from store.messages.replays import finding, reopening
from store.messages.replays.finding import Replayable
from store.messages.replays.reopening import Share
from store.operations import operations
from store.pool import Pool

_MESSAGES = 1000
"""Messages that a slice looks at; more than a page has, so that none is cut in two."""
_PAGES = 50
"""Pages that it starts: each costs Temporal some requests."""
_PAUSE = 2.0
"""Seconds until pages are looked at again that are running for other messages."""


class ReplayMessages:
    """Those that match and had failed when it was asked for, the newest first."""

    name = REPLAY
    may_be_cancelled = True
    scope = SEND

    async def count(self, work: Slice) -> int | None:
        """Those that nothing stands against."""
        counts, is_complete = await finding.count(work.store, failed_of(work.input))
        return sum(one.messages for one in counts) if is_complete else None

    async def slice(self, work: Slice) -> Sliced:
        """Start pages that are noted; else have the next messages wait again."""
        place = work.operation.place or {"below": None, "start": {}, "is_last": False}
        if place["start"]:
            left = await pages.start_all(work.store, work.client, work.start, place["start"])
            return Sliced(place | {"start": left}, pause=_PAUSE if left else 0.0)
        if place["is_last"]:
            return Sliced()
        return await _reopen_some(work, UUID(place["below"]) if place["below"] else None)


async def _reopen_some(work: Slice, below: UUID | None) -> Sliced:
    wanted = failed_of(work.input)
    found, below = whole_pages(*await finding.following(work.store, wanted, below, _MESSAGES), _PAGES)
    looked = await pages.look_at(work.store, work.client, found)
    locked = await finding.lock(work.store, wanted, sorted(uid for uids in found.values() for uid in uids))
    codes = {one.uid: _why_left_out(one, looked[page_of(one.uid)]) for one in locked}
    going = [one for one in locked if codes[one.uid] is None]
    codes |= await reopening.reopen(work.store, _shares(going, looked))
    reopened = [one for one in going if codes[one.uid] is None]
    place = {"below": below and str(below), "start": _turns(reopened), "is_last": below is None}
    if place["start"]:
        work.afterwards.append(lambda pool: _start(pool, work, place))
    return Sliced(
        place,
        done=len(locked),
        errors=[ItemError(str(uid), code, why_left_out(code)) for uid, code in codes.items() if code is not None],
        result=_counted(work.operation.result, reopened),
    )


def whole_pages(uids: Sequence[UUID], stopped: UUID | None, most: int) -> tuple[dict[UUID, list[UUID]], UUID | None]:
    """These uids by page, without a page of which there may be more, at most so many; and below which uid to go on,
    ``None``: nothing is left. ``stopped``: the last one that was read, if there may be more."""
    found: dict[UUID, list[UUID]] = defaultdict(list)
    for uid in uids:
        found[page_of(uid)].append(uid)
    below = None
    if stopped is not None:
        found.pop(page_of(stopped), None)
        below = UUID(int=page_end(page_of(stopped)).int + 1)
    if len(found) > most:
        found = dict(list(found.items())[:most])
        below = next(reversed(found))
    return dict(found), below


def _why_left_out(message: Replayable, page: Sendable | str) -> str | None:
    if message.left_out is not None:
        return message.left_out
    if isinstance(page, str):
        return page
    recipients, index = page.recipients, index_of(message.uid)
    return None if index < len(recipients) and recipients[index] == message.recipient else "recipient_erased"


def _shares(messages: Sequence[Replayable], looked: Mapping[UUID, Sendable | str]) -> Mapping[Share, Sequence[UUID]]:
    shares: dict[Share, list[UUID]] = defaultdict(list)
    for one in messages:
        page = looked[page_of(one.uid)]
        exempt = isinstance(page, Sendable) and page.exempt
        share = Share(one.account_id, one.channel, one.key_id or "", one.test, exempt, one.is_unknown)
        shares[share].append(one.uid)
    return shares


def _turns(messages: Sequence[Replayable]) -> dict[str, list[list[Any]]]:
    """What pages are to be started for."""
    turns: dict[UUID, dict[Turn, list[int]]] = defaultdict(lambda: defaultdict(list))
    for one in messages:
        pinned = str(one.doubtful_gateway_id) if one.doubtful_gateway_id else ""
        turn = Turn(at=one.due, attempt=one.tries + 1, pinned=pinned)
        turns[page_of(one.uid)][turn].append(index_of(one.uid))
    return {str(page_id): pages.stored(of_page) for page_id, of_page in turns.items()}


def _counted(before: Mapping[str, Any] | None, reopened: Sequence[Replayable]) -> dict[str, Any]:
    """How many messages wait again so far, and the credits that are held for them."""
    held = Counter((before or {}).get("credits", {}))
    for one in reopened:
        held[one.channel] += 0 if one.is_unknown else one.price
    return {"replayed": (before or {}).get("replayed", 0) + len(reopened), "credits": dict(held)}


async def _start(pool: Pool, work: Slice, place: Mapping[str, Any]) -> None:
    left = await pages.start_all(pool, work.client, work.start, place["start"])
    await operations.move(pool, work.operation.id, place, {**place, "start": left})
