"""Where contacts inside an automation are, and how long they wait there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from store.pool import Connections

HOURS = (0, 1, 3, 6, 12, *(24 * day for day in range(1, 401)))
"""Bounds by which waits are told apart: what begins with one ends with the next."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Contacts of a version who are at a step."""

    version: int
    step: str | None
    """``None``: they have not begun."""
    hours: int | None
    """For how long they wait there yet, at least: one of ``HOURS``; ``None``: they are about to go on."""
    people: int


@dataclass(frozen=True, slots=True)
class AtWait:
    """A run that waits in a step, with what decides about its clock."""

    id: UUID
    step: str
    since: datetime
    until: datetime
    contact_id: UUID
    time_zone: str | None
    number: str | None


async def standing(store: Connections, automation_id: UUID) -> Sequence[Standing]:
    """All that are inside."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select version, step, width_bucket(extract(epoch from until - clock_timestamp())::float8 / 3600,
                                                  %s::float8[]), count(*)::integer
               from automation_runs where automation_id = %s and ended_at is null group by 1, 2, 3 order by 1, 2, 3""",
            (list(HOURS), automation_id),
        )
        return [
            Standing(version, step, HOURS[bucket - 1] if bucket else None, people)
            for version, step, bucket, people in await cursor.fetchall()
        ]


async def at_waits(
    store: Connections, automation_id: UUID, version: int, steps: Sequence[str], limit: int
) -> Sequence[AtWait]:
    """Runs of a version that wait in one of these steps, and whose time is not over."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(AtWait)) as cursor:
        await cursor.execute(
            """select r.id, r.step, r.since, r.until, r.contact_id, c.time_zone, coalesce(c.phone, c.whatsapp) as number
               from automation_runs r join contacts c on c.id = r.contact_id
               where r.automation_id = %s and r.ended_at is null and r.version = %s and r.step = any(%s)
                 and r.since is not null and r.until > clock_timestamp() limit %s""",
            (automation_id, version, list(steps), limit),
        )
        return await cursor.fetchall()


async def some_numbers(store: Connections, automation_id: UUID, limit: int) -> Sequence[str]:
    """Numbers of some contacts inside."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select coalesce(c.phone, c.whatsapp) from (
                   select contact_id from automation_runs where automation_id = %s and ended_at is null limit %s) as r
               join contacts c on c.id = r.contact_id where coalesce(c.phone, c.whatsapp) is not null""",
            (automation_id, limit),
        )
        return [number for (number,) in await cursor.fetchall()]


async def entered_since(store: Connections, automation_id: UUID, since: datetime) -> int:
    """How many were let in since a moment: ids grow with time."""
    first = UUID(int=int(since.timestamp() * 1000) << 80)
    async with store.connection() as conn:
        row = await (
            await conn.execute(
                "select count(*)::integer from automation_runs where automation_id = %s and id >= %s",
                (automation_id, first),
            )
        ).fetchone()
    assert row is not None
    found: int = row[0]
    return found
