"""Automations whose runs are to be looked at, as something was published or archived.

All that is asked for is done, also after a crash: then some runs are looked at twice, which changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Look:
    """An automation that was published or archived."""

    automation_id: UUID
    steps: list[str] | None
    """Only runs at these, and those that move to another version; ``None``: all."""
    asked_at: datetime


async def ask(store: Connections, automation_id: UUID, steps: Sequence[str] | None = None) -> None:
    """Have runs of an automation be looked at soon: all, or those at some steps and those that move."""
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


async def to_look_at(store: Connections, look: Look, moving: Sequence[int]) -> Sequence[UUID]:
    """The runs that are meant, and that nobody is to look at yet, in the order of their ids.

    ``moving``: versions whose runs move to another one.
    """
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select id from automation_runs
               where automation_id = %(of)s and ended_at is null and (until is null or until > clock_timestamp())
                 and (%(steps)s::text[] is null or step = any(%(steps)s) or version = any(%(moving)s)) order by id""",
            {"of": look.automation_id, "steps": look.steps, "moving": list(moving)},
        )
        return [run_id for (run_id,) in await cursor.fetchall()]


async def below(store: Connections, automation_id: UUID) -> Sequence[int]:
    """Versions with runs that are older than the newest one that runs move to, the oldest first."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select distinct r.version from automation_runs r join automations a on a.id = r.automation_id
               where r.automation_id = %s and r.ended_at is null and r.version < a.moves_to order by r.version""",
            (automation_id,),
        )
        return [version for (version,) in await cursor.fetchall()]


async def waiting_at(store: Connections, automation_id: UUID, version: int, steps: Sequence[str]) -> Sequence[UUID]:
    """Runs of a version that wait at one of these steps, in the order of their ids."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select id from automation_runs
               where automation_id = %s and ended_at is null and version = %s and state = 'waiting' and step = any(%s)
               order by id""",
            (automation_id, version, list(steps)),
        )
        return [run_id for (run_id,) in await cursor.fetchall()]


async def carry(
    store: Connections,
    run_ids: Sequence[UUID],
    version: int,
    steps: Sequence[str],
    to: int,
    new_vars: Mapping[str, Any],
) -> None:
    """Have runs that still wait there be in another version, with what it adds to their ``vars``."""
    async with store.connection() as conn:
        await conn.execute(
            """with chosen as materialized (
                   select id from automation_runs
                   where id = any(%s) and version = %s and step = any(%s) and state = 'waiting' and ended_at is null
                   order by id for update)
               update automation_runs r set version = %s, vars = %s || r.vars from chosen where r.id = chosen.id""",
            (list(run_ids), version, list(steps), to, Jsonb(dict(new_vars))),
        )


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
