"""Which runs are to be looked at: for an event, at their time, or as somebody asks for it."""

from collections.abc import Sequence
from uuid import UUID

from psycopg.errors import UniqueViolation

from domain.errors import ConflictError
from store.pool import Connections


async def awaiting(store: Connections, account_id: int, contact_id: UUID, name: str) -> Sequence[UUID]:
    """Runs of a contact that an event of this name matters to."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select id from automation_runs
               where account_id = %s and contact_id = %s and ended_at is null and %s = any(awaits)""",
            (account_id, contact_id, name),
        )
        return [run_id for (run_id,) in await cursor.fetchall()]


async def overdue(store: Connections, older_than_seconds: float, limit: int) -> Sequence[UUID]:
    """Runs of active automations that should have gone on, or ended, so long ago."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select r.id from automation_runs r join automations a on a.id = r.automation_id
               where r.ended_at is null and r.until < clock_timestamp() - %s * interval '1 second'
                 and (a.state <> 'paused' or r.to_end is not null)
               order by r.until limit %s""",
            (older_than_seconds, limit),
        )
        return [run_id for (run_id,) in await cursor.fetchall()]


async def unstarted(store: Connections, older_than_seconds: float, limit: int) -> Sequence[UUID]:
    """Runs that no workflow has begun with."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select id from automation_runs where step is null and ended_at is null
                 and entered_at < clock_timestamp() - %s * interval '1 second' order by entered_at limit %s""",
            (older_than_seconds, limit),
        )
        return [run_id for (run_id,) in await cursor.fetchall()]


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
                """update automation_runs set state = 'running', ended_at = null, reason = null, error = null,
                       since = null, until = clock_timestamp() where id = %s and state = 'failed'""",
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
