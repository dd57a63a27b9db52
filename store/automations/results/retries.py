"""Failed runs that are tried again, some at a time: what is asked for, and how far it has come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from store.automations.results.failed_runs import Page
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Retry:
    """Failed runs that go on at their steps."""

    id: UUID
    automation_id: UUID
    account_id: int
    wanted: dict[str, Any]
    """Which, as it was asked for."""
    state: str
    """``running``, ``done``, ``stopped``."""
    last: UUID | None
    """The run looked at last."""
    total: int
    """How many there were when it began, or as many as were wanted."""
    retried: int
    left_out: int
    """Their contacts have entered again."""
    actor: dict[str, Any]
    created_at: datetime
    ended_at: datetime | None


_COLUMNS = (
    """id, automation_id, account_id, wanted, state, last, total, retried, left_out, actor, created_at, ended_at"""
)


async def add(
    store: Connections,
    id_: UUID,
    automation_id: UUID,
    account_id: int,
    wanted: Mapping[str, Any],
    total: int,
    actor: Mapping[str, Any],
) -> Retry:
    """Begin one."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Retry)) as cursor:
        await cursor.execute(
            f"""insert into automation_retries (id, automation_id, account_id, wanted, total, actor)
                values (%s, %s, %s, %s, %s, %s) returning {_COLUMNS}""",  # noqa: S608 - a constant of ours
            (id_, automation_id, account_id, Jsonb(dict(wanted)), total, Jsonb(dict(actor))),
        )
        made = await cursor.fetchone()
    assert made is not None
    return made


async def find(store: Connections, automation_id: UUID, id_: UUID) -> Retry | None:
    """One of an automation."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Retry)) as cursor:
        await cursor.execute(
            f"select {_COLUMNS} from automation_retries where id = %s and automation_id = %s",  # noqa: S608
            (id_, automation_id),
        )
        return await cursor.fetchone()


async def of_id(store: Connections, id_: UUID) -> Retry | None:
    """One, whosever it is."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Retry)) as cursor:
        await cursor.execute(f"select {_COLUMNS} from automation_retries where id = %s", (id_,))  # noqa: S608
        return await cursor.fetchone()


async def page(store: Connections, automation_id: UUID, before: UUID | None, limit: int) -> Sequence[Retry]:
    """Those of an automation, the newest first."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Retry)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from automation_retries
                where automation_id = %(of)s and (%(before)s::uuid is null or id < %(before)s)
                order by id desc limit %(limit)s""",  # noqa: S608 - a constant of ours
            {"of": automation_id, "before": before, "limit": limit},
        )
        return await cursor.fetchall()


async def take(store: Connections, but: Sequence[UUID]) -> Retry | None:
    """One that goes on, locked until the transaction ends; none that another process has, or one of ``but``."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Retry)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from automation_retries where state = 'running' and id <> all(%s::uuid[])
                order by id limit 1 for update skip locked""",  # noqa: S608 - a constant of ours
            (list(but),),
        )
        return await cursor.fetchone()


async def note(store: Connections, id_: UUID, done: Page, *, is_over: bool) -> None:
    """Some were looked at."""
    async with store.connection() as conn:
        await conn.execute(
            """update automation_retries set retried = retried + %(retried)s, left_out = left_out + %(left_out)s,
                   last = coalesce(%(last)s, last), state = case when %(over)s then 'done' else state end,
                   ended_at = case when %(over)s then clock_timestamp() end where id = %(id)s""",
            {"retried": done.retried, "left_out": done.left_out, "last": done.last, "over": is_over, "id": id_},
        )


async def stop(store: Connections, id_: UUID) -> bool:
    """Try no further ones. Returns whether it went on."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """update automation_retries set state = 'stopped', ended_at = clock_timestamp()
               where id = %s and state = 'running'""",
            (id_,),
        )
        return cursor.rowcount == 1
