"""Finding messages that failed, to send them again: how many there are, and some after others, the newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.messages.statuses import State
from store.messages.search.filters import CONDITIONS, Filter
from store.messages.search.walks import EQUALS, IN_ANY_ORDER, IN_ORDER, leading_filter
from store.pool import Connections
from store.schema.old_partitions import attempts_since
from store.schema.partitions import among

MOST_COUNTED = 100_000
"""Failures that are read to count: of more, the newest."""
_MOST_READ = 10_000
"""Failures that are read for the next ones."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Which failures are meant."""

    filter: Filter
    """With the states that are."""
    before: datetime
    """They had failed by then: what fails later is not sent again by the same request."""
    after: datetime | None = None
    """They failed then or later."""

    @property
    def takes_doubtful(self) -> bool:
        """Whether messages are meant that may have been sent."""
        return State.UNKNOWN in self.filter.states


@dataclass(frozen=True, slots=True)
class Count:
    """Failures of an account on a channel."""

    account_id: int
    channel: str
    left_out: str | None
    """Why these are not sent again, as a code; ``None``: they are."""
    messages: int
    credits: int
    """That are held for them, beside those that are held already."""
    available: int
    """What the account has on the channel."""


# Of a table ``failures m``, which has neither recipients nor times of messages.
_CONDITIONS = CONDITIONS | {
    "recipient": "exists (select from messages x where x.uid = m.uid and x.recipient = %(recipient)s)",
}

_DOUBTFUL = "from attempts a where a.uid = m.uid and coalesce(a.outcome, 'unknown') = 'unknown'"
_LEFT_OUT = f"""case
    when m.fallback_uid is not null then 'fallback_sent'
    when m.uid < %(attempts_since)s and m.gateway_id is not null
         and not exists (select from attempts a where a.uid = m.uid) then 'attempts_dropped'
    when m.state = 'expired'
         and (select a.outcome from attempts a where a.uid = m.uid order by a.attempt desc limit 1) = 'accepted'
    then 'may_have_arrived'
    when not %(doubtful)s and m.state not in ('undelivered', 'bounced') and exists (select {_DOUBTFUL})
    then 'answer_lost'
end"""  # noqa: S608 - a constant of ours
"""Why a message ``m`` is not sent again, as a code; null: nothing stands against it."""
_SETTLED = "(m.credit not in ('pending', 'held') or m.state = 'unknown')"
"""Whether the credits of a message ``m`` that failed were returned: its page does that at the end."""

# Each message is looked up by its uid, whatever the statistics are.
_COUNT = f"""
with read as materialized (
    select m.uid, {{fits}} as fits from failures m where {{where}} order by m.uid desc limit %(most)s
), counted as (
    select m.account_id, m.channel, {_LEFT_OUT} as left_out, count(*) as messages,
           coalesce(sum(m.price) filter (where m.state <> 'unknown'), 0) as credits
    from (select uid from read where fits) as r cross join lateral (
        select x.uid, x.account_id, x.channel, x.state, x.price, x.credit, x.fallback_uid, x.gateway_id
        from messages x
        where x.uid = r.uid offset 0) as m
    where {_SETTLED}
    group by 1, 2, 3
)
select c.account_id, c.channel, c.left_out, c.messages, c.credits, coalesce(w.available, 0), (select count(*) from read)
from counted c left join wallets w on w.account_id = c.account_id and w.channel = c.channel
order by 1, 2, 3 nulls first
"""  # noqa: S608 - constants of ours


async def count(store: Connections, wanted: Failed) -> tuple[Sequence[Count], bool]:
    """How many there are; and whether these are all, or there are more than are counted."""
    query = _COUNT.format(fits=_fits(wanted), where=_where(wanted))
    async with store.connection() as conn:
        since = await attempts_since(conn)
    rows = await _read(store, query, _values(wanted, None, MOST_COUNTED) | {"attempts_since": since})
    return [Count(*row[:-1]) for row in rows], not rows or rows[0][-1] < MOST_COUNTED


