"""What steps tell somebody, until it is gathered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from store.pool import Connections

GATHERED = 300.0
"""Seconds between two times at which an automation tells somebody: what comes meanwhile is told together."""
LISTED = 10
"""Messages that are told; of the others only how many there were."""
_AT_A_TIME = 100


@dataclass(frozen=True, slots=True)
class Note:
    """What a step tells."""

    id: UUID
    automation_id: UUID
    account_id: int
    kind: str
    """``owner``, ``email`` or ``callback``."""
    address: str
    """Of the kind ``email``."""
    step: str
    message: str


@dataclass(frozen=True, slots=True)
class Listener:
    """Somebody whom an automation tells something."""

    automation_id: UUID
    kind: str
    address: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """What somebody is told together."""

    account_id: int
    step: str
    """Of the first."""
    count: int
    messages: list[str]
    """The first ones."""
    now: datetime


async def put(store: Connections, notes: Sequence[Note]) -> None:
    """Have these be told soon, each once."""
    async with store.connection() as conn:
        await conn.execute(
            """insert into automation_told (id, automation_id, account_id, kind, address, step, message)
               select * from unnest(%s::uuid[], %s::uuid[], %s::bigint[], %s::text[], %s::text[], %s::text[],
                                    %s::text[])
               on conflict do nothing""",
            tuple(
                [getattr(note, name) for note in notes]
                for name in ("id", "automation_id", "account_id", "kind", "address", "step", "message")
            ),
        )


async def due(store: Connections) -> Sequence[Listener]:
    """Whom something waits for that may be told now: read by its index, however much waits."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Listener)) as cursor:
        await cursor.execute(
            """with recursive l as (
                   (select automation_id, kind, address from automation_told
                    order by automation_id, kind, address limit 1)
                   union all
                   select n.automation_id, n.kind, n.address from l cross join lateral (
                       select t.automation_id, t.kind, t.address from automation_told t
                       where (t.automation_id, t.kind, t.address) > (l.automation_id, l.kind, l.address)
                       order by t.automation_id, t.kind, t.address limit 1) n)
               select l.automation_id, l.kind, l.address
               from l left join automation_told_turns t using (automation_id, kind, address)
               where t.next_at is null or t.next_at <= clock_timestamp() limit %s""",
            (_AT_A_TIME,),
        )
        return await cursor.fetchall()


async def gather(store: Connections, listener: Listener) -> Gathered | None:
    """Take all that waits for somebody, in the transaction in which it is told; ``None``: another one did."""
    of = {"automation": listener.automation_id, "kind": listener.kind, "address": listener.address}
    async with store.connection() as conn:
        cursor = await conn.execute(
            """insert into automation_told_turns as t (automation_id, kind, address, next_at)
               values (%(automation)s, %(kind)s, %(address)s, clock_timestamp() + %(pause)s * interval '1 second')
               on conflict (automation_id, kind, address) do update set next_at = excluded.next_at
               where t.next_at <= clock_timestamp()""",
            of | {"pause": GATHERED},
        )
        if cursor.rowcount == 0:
            return None
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Gathered)) as found:
        await found.execute(
            """with gone as (
                   delete from automation_told
                   where automation_id = %(automation)s and kind = %(kind)s and address = %(address)s
                   returning account_id, step, message, at, id)
               select min(account_id) as account_id, (array_agg(step order by at, id))[1] as step,
                      count(*)::integer as count, (array_agg(message order by at, id))[1:%(listed)s] as messages,
                      clock_timestamp() as now
               from gone having count(*) > 0""",
            of | {"listed": LISTED},
        )
        return await found.fetchone()
