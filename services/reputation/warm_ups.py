"""Rules for warm-ups: who may set them, and the tier of each day."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from domain.access.actors import SYSTEM
from domain.errors import ConflictError, InvalidError
from domain.reputation.rules import Limit, limits_of
from domain.reputation.warm_up import LADDERS, LadderName, Signs, next_tier
from services.changes import Change
from store.access.audit import FieldChange, NewEvent, Target, append
from store.pool import Connections, InTransaction, Pool
from store.reputation import bad_reports, pauses, warm_ups
from store.reputation.bad_reports import Subject, of_account
from store.reputation.warm_ups import Warmed, WarmUp

_AT_A_TIME = 50
_WEEK = 168
"""Hours."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A warm-up as it is asked for."""

    ladder: LadderName
    tier: int | None = None
    """``None``: the one that it has, or the lowest."""
    pinned: bool = False


def head(warm_up: WarmUp | None) -> dict[str, Any] | None:
    """What of a warm-up does not change with each message; ``None``: there is none."""
    if warm_up is None:
        return None
    names = ("ladder", "tier", "pinned", "day_cap", "hour_cap", "since")
    return {name: getattr(warm_up, name) for name in names} | {"top_tier": LADDERS[warm_up.ladder].top}


def shown(warm_up: WarmUp) -> dict[str, Any]:
    """All of a warm-up."""
    names = ("gateway_id", "domain_id", "used_days", "sent_today", "sent_this_hour")
    return {name: getattr(warm_up, name) for name in names} | (head(warm_up) or {})


async def put(change: Change, what: Warmed, wanted: Wanted) -> WarmUp:
    """Begin a warm-up or change it. The caller has checked that it is the actor's to change.

    Raises:
        InvalidError: the ladder has no such tier.
        ConflictError: staff has pinned it, and the actor is a user.
    """
    before = await _of(change, what)
    tier = wanted.tier
    if tier is None:
        tier = before.tier if before is not None and before.ladder == wanted.ladder else 0
    top = LADDERS[wanted.ladder].top
    if tier > top:
        raise InvalidError("tier_unknown", f"the ladder {wanted.ladder} has the tiers 0 to {top}", "/tier")
    after = await warm_ups.put(change.store, what, wanted.ladder, tier, wanted.pinned)
    change.compare(_compared(before), _compared(after))
    return after


async def remove(change: Change, what: Warmed) -> None:
    """End a warm-up, if there is one: nothing more is held, and what waits leaves at the next hour.

    Raises:
        ConflictError: as in ``put``.
    """
    before = await _of(change, what)
    await warm_ups.remove(change.store, what)
    change.compare(_compared(before), dict.fromkeys(_compared(before)))


async def _of(change: Change, what: Warmed) -> WarmUp | None:
    before = await warm_ups.of(change.store, what)
    if before is not None and before.pinned and change.actor.type == "user":
        raise ConflictError("warm_up_pinned", "staff has set this warm-up: ask the operator of the install")
    return before


def _compared(warm_up: WarmUp | None) -> Mapping[str, Any]:
    if warm_up is None:
        return {}
    return {f"warm_up.{name}": getattr(warm_up, name) for name in ("ladder", "tier", "pinned")}


async def judge_tiers(pool: Pool) -> None:
    """Judge each warm-up once a day, and lower at once what the guard holds. Several processes may do it."""
    found = _AT_A_TIME
    while found == _AT_A_TIME:
        async with pool.connection() as conn, conn.transaction():
            store, events = InTransaction(conn), []
            due = await warm_ups.to_judge(store, _AT_A_TIME)
            for one in due:
                tier = next_tier(one.climb, await _signs(store, one), one.today)
                await warm_ups.judged(store, one, tier)
                if tier != one.tier:
                    changes = [FieldChange("warm_up.tier", one.tier, tier)]
                    events.append(NewEvent("warm_up.tier_changed", SYSTEM, [_target(one)], changes))
            for event in events:
                await append(conn, event)
            found = len(due)


async def _signs(store: Connections, warm_up: WarmUp) -> Signs:
    subject = _subject(warm_up)
    is_clean, is_dirty = True, False
    for limit in limits_of(subject.channel):
        if limit.hours == 24:
            is_dirty = is_dirty or await _level(store, subject, limit) == "pause"
            is_clean = is_clean and await _level(store, subject, replace(limit, hours=_WEEK)) is None
    if subject.gateway_id is not None:
        is_paused = subject.gateway_id in {one.gateway_id for one in await pauses.gateway_pauses(store)}
    else:
        is_paused = await pauses.of_account(store, subject.account_id, subject.channel) is not None
    return Signs(is_clean, is_dirty, is_paused)


async def _level(store: Connections, subject: Subject, limit: Limit) -> str | None:
    bad = await bad_reports.count_bad(store, subject, limit.signal, limit.hours, None)
    if bad < limit.least_bad:
        return None
    most = limit.count_up_to(bad)
    return limit.judge(bad, await bad_reports.count_sent(store, subject, limit.hours, None, most))


def _subject(warm_up: WarmUp) -> Subject:
    """What its signs are of: those of a domain are its account's."""
    if warm_up.gateway_id is None:
        return of_account(warm_up.owner_id, warm_up.channel)
    return Subject("gateway", str(warm_up.gateway_id), 0, warm_up.channel)


def _target(warm_up: WarmUp) -> Target:
    if warm_up.gateway_id is not None:
        return Target("gateway", str(warm_up.gateway_id))
    return Target("domain", str(warm_up.domain_id))
