"""Which runs are to be looked at: for an event, at their time, or as somebody asks for it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from psycopg.errors import UniqueViolation

from domain.errors import ConflictError
from store.pool import Connections


async def is_due(store: Connections) -> bool:
    """Whether the time of a run has come."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select until <= clock_timestamp() from automation_runs
               where ended_at is null and until is not null order by until limit 1"""
        )
        row = await cursor.fetchone()
    return row is not None and row[0]


async def wake(store: Connections, happened: Sequence[tuple[int, UUID, str]]) -> None:
    """Have runs be looked at that an event matters to: events with their accounts and contacts.

    The runs are locked before they are read: what one that takes its steps right now will wait for counts, too.
    """
    async with store.connection() as conn:
        await conn.execute(
            """with inside as (
                   select r.id, r.awaits, w.names
                   from (select account_id, contact_id, array_agg(name) as names
                         from unnest(%s::bigint[], %s::uuid[], %s::text[]) as e (account_id, contact_id, name)
                         group by 1, 2) as w
                   join automation_runs r on r.account_id = w.account_id and r.contact_id = w.contact_id
                   where r.ended_at is null order by r.id for update of r)
               update automation_runs r set until = clock_timestamp()
               from inside i where r.id = i.id and i.awaits && i.names""",
            tuple([one[place] for one in happened] for place in range(3)),
        )


async def go_on_now(store: Connections, run_ids: Sequence[UUID]) -> None:
    """Have these runs be looked at."""
    async with store.connection() as conn:
        await conn.execute(
            "update automation_runs set until = clock_timestamp() where id = any(%s) and ended_at is null",
            (list(run_ids),),
        )


async def put_off(store: Connections, run_id: UUID, seconds: float) -> None:
    """Look at a run later than it asks for: it fails by a fault of ours."""
    async with store.connection() as conn:
        await conn.execute(
            """update automation_runs set until = clock_timestamp() + %s * interval '1 second'
               where id = %s and ended_at is null""",
            (seconds, run_id),
        )


async def resume(store: Connections, automation_id: UUID) -> None:
    """Have runs go on that waited for their automation to be resumed, in the order in which they were due.

    Those that are due count, too: one that is looked at right now may be about to be held.
    """
    async with store.connection() as conn:
        await conn.execute(
            """update automation_runs set until = coalesce(held_until, until), held_until = null
               where automation_id = %s and ended_at is null and (until is null or until <= clock_timestamp())
                 and coalesce(held_until, until) is not null""",
            (automation_id,),
        )


async def unstarted(store: Connections, older_than_seconds: float, limit: int) -> Mapping[UUID, datetime]:
    """Runs of which nobody noted that their workflow was started, with when they are due."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select id, coalesce(until, clock_timestamp()) from automation_runs
               where timer_at is null and ended_at is null
                 and entered_at < clock_timestamp() - %s * interval '1 second' order by entered_at limit %s""",
            (older_than_seconds, limit),
        )
        return dict(await cursor.fetchall())


async def note_started(store: Connections, started: Mapping[UUID, datetime]) -> None:
    """Note that the workflows of runs were started, and when each looks at its run."""
    async with store.connection() as conn:
        await conn.execute(
            """with chosen as materialized (
                   select r.id, s.at from unnest(%s::uuid[], %s::timestamptz[]) as s (id, at)
                   join automation_runs r on r.id = s.id where r.timer_at is null order by r.id for update of r)
               update automation_runs r set timer_at = c.at from chosen c where r.id = c.id""",
            (list(started), list(started.values())),
        )


async def ask_to_end(
    store: Connections, account_id: int, contact_id: UUID, key: str | None, but: UUID | None, reason: str
) -> Sequence[UUID]:
    """Have a contact's runs of an automation (``None``: of all) end when they are looked at next. Returns them."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """update automation_runs r set to_end = %(reason)s, until = clock_timestamp()
               from automations a
               where a.id = r.automation_id and r.account_id = %(account)s and r.contact_id = %(contact)s
                 and r.ended_at is null and (%(key)s::text is null or a.key = %(key)s)
                 and (%(but)s::uuid is null or r.id <> %(but)s) returning r.id""",
            {"account": account_id, "contact": contact_id, "key": key, "but": but, "reason": reason},
        )
        return [run_id for (run_id,) in await cursor.fetchall()]


async def reopen(store: Connections, run_id: UUID) -> bool:
    """Have a run that failed go on at its step. Returns whether it had failed.

    Raises:
        ConflictError: the contact has entered again meanwhile.
    """
    try:
        async with store.connection() as conn:
            cursor = await conn.execute(
                """update automation_runs set state = 'running', ended_at = null, timer_at = null, reason = null,
                       error = null,
                       since = null, until = clock_timestamp(), tries = 0, again_at = null
                   where id = %s and state = 'failed'""",
                (run_id,),
            )
            return cursor.rowcount == 1
    except UniqueViolation:
        raise ConflictError("already_inside", "the contact has entered again meanwhile: that run goes on") from None


async def leave(store: Connections, run_id: UUID, reason: str) -> bool:
    """Have a run end when it is looked at next. Returns whether it has not ended."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """update automation_runs set to_end = %s, until = clock_timestamp()
               where id = %s and ended_at is null""",
            (reason, run_id),
        )
        return cursor.rowcount == 1
