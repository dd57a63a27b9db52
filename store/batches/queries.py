"""Listings of batches for the API and the CLI. Each is one bounded index scan."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

from domain.batches.progress import RATE_SECONDS, Tally
from domain.ids import batch_range
from store.messages.search.filters import first_at
from store.pool import Connections, Pool


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch, without the outcomes of its messages."""

    id: UUID
    account_id: int
    email: str
    """Of the account."""
    channel: str
    lane: str
    test: bool
    """Whether its messages only pretend to be sent, by a test key."""
    key_id: str | None
    """The key of all messages, if it demands something."""
    state: str
    total: int
    """Messages."""
    created_at: datetime
    finished_at: datetime | None
    awaits_approval: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """A message of a batch."""

    uid: UUID
    recipient: str
    state: str
    receipts: bool
    """Whether the gateway that accepted it reports deliveries."""
    gateway: str | None
    provider_id: str | None
    code: str | None
    reason: str | None
    price: int
    credit: str
    schedule_at: datetime | None
    updated_at: datetime


_BATCH = """
select b.id, b.account_id, a.email, b.channel, b.lane, b.test, b.key_id, b.state, b.total, b.created_at, b.finished_at,
       exists (select from approvals p where p.batch_id = b.id and p.state = 'pending') as awaits_approval
from batches b join accounts a on a.id = b.account_id
"""


async def find(pool: Connections, batch_id: UUID, account_id: int | None = None) -> Batch | None:
    """A batch; with an account only if it is that account's own."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Batch)) as cursor:
        await cursor.execute(
            f"{_BATCH} where b.id = %(id)s and (%(account)s::bigint is null or b.account_id = %(account)s)",
            {"id": batch_id, "account": account_id},
        )
        return await cursor.fetchone()


async def own(
    pool: Pool,
    account_id: int,
    state: str | None,
    before: UUID | None,
    limit: int,
    *,
    channels: Collection[str] = (),
    tests_only: bool = False,
) -> list[Batch]:
    """An account's batches, newest first; with a state those that are in it, with ``before`` those that are older.

    ``channels``: only those on them; empty: on any. ``tests_only``: only those of test keys.
    """
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Batch)) as cursor:
        await cursor.execute(
            f"""{_BATCH} where b.account_id = %(account)s and b.id < coalesce(%(before)s, {_LAST})
                and (%(state)s::text is null or b.state = %(state)s)
                and (%(channels)s::text[] is null or b.channel = any(%(channels)s)) and (b.test or not %(tests)s)
                order by b.id desc limit %(limit)s""",
            {
                **{"account": account_id, "before": before, "state": state, "limit": limit},
                **{"channels": list(channels) or None, "tests": tests_only},
            },
        )
        return await cursor.fetchall()


@dataclass(frozen=True, slots=True)
class Filter:
    """Which batches are listed; ``None``, and no state: all."""

    account_id: int | None = None
    states: Sequence[str] = ()
    channel: str | None = None
    after: datetime | None = None
    """Accepted then or later."""
    before: datetime | None = None
    """Accepted earlier."""


_CONDITIONS = {
    "account_id": "b.account_id = %(account_id)s",
    "states": "b.state = any(%(states)s::text[])",
    "channel": "b.channel = %(channel)s",
    "after": "b.id >= %(after)s",
    "before": "b.id < %(before)s",
}


async def newest(pool: Connections, wanted: Filter, below: UUID | None, limit: int) -> list[Batch]:
    """Batches of all accounts with smaller ids than ``below``, the newest first."""
    values = {
        "account_id": wanted.account_id,
        "states": list(wanted.states) or None,
        "channel": wanted.channel,
        "after": None if wanted.after is None else first_at(wanted.after),
        "before": None if wanted.before is None else first_at(wanted.before),
    }
    given = {name: value for name, value in values.items() if value is not None}
    conditions = "".join(f" and {_CONDITIONS[name]}" for name in given)
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Batch)) as cursor:
        await cursor.execute(
            f"{_BATCH} where b.id < coalesce(%(below)s, {_LAST}){conditions} order by b.id desc limit %(limit)s",
            given | {"below": below, "limit": limit},
        )
        return await cursor.fetchall()


_LAST = "'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid"

_MESSAGES = """
select m.uid, m.recipient, m.state, m.receipts, g.identifier as gateway, m.provider_id, m.code, m.reason,
       m.price, m.credit, m.schedule_at, m.updated_at
from messages m left join gateways g on g.id = m.gateway_id
where m.uid between %(first)s and %(last)s and m.uid > %(after)s
  and (%(state)s::text is null or m.state = %(state)s)
order by m.uid limit %(limit)s
"""
_NONE = UUID(int=0)


async def messages(pool: Pool, batch_id: UUID, state: str | None, after: UUID | None, limit: int) -> list[Listed]:
    """Messages of a batch by uid; with a state those that are in it, with ``after`` those that follow it."""
    first, last = batch_range(batch_id)
    asked = {"first": first, "last": last, "after": after or _NONE, "state": state, "limit": limit}
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Listed)) as cursor:
        await cursor.execute(_MESSAGES, asked)
        return await cursor.fetchall()


_COUNT = """
select state, credit, count(*), sum(price), min(schedule_at), max(schedule_at),
       min(uid::text) filter (where updated_at > now() - %(lately)s * interval '1 second' and gateway_id is not null),
       max(uid::text) filter (where updated_at > now() - %(lately)s * interval '1 second' and gateway_id is not null)
from messages where uid between %(first)s and %(last)s group by state, credit
"""

# By attempts, because a receipt updates its message again, long after it was sent.
_ANSWERED = """
select now(), count(*), min(ended_at) from attempts
where uid between %(first)s and %(last)s and ended_at > now() - %(lately)s * interval '1 second'
    and outcome in ('accepted', 'refused', 'unknown')
"""


async def tally(pool: Pool, batch_id: UUID) -> Tally:
    """Count a batch's messages: one index scan of their uids, and one of their recent attempts."""
    first, last = batch_range(batch_id)
    async with pool.connection() as conn:
        counted = await _fetch(conn, _COUNT, first, last)
        touched = [(UUID(row[6]), UUID(row[7])) for row in counted if row[6]]
        lowest = min((low for low, _ in touched), default=last)
        highest = max((high for _, high in touched), default=first)
        ((at, answered, first_answer),) = await _fetch(conn, _ANSWERED, lowest, highest)
    counts: dict[str, int] = {}
    amounts = dict.fromkeys(("pending", "held", "captured", "released"), 0)
    for state, credit, number, amount, *_ in counted:
        counts[state] = counts.get(state, 0) + number
        if credit != "free":
            amounts["released" if credit == "refunded" else credit] += amount
    due = [(row[4], row[5]) for row in counted if row[0] == "scheduled"]
    return Tally(
        at=at,
        counts=counts,
        credits=amounts,
        next_due=min((first for first, _ in due), default=None),
        last_due=max((last for _, last in due), default=None),
        answered=answered,
        first_answer=first_answer,
    )


async def _fetch(conn: AsyncConnection[TupleRow], query: str, first: UUID, last: UUID) -> list[TupleRow]:
    cursor = await conn.execute(query, {"first": first, "last": last, "lately": RATE_SECONDS})
    return await cursor.fetchall()
