"""Automations whose runs are to be looked at, as something was published or archived.

All that is asked for is done, also after a crash: then some runs are looked at twice, which changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Look:
    """An automation that was published or archived."""

    automation_id: UUID
    steps: list[str] | None
    """Only runs at these; ``None``: all."""
    asked_at: datetime


async def ask(store: Connections, automation_id: UUID, steps: Sequence[str] | None = None) -> None:
    """Have runs of an automation be looked at soon: all, or those at some steps."""
    if steps is not None and not steps:
        return
    async with store.connection() as conn:
        await conn.execute(
            """insert into automation_looks as l (automation_id, steps) values (%s, %s)
               on conflict (automation_id) do update
               set steps = case when l.steps is not null and excluded.steps is not null
                                then array(select unnest(l.steps) union select unnest(excluded.steps)) end,
                   asked_at = clock_timestamp()""",
            (automation_id, None if steps is None else list(steps)),
        )


async def first(store: Connections) -> Look | None:
    """The one that waits longest."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Look)) as cursor:
        await cursor.execute("select automation_id, steps, asked_at from automation_looks order by asked_at limit 1")
        return await cursor.fetchone()


async def done(store: Connections, look: Look) -> None:
    """Its runs were told, unless it was asked for again meanwhile."""
    async with store.connection() as conn:
        await conn.execute(
            "delete from automation_looks where automation_id = %s and asked_at = %s",
            (look.automation_id, look.asked_at),
        )


async def to_look_at(store: Connections, look: Look) -> Sequence[UUID]:
    """The runs that are meant, and that nobody is to look at yet, in the order of their ids."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select id from automation_runs
               where automation_id = %(of)s and ended_at is null and (until is null or until > clock_timestamp())
                 and (%(steps)s::text[] is null or step = any(%(steps)s)) order by id""",
            {"of": look.automation_id, "steps": look.steps},
        )
        return [run_id for (run_id,) in await cursor.fetchall()]


async def look_soon(store: Connections, run_ids: Sequence[UUID]) -> None:
    """Have runs be looked at. One that is due already keeps its place among those that are."""
    async with store.connection() as conn:
        await conn.execute(
            """with chosen as materialized (
                   select id from automation_runs where id = any(%s) and ended_at is null
                     and (until is null or until > clock_timestamp()) order by id for update)
               update automation_runs r set until = clock_timestamp() from chosen where r.id = chosen.id""",
            (list(run_ids),),
        )
