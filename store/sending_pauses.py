"""Sending that was paused: of everybody or of one account, on all channels or on one, and the pages that wait."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from domain.errors import NotFoundError
from store.pool import Connections, Pool
from store.waking import AT_A_TIME, NOTED_FOR, Signal, signal_taken


@dataclass(frozen=True, slots=True)
class SendingPause:
    """A pause of sending."""

    id: UUID
    account_id: int | None
    """Whose messages wait; ``None``: everybody's."""
    channel: str | None
    """On which channel; ``None``: on all."""
    reason: str
    paused_by: str
    created_at: datetime
    spares_transactional: bool
    """Whether transactional messages are sent: the reputation guard paused it."""


_COLUMNS = "id, account_id, channel, reason, paused_by, created_at, spares_transactional"

# From pause to pause along the index: every second, however many pages wait.
_TAKE = """
with recursive waited_for as (
    (select pause_id from pause_waits order by pause_id limit 1)
    union all
    select (select w.pause_id from pause_waits w where w.pause_id > before.pause_id order by w.pause_id limit 1)
    from waited_for before where before.pause_id is not null
)
delete from pause_waits where ctid = any(array(
    select w.ctid from waited_for
    join pause_waits w on w.pause_id = waited_for.pause_id
    where not exists (select from sending_pauses p where p.id = waited_for.pause_id)
        and not exists (select from gateway_pauses p where p.id = waited_for.pause_id)
        and w.noted_at < clock_timestamp() - %s * interval '1 second'
    limit %s for update of w skip locked))
returning page_id
"""


async def add(pool: Connections, account_id: int | None, channel: str | None, reason: str, by: str) -> SendingPause:
    """Pause sending. What is paused already gets the new reason."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(SendingPause)) as cursor:
        await cursor.execute(
            f"""insert into sending_pauses (account_id, channel, reason, paused_by) values (%s, %s, %s, %s)
                on conflict (coalesce(account_id, -1), coalesce(channel, '')) do update
                    set reason = excluded.reason, paused_by = excluded.paused_by, spares_transactional = false
                returning {_COLUMNS}""",  # noqa: S608 - a constant of ours
            (account_id, channel, reason, by),
        )
        pause = await cursor.fetchone()
    assert pause is not None
    return pause


async def remove(pool: Connections, account_id: int | None, channel: str | None) -> SendingPause:
    """End a pause.

    Raises:
        NotFoundError: exactly this is not paused.
    """
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(SendingPause)) as cursor:
        await cursor.execute(
            f"""delete from sending_pauses
                where account_id is not distinct from %s and channel is not distinct from %s
                returning {_COLUMNS}""",  # noqa: S608 - a constant of ours
            (account_id, channel),
        )
        pause = await cursor.fetchone()
    if pause is None:
        raise NotFoundError("pause_not_found", "this is not paused: GET /api/admin/v1/pause-sending lists what is")
    return pause


async def all_pauses(pool: Connections) -> list[SendingPause]:
    """All pauses, the oldest first."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(SendingPause)) as cursor:
        await cursor.execute(f"select {_COLUMNS} from sending_pauses order by created_at, id")  # noqa: S608
        return await cursor.fetchall()


async def note(pool: Pool, page_id: UUID, pause_ids: Collection[UUID]) -> None:
    """Note that messages of a page wait until these pauses end. Idempotent."""
    async with pool.connection() as conn:
        await conn.execute(
            """insert into pause_waits (page_id, pause_id) select %s, unnest(%s::uuid[])
               on conflict (pause_id, page_id) do update set noted_at = excluded.noted_at""",
            (page_id, sorted(pause_ids)),
        )


async def signal_resumed(pool: Pool, signal: Signal) -> bool:
    """Signal pages that wait for a pause that has ended, as ``signal_taken`` does."""
    return await signal_taken(pool, _TAKE, (NOTED_FOR, AT_A_TIME), signal)
