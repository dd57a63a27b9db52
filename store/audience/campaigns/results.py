"""How a campaign did: by variant, and by link."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.audience.campaigns.deciding import VariantResult
from domain.audience.campaigns.run import HELD_OUT
from domain.ids import batch_range
from store.audience.campaigns.campaigns import Run
from store.connection import Connection
from store.pool import Pool, long_transaction

MOST_LINKS = 100

Goal = tuple[str, timedelta]
"""The event, and within what time from the beginning it counts."""


@dataclass(slots=True)
class Numbers:
    """How a variant did, in messages."""

    variant: str
    people: int = 0
    left_out: int = 0
    waiting: int = 0
    """Without an outcome."""
    sent: int = 0
    """Accepted by a gateway, whatever came of them."""
    delivered: int = 0
    failed: int = 0
    cancelled: int = 0
    rejected: int = 0
    opened: int = 0
    clicked: int = 0
    unsubscribed: int = 0
    complained: int = 0
    credits: int = 0
    goal: int | None = None
    """Recipients who reached the goal; ``None``: there is none."""

    def raise_to(self, kept: Mapping[str, Any]) -> None:
        """Count what was counted before, and is dropped by now."""
        for name in _DROPPED:
            if (before := kept.get(name)) is not None:
                setattr(self, name, max(before, getattr(self, name) or 0))

    def as_result(self) -> VariantResult:
        """As variants are compared."""
        return VariantResult(self.variant, self.sent, self.opened, self.clicked, self.goal or 0)


async def by_variant(pool: Pool, run: Run, goal: Goal | None) -> dict[str, Numbers]:
    """Numbers of each variant; ``held_out`` is those of who got nothing, if somebody was to get nothing."""
    async with long_transaction(pool) as conn:
        ranges = await _ranges(conn, run.id)
        found = {variant: Numbers(variant) for variant in run.versions}
        for statement in (_SLICES, _STATES, _ENGAGED):
            cursor = await conn.execute(statement, ranges)
            names = [column.name for column in cursor.description or ()]
            for variant, *values in await cursor.fetchall():
                for name, value in zip(names[1:], values, strict=True):
                    setattr(found[variant], name, int(value))
        if run.held_out:
            found[HELD_OUT_KEY] = Numbers(HELD_OUT_KEY, people=run.held_out)
        if goal is not None:
            await _count_goal(conn, run, goal, found)
        for variant, counts in (await _kept(conn, run.id))["variants"].items():
            if variant in found:
                found[variant].raise_to(counts)
    return found


HELD_OUT_KEY = "held_out"
_DROPPED = tuple(one.name for one in fields(Numbers) if one.name not in ("variant", "people", "left_out", "waiting"))
"""Counted from rows that do not stay."""

_SLICES = """
select variant, sum(size + left_out) as people, sum(left_out) as left_out
from campaign_slices where run_id = %(run)s group by variant
"""
_OF_BATCHES = "unnest(%(variants)s::text[], %(firsts)s::uuid[], %(lasts)s::uuid[]) as b (variant, first, last)"
_STATES = f"""
select b.variant,
       count(*) filter (where m.state in ('scheduled', 'queued', 'processing', 'unknown')) as waiting,
       count(*) filter (where m.provider_id is not null or m.credit in ('captured', 'refunded')
                        or m.state in ('sent', 'deferred', 'delivered', 'read', 'bounced', 'undelivered')) as sent,
       count(*) filter (where m.state in ('delivered', 'read')) as delivered,
       count(*) filter (where m.state in ('failed', 'bounced', 'undelivered', 'expired')) as failed,
       count(*) filter (where m.state = 'cancelled') as cancelled,
       count(*) filter (where m.state = 'rejected') as rejected,
       coalesce(sum(m.price) filter (where m.credit = 'captured'), 0) as credits
from {_OF_BATCHES} join messages m on m.uid between b.first and b.last group by b.variant
"""  # noqa: S608 - a constant of ours
_ENGAGED = f"""
select b.variant, count(distinct r.uid) filter (where r.kind in ('opened', 'read')) as opened,
       count(distinct r.uid) filter (where r.kind = 'clicked' and not r.scanner) as clicked,
       count(distinct r.uid) filter (where r.kind = 'unsubscribed') as unsubscribed,
       count(distinct r.uid) filter (where r.kind = 'complained') as complained
from {_OF_BATCHES} join receipts r on r.uid between b.first and b.last group by b.variant
"""  # noqa: S608 - as above
_GOAL = """
select p.part, count(distinct p.contact_id)
from contact_events e join campaign_people p on p.run_id = %(run)s and p.contact_id = e.contact_id
where e.account_id = %(account)s and e.name = %(event)s and e.at >= %(from)s and e.at < %(until)s group by p.part
"""
_LINKS = f"""
select r.url, count(*) as clicks, count(distinct r.uid) as people
from {_OF_BATCHES} join receipts r on r.uid between b.first and b.last
where r.kind = 'clicked' and not r.scanner and r.url is not null
group by r.url order by people desc, r.url limit {MOST_LINKS}
"""  # noqa: S608 - as above


async def _ranges(conn: Connection, run_id: UUID) -> dict[str, Any]:
    cursor = await conn.execute(
        "select variant, batch_id from campaign_slices where run_id = %s and batch_id is not null order by number",
        (run_id,),
    )
    rows = await cursor.fetchall()
    bounds = [batch_range(batch_id) for _, batch_id in rows]
    return {
        "run": run_id,
        "variants": [variant for variant, _ in rows],
        "firsts": [first for first, _ in bounds],
        "lasts": [last for _, last in bounds],
    }


async def _count_goal(conn: Connection, run: Run, goal: Goal, found: dict[str, Numbers]) -> None:
    for numbers in found.values():
        numbers.goal = 0
    if run.started_at is None:
        return
    cursor = await conn.execute("select distinct part, variant from campaign_slices where run_id = %s", (run.id,))
    variants = {HELD_OUT: HELD_OUT_KEY, **dict(await cursor.fetchall())}
    event, within = goal
    cursor = await conn.execute(
        _GOAL,
        {
            "run": run.id,
            "account": run.account_id,
            "event": event,
            "from": run.started_at,
            "until": run.started_at + within,
        },
    )
    for part, reached in await cursor.fetchall():
        if part in variants and variants[part] in found:
            numbers = found[variants[part]]
            numbers.goal = (numbers.goal or 0) + reached


@dataclass(frozen=True, slots=True)
class LinkClicks:
    """A link of a campaign's messages."""

    url: str
    clicks: int
    people: int
    """Messages in which it was followed."""


async def by_link(pool: Pool, run_id: UUID) -> Sequence[LinkClicks]:
    """The links that were followed most."""
    async with long_transaction(pool) as conn:
        cursor = await conn.execute(_LINKS, await _ranges(conn, run_id))
        found = {url: LinkClicks(url, clicks, people) for url, clicks, people in await cursor.fetchall()}
        for one in (await _kept(conn, run_id))["links"]:
            live = found.get(one["url"])
            if live is None or live.people < one["people"]:
                found[one["url"]] = LinkClicks(**one)
    return sorted(found.values(), key=lambda link: (-link.people, link.url))[:MOST_LINKS]


async def _kept(conn: Connection, run_id: UUID) -> dict[str, Any]:
    """What was kept of a run when rows of it were to be dropped."""
    row = await (await conn.execute("select results from campaign_runs where id = %s", (run_id,))).fetchone()
    return row[0] if row and row[0] else {"variants": {}, "links": []}
