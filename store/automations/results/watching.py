"""Failures of automations: which are new, of how many somebody was told, and pauses because of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from store.automations.results.counting import LOCK, WINDOW_MINUTES
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Failing:
    """A step at which runs failed since somebody looked."""

    step: str
    failed: int
    """Since its failures are counted."""
    told: int
    """How many there were when somebody was told."""
    lately_failed: int
    """Within ``WINDOW_MINUTES``."""
    lately_passed: int
    """Runs that came through it meanwhile."""
    now: datetime


async def new(store: Connections, limit: int) -> Sequence[UUID]:
    """Automations with failures at which nobody has looked."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            "select distinct automation_id from automation_failures where failed > judged limit %s", (limit,)
        )
        return [automation_id for (automation_id,) in await cursor.fetchall()]


async def look(store: Connections, automation_id: UUID) -> Sequence[Failing]:
    """Steps of an automation with new failures, which have been looked at then. In a transaction that locks it."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Failing)) as cursor:
        await cursor.execute(
            """with looked as (
                   update automation_failures set judged = failed where automation_id = %(of)s and failed > judged
                   returning step, failed, told)
               select l.step, l.failed, l.told, coalesce(sum(m.failed), 0)::bigint as lately_failed,
                      coalesce(sum(m.passed), 0)::bigint as lately_passed, clock_timestamp() as now
               from looked l left join automation_minutes m on m.automation_id = %(of)s and m.step = l.step
                    and m.minute > clock_timestamp() - %(minutes)s * interval '1 minute'
               group by 1, 2, 3 order by l.failed desc, l.step""",
            {"of": automation_id, "minutes": WINDOW_MINUTES},
        )
        return await cursor.fetchall()


async def told(store: Connections, automation_id: UUID, step: str, failed: int) -> None:
    """Somebody was told of so many."""
    async with store.connection() as conn:
        await conn.execute(
            "update automation_failures set told = %s where automation_id = %s and step = %s",
            (failed, automation_id, step),
        )


async def pause(store: Connections, automation_id: UUID, reason: Mapping[str, Any]) -> bool:
    """Pause an automation that is active. Returns whether it was."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """update automations set state = 'paused', paused_for = %s, updated_at = clock_timestamp()
               where id = %s and state = 'active'""",
            (Jsonb(dict(reason)), automation_id),
        )
        if cursor.rowcount == 1:
            await conn.execute("delete from automation_triggers where automation_id = %s", (automation_id,))
        return cursor.rowcount == 1


async def begin_anew(store: Connections, automation_id: UUID) -> None:
    """Count failures from now on: those before are none of what was published or resumed."""
    async with store.connection() as conn:
        await conn.execute("select pg_advisory_xact_lock(%s)", (LOCK,))  # what is folded now would come back after it
        await conn.execute(
            "update automations set watched_since = clock_timestamp(), paused_for = null where id = %s",
            (automation_id,),
        )
        await conn.execute("delete from automation_minutes where automation_id = %s", (automation_id,))
        await conn.execute("delete from automation_failures where automation_id = %s", (automation_id,))