_NEXT = """
select uid, fits, n from (
    select uid, fits, row_number() over (order by uid desc) as n from (
        select m.uid, {fits} as fits from failures m where {where} order by m.uid desc limit %(most)s
    ) as read
) as numbered where fits or n = %(most)s order by uid desc limit %(limit)s
"""


async def following(
    store: Connections, wanted: Failed, below: UUID | None, limit: int
) -> tuple[Sequence[UUID], UUID | None]:
    """The next ones with smaller uids; and the last one that was read, ``None``: there are no more."""
    query = _NEXT.format(fits=_fits(wanted), where=_where(wanted))
    values = _values(wanted, below, _MOST_READ) | {"limit": limit}
    rows = await _read(store, query, values)
    is_more = bool(rows) and (len(rows) == limit or rows[-1][-1] == _MOST_READ)
    return [uid for uid, fits, _ in rows if fits], rows[-1][0] if is_more else None


async def _read(store: Connections, query: str, values: dict[str, Any]) -> Sequence[Any]:
    """Rows in the order of an index, without a change for what the transaction does else."""
    async with store.connection() as conn, conn.transaction():
        await conn.execute(IN_ORDER)
        rows = await (await conn.execute(query.encode(), values)).fetchall()
        await conn.execute(IN_ANY_ORDER)
        return rows


def _values(wanted: Failed, below: UUID | None, most: int) -> dict[str, Any]:
    first, last = wanted.filter.between(below)
    return wanted.filter.arguments | {
        "first": first,
        "last": last,
        "most": most,
        "failed_before": wanted.before,
        "failed_after": wanted.after,
        "doubtful": wanted.takes_doubtful,
    }


def _where(wanted: Failed) -> str:
    """In which part of an index failures are read."""
    first = leading_filter(wanted.filter, "code", "gateways", "account_id", "states")
    bounds = "m.uid between %(first)s and %(last)s"
    return bounds if first is None else f"{EQUALS[first]} and {bounds}"


def _fits(wanted: Failed) -> str:
    conditions = [_CONDITIONS[name] for name in wanted.filter.arguments]
    conditions.append("m.at < %(failed_before)s")
    if wanted.after is not None:
        conditions.append("m.at >= %(failed_after)s")
    if wanted.filter.tests:
        conditions.append("(select t.test from messages t where t.uid = m.uid)")
    return " and ".join(f"({condition})" for condition in conditions)


@dataclass(frozen=True, slots=True)
class Replayable:
    """A message that failed, locked until the transaction ends."""

    uid: UUID
    account_id: int
    channel: str
    recipient: str
    price: int
    key_id: str | None
    test: bool
    is_unknown: bool
    """Whether it may have arrived: its credits are held already."""
    due: float
    """When it is due (Unix seconds), if that is still to come; else 0."""
    tries: int
    """The number of its last attempt."""
    doubtful_gateway_id: UUID | None
    """Whose answer was lost: only through it the message may be sent again."""
    left_out: str | None
    """Why it is not sent again, as a code; ``None``: nothing of it stands against it."""


_LOCK = f"""
select m.uid, m.account_id, m.channel, m.recipient, m.price, m.key_id, m.test, m.state = 'unknown',
       case when m.schedule_at > clock_timestamp() then extract(epoch from m.schedule_at)::float8 else 0 end,
       coalesce((select max(a.attempt) from attempts a where a.uid = m.uid), 0),
       (select a.gateway_id {_DOUBTFUL} order by a.attempt desc limit 1), {_LEFT_OUT}
from messages m
where m.uid = any(%(uids)s::uuid[]) and m.uid between %(first)s and %(last)s and m.state = any(%(states)s::text[])
  and {_SETTLED}
order by m.uid for update of m
"""  # noqa: S608 - constants of ours


async def lock(store: Connections, wanted: Failed, uids: Sequence[UUID]) -> Sequence[Replayable]:
    """Those of these messages that are still in a state that is meant, in the order of their uids."""
    values = {**among(uids), "states": wanted.filter.arguments["states"], "doubtful": wanted.takes_doubtful}
    async with store.connection() as conn:
        given = values | {"attempts_since": await attempts_since(conn)}
        return [Replayable(*row) for row in await (await conn.execute(_LOCK, given)).fetchall()]
