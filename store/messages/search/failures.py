"""Failures by their causes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from store.messages.search.filters import CONDITIONS, Filter
from store.messages.search.walks import IN_ORDER
from store.pool import Connections

MOST_COUNTED = 10_000
"""Failures that are read: of more, the latest."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Failures of one channel, gateway and code, and of what had them sent."""

    channel: str
    gateway_id: UUID | None
    """``None``: they were given to none."""
    gateway: str | None
    code: str | None
    automation: str | None
    """Key of the automation that sent them; ``None``: none did."""
    automation_name: str | None
    step: str | None
    """The step of it."""
    lead_source: str | None
    """Key of the source of the leads that they answered; ``None``: they answered none."""
    lead_source_name: str | None
    count: int
    first_at: datetime
    last_at: datetime
    sample: UUID
    """The last of them."""
    recipient: str | None
    """Of the sample; ``None``: it is not kept any more."""
    reason: str | None


@dataclass(frozen=True, slots=True)
class Causes:
    """Failures in a time, the most frequent causes first."""

    causes: list[Cause]
    counted_since: datetime
    """Failures before this were not counted, as there are more than ``MOST_COUNTED``; else the time's beginning."""


# Where each comes from is looked up by its uid, whatever the statistics are.
_COUNT = """
with read as materialized (
    select m.uid, m.account_id, m.channel, m.gateway_id, m.state, m.code, m.at from failures m
    where m.at >= %(since)s and m.at < %(until)s {leading}
    order by m.{order} desc limit %(most)s
), causes as (
    select m.channel, m.gateway_id, m.code, sent.automation, sent.name, sent.step, answered.source_id,
           count(*) as count, min(m.at) as first_at, max(m.at) as last_at, (array_agg(m.uid))[1] as sample
    from read m
    left join lateral (
        select a.id, a.key as automation, a.name, s.step
        from automation_sends s join automation_runs r on r.id = s.run_id join automations a on a.id = r.automation_id
        where s.uid = m.uid offset 0) as sent on true
    left join lateral (select l.source_id from leads l where l.reply_uid = m.uid offset 0) as answered on true
    where {conditions} {tests}
    group by m.channel, m.gateway_id, m.code, sent.id, sent.automation, sent.name, sent.step, answered.source_id
)
select c.channel, c.gateway_id, g.identifier, c.code, c.automation, c.name, c.step,
       (select o.key from lead_sources o where o.id = c.source_id),
       (select o.name from lead_sources o where o.id = c.source_id),
       c.count, c.first_at, c.last_at, c.sample, m.recipient, m.reason,
       (select count(*) from read), (select min(at) from read)
from causes c left join gateways g on g.id = c.gateway_id left join messages m on m.uid = c.sample
order by c.count desc, c.last_at desc limit %(limit)s
"""


async def causes(pool: Connections, wanted: Filter, since: datetime, until: datetime, limit: int) -> Causes:
    """Failures from ``since`` until before ``until``, by the time at which they failed."""
    values: dict[str, Any] = wanted.arguments | {"since": since, "until": until, "limit": limit, "most": MOST_COUNTED}
    # Of one account all its failures are read; among those of all, its own may be few.
    of_account = wanted.account_id is not None
    query = _COUNT.format(
        leading=f"and {CONDITIONS['account_id']}" if of_account else "",
        order="uid" if of_account else "at",
        conditions=" and ".join(CONDITIONS[name] for name in wanted.arguments) or "true",
        tests="and (select t.test from messages t where t.uid = m.uid)" if wanted.tests else "",
    )
    async with pool.connection() as conn, conn.transaction():
        await conn.execute(IN_ORDER)
        rows: Sequence[Any] = await (await conn.execute(query.encode(), values)).fetchall()
    is_cut = bool(rows) and rows[0][-2] == MOST_COUNTED
    return Causes([Cause(*row[:-2]) for row in rows], rows[0][-1] if is_cut else since)
