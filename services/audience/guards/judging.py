"""Whether messages may be sent now, by the guards of their accounts."""

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain.audience.guards.verdicts import Refusal, Verdict, judge
from store.audience.guards import looking, refusals
from store.audience.guards.looking import OfAccount, Seen
from store.connection import Connection
from store.pool import InTransaction, Pool

_MOST_KEPT = 256


class Guards:
    """The guards of accounts, remembered by a version that changes with them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._kept: OrderedDict[tuple[int, int], OfAccount] = OrderedDict()

    async def of(self, account_id: int, version: int) -> OfAccount:
        """Those of an account."""
        place = account_id, version
        if place not in self._kept:
            self._kept[place] = (await looking.accounts(self._pool, [account_id]))[account_id]
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(place)
        return self._kept[place]


def verdict_of(one: Seen, of: OfAccount, now: datetime, to_prefix: int = 0) -> Verdict:
    """What is to be done with a message now. ``to_prefix``: as in ``judge``."""
    settings = replace(of.settings, per_day=None, per_week=None) if one.is_taken else of.settings
    return judge(one.message, settings, now, of.time_zone, to_prefix)


async def note(pool: Pool, account_id: int, judged: Iterable[tuple[Seen, Verdict]]) -> None:
    """Note what the pumping guard refused, or would have."""
    noted = [
        (one.uid, account_id, verdict.code, one.message.recipient, verdict.reason, verdict.enforced)
        for one, verdict in judged
        if isinstance(verdict, Refusal)
    ]
    await refusals.note(pool, noted)


@dataclass(frozen=True, slots=True)
class Passing:
    """Messages that may be handed over now."""

    uids: set[UUID]
    counted: set[UUID]
    """Those of them that count towards the caps of their persons from now on."""


async def passing(pool: Pool, uids: Sequence[UUID]) -> Passing:
    """Which of these messages may be handed over now; what belongs to no guarded account passes.

    They are counted towards the caps of their persons. A repeat gives the same ones, and counts none.
    """
    async with pool.connection() as conn, conn.transaction():
        store = InTransaction(conn)
        seen = await looking.look(store, uids)
        found = await looking.accounts(store, sorted({one.account_id for one in seen}))
        if capped := [account for account, of in found.items() if of.settings.is_capped]:
            await looking.lock_counts(conn, capped)
            seen = await looking.look(store, uids)  # with what others have counted until now
        stopped, counted = await _stopped(conn, seen, found)
        return Passing(set(uids) - stopped, counted)


async def _stopped(
    conn: Connection, seen: Sequence[Seen], found: Mapping[int, OfAccount]
) -> tuple[set[UUID], set[UUID]]:
    """Those that may not be handed over now, and those that were counted."""
    stopped: set[UUID] = set()
    counted: list[Seen] = []
    persons: Counter[str] = Counter()
    for one in seen:
        of = found[one.account_id]
        also = [of.now] * persons[f"{one.account_id} {one.person}"]
        message = replace(one.message, latest=[*one.message.latest, *also])
        if not is_let_pass(verdict_of(replace(one, message=message), of, of.now)):
            stopped.add(one.uid)
        elif of.settings.is_capped and not (message.is_transactional or one.is_taken):
            persons[f"{one.account_id} {one.person}"] += 1
            counted.append(one)
    if counted:
        await looking.count_persons(conn, counted)
    return stopped, {one.uid for one in counted}


def is_let_pass(verdict: Verdict) -> bool:
    """Whether a message may be sent."""
    return verdict is None or (isinstance(verdict, Refusal) and not verdict.enforced)


async def give_back(pool: Pool, uids: Sequence[UUID]) -> None:
    """Messages that passed were not handed over after all."""
    await looking.give_back(pool, uids)
