"""Requests of runs: written with their step, made beside it, and kept until the step has taken the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from store.pool import Connections, Pool

_MOST_PLACES = 2_000
_AT_A_TIME = 1_000

Place = tuple[int, str]
"""An account, and a host that it calls."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that is to be made."""

    run_id: UUID
    number: int
    """The step's, in the run."""
    account_id: int
    host: str
    request: dict[str, Any]
    is_wanted: bool = True
    """Whether its run goes on."""


@dataclass(frozen=True, slots=True)
class New:
    """A request of a step."""

    run_id: UUID
    number: int
    account_id: int
    host: str
    request: dict[str, Any]


async def put(store: Connections, new: Sequence[New]) -> None:
    """Have requests be made soon."""
    async with store.connection() as conn:
        await conn.execute(
            """insert into automation_calls (run_id, number, account_id, host, request)
               select * from unnest(%s::uuid[], %s::integer[], %s::bigint[], %s::text[], %s::jsonb[])
               on conflict do nothing""",
            (
                *([one.run_id for one in new], [one.number for one in new], [one.account_id for one in new]),
                *([one.host for one in new], [Jsonb(one.request) for one in new]),
            ),
        )


async def of_runs(store: Connections, run_ids: Sequence[UUID]) -> dict[tuple[UUID, int], dict[str, Any] | None]:
    """Requests of runs, by run and number of the step, with the answers that have come."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            "select run_id, number, answer from automation_calls where run_id = any(%s)", (list(run_ids),)
        )
        return {(run_id, number): answer for run_id, number, answer in await cursor.fetchall()}


async def forget(store: Connections, taken: Sequence[tuple[UUID, int]]) -> None:
    """Steps have taken the answers to these."""
    async with store.connection() as conn:
        await conn.execute(
            """delete from automation_calls c using unnest(%s::uuid[], %s::integer[]) as t (run_id, number)
               where c.run_id = t.run_id and c.number = t.number""",
            ([run_id for run_id, _ in taken], [number for _, number in taken]),
        )


async def places(store: Connections) -> Sequence[Place]:
    """Where requests are due, each account and host once: read by its index, however many requests there are."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """with recursive p as (
                   (select account_id, host from automation_calls where answer is null
                    order by account_id, host limit 1)
                   union all
                   select n.account_id, n.host from p cross join lateral (
                       select c.account_id, c.host from automation_calls c
                       where c.answer is null and (c.account_id, c.host) > (p.account_id, p.host)
                       order by c.account_id, c.host limit 1) n)
               select p.account_id, p.host from p where exists (
                   select from automation_calls c where c.answer is null and c.account_id = p.account_id
                     and c.host = p.host and c.due_at <= clock_timestamp())
               limit %s""",
            (_MOST_PLACES,),
        )
        return await cursor.fetchall()


async def claim(store: Connections, wanted: Mapping[Place, int], seconds: float) -> Sequence[Waiting]:
    """Take so many requests of each place, the oldest: for ``seconds``, and what they may take, nobody else does."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Waiting)) as cursor:
        await cursor.execute(
            """with taken as materialized (
                   select c.run_id, c.number
                   from unnest(%(accounts)s::bigint[], %(hosts)s::text[], %(most)s::integer[])
                        as w (account_id, host, most)
                   cross join lateral (
                       select o.run_id, o.number from automation_calls o
                       where o.answer is null and o.account_id = w.account_id and o.host = w.host
                         and o.due_at <= clock_timestamp()
                       order by o.due_at limit w.most for update skip locked) c)
               update automation_calls c set due_at = clock_timestamp()
                   + (%(seconds)s + (c.request ->> 'seconds')::float) * interval '1 second'
               from taken t join automation_runs r on r.id = t.run_id
               where c.run_id = t.run_id and c.number = t.number
               returning c.run_id, c.number, c.account_id, c.host, c.request, r.ended_at is null as is_wanted""",
            {
                "accounts": [account_id for account_id, _ in wanted],
                "hosts": [host for _, host in wanted],
                "most": list(wanted.values()),
                "seconds": seconds,
            },
        )
        return await cursor.fetchall()


async def answer(store: Connections, run_id: UUID, number: int, answer: Mapping[str, Any]) -> None:
    """Note what came of a request, for its step. The first answer counts."""
    async with store.connection() as conn:
        await conn.execute(
            "update automation_calls set answer = %s where run_id = %s and number = %s and answer is null",
            (Jsonb(dict(answer)), run_id, number),
        )


async def delete_ended(pool: Pool) -> None:
    """Delete requests of runs that have ended."""
    deleted = _AT_A_TIME
    while deleted == _AT_A_TIME:
        async with pool.connection() as conn:
            cursor = await conn.execute(
                """delete from automation_calls where (run_id, number) in (
                       select c.run_id, c.number from automation_calls c join automation_runs r on r.id = c.run_id
                       where r.ended_at is not null limit %s)""",
                (_AT_A_TIME,),
            )
            deleted = cursor.rowcount
