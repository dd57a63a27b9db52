"""How many messages wait, why, and for how long. What is read is bounded, however many messages there are."""

from dataclasses import dataclass, field
from uuid import UUID

from psycopg.rows import class_row

from store.connection import Connection
from store.pool import Pool
from store.workflow_checks import COLLECTED_AT, LATE

AGES = (5.0, LATE + 10.0)
"""Seconds after which a message is read for whether it is open: few are by then, and once more when a page that was
written late has noted itself. What is open is looked at again until the sweep has noted its page."""
_OPEN = "('scheduled', 'queued', 'processing')"
_PAGES = 5_000
"""Of each kind, the oldest."""
_ROWS = 200_000
"""Messages that one look reads."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Messages that are due and have no outcome, of one lane, for one reason."""

    lane: str
    """``transactional``; ``bulk``: of batches, whose pages are counted as a whole."""
    reason: str
    """``turn``: pages of their batch go before them; ``gateway_paused``, ``sending_paused`` (of all, or of their
    account), ``device``: a phone; ``gateway``: its rate, its answer, or another one."""
    messages: int
    oldest: float
    """For how many seconds the first of them has been due."""


@dataclass
class Recent:
    """What one who looks again and again remembers of messages that were accepted in the last minutes."""

    marks: dict[float, UUID] = field(default_factory=dict)
    """By age, the last one that was read."""
    pages: set[UUID] = field(default_factory=set)
    """With open messages."""


_READ = f"""
with chunk as materialized (
    select uid, state from messages
    where uid > coalesce(%(mark)s, uid_at(now() - {COLLECTED_AT} * interval '1 second'))
      and uid < uid_at(now() - %(age)s * interval '1 second') order by uid limit {_ROWS}
)
select (select uid from chunk order by uid desc limit 1),
       array(select distinct page_of(uid) from chunk where state in {_OPEN})
"""  # noqa: S608 - constants of ours
_STILL_OPEN = f"""
select p.id from unnest(%s::uuid[]) as p (id)
where p.id > uid_at(now() - 2 * {COLLECTED_AT} * interval '1 second')
  and exists (select from messages m where m.uid between p.id and page_end(p.id) and m.state in {_OPEN})
order by p.id limit {_PAGES}
"""  # noqa: S608 - constants of ours
_WAITING = f"""
with batched as (
    select p.page_id, p.size as messages, first.uid, first.credit, first.since, 'bulk' as lane
    from (select page_id, size from batch_pages order by page_id limit {_PAGES}) as p cross join lateral (
        select m.uid, m.credit, greatest(m.schedule_at, m.created_at) as since from messages m
        where m.uid between p.page_id and page_end(p.page_id) and m.state in {_OPEN} order by m.uid limit 1) as first
), noted as (
    (select c.id from workflow_checks c where not exists (select from batches b where b.id = c.id)
         and not exists (select from batch_pages p where p.page_id = c.id) order by c.id limit {_PAGES})
    union
    select r.id from unnest(%(recent)s::uuid[]) as r (id)
    where not exists (select from batch_pages p where p.page_id = r.id)
), single as (
    select n.id as page_id, 1 as messages, m.uid, m.credit, greatest(m.schedule_at, m.created_at) as since,
           'transactional' as lane
    from noted n join messages m on m.uid between n.id and page_end(n.id) and m.state in {_OPEN}
), waits as (
    select w.*, case when w.credit = 'pending' then 'turn'
                     when exists (select from account_waits a where a.page_id = w.page_id) then 'sending_paused'
                     when exists (select from gateway_waits g where g.page_id = w.page_id) then 'gateway_paused'
                     when exists (select from device_messages d where d.uid = w.uid and d.state <> 'ended')
                         then 'device'
                     else 'gateway' end as reason
    from (select * from batched union all select * from single) as w where w.since < clock_timestamp()
)
select lane, reason, sum(messages)::bigint as messages,
       extract(epoch from clock_timestamp() - min(since))::float8 as oldest
from waits group by lane, reason
"""  # noqa: S608 - constants of ours


async def read(pool: Pool, recent: Recent) -> list[Waiting]:
    """What waits now."""
    async with pool.connection() as conn, conn.transaction():
        # A plan made while the tables were small must not read all messages later.
        for kind in ("seqscan", "hashjoin", "mergejoin", "bitmapscan"):
            await conn.execute(f"set local enable_{kind} = off")
        await _look_at_recent(conn, recent)
        async with conn.cursor(row_factory=class_row(Waiting)) as cursor:
            await cursor.execute(_WAITING, {"recent": list(recent.pages)})
            return await cursor.fetchall()


async def _look_at_recent(conn: Connection, recent: Recent) -> None:
    for age in AGES:
        row = await (await conn.execute(_READ, {"mark": recent.marks.get(age), "age": age})).fetchone()
        assert row is not None
        if row[0] is not None:
            recent.marks[age] = row[0]
            recent.pages.update(row[1])
    cursor = await conn.execute(_STILL_OPEN, (list(recent.pages),))
    recent.pages = {page_id for (page_id,) in await cursor.fetchall()}
