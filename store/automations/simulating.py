"""What simulations need beside the statements of runs. All of it happens in a transaction that is rolled back."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from store.pool import Connections, InTransaction, Pool


@asynccontextmanager
async def tried(pool: Pool) -> AsyncIterator[InTransaction]:
    """A transaction that is rolled back, whatever happens. It sees nothing that others change meanwhile. It has a
    connection of its own, of the loop in which it is.

    It gives up waiting for a lock before the database looks for deadlocks, so that it never costs others their work.
    """
    async with await pool.own_session() as conn, conn.transaction(force_rollback=True):
        await conn.execute("set transaction isolation level repeatable read")
        await conn.execute("set local lock_timeout = '500ms'")
        yield InTransaction(conn)


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that a step put into the outbox."""

    number: int
    """The step's, in the run."""
    step: str
    letter: dict[str, Any]
    contact: dict[str, Any]


async def take(store: Connections, run_id: UUID) -> Sequence[Taken]:
    """Take the messages of a run out of the outbox."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Taken)) as cursor:
        await cursor.execute(
            """with taken as (delete from automation_outbox where run_id = %s
                              returning run_id, number, letter, contact)
               select t.number, s.step, t.letter, t.contact
               from taken t join automation_sends s on s.run_id = t.run_id and s.number = t.number order by t.number""",
            (run_id,),
        )
        return await cursor.fetchall()


async def refusal(store: Connections, account_id: int, channel: str, recipient: str, purpose: str | None) -> str | None:
    """Why a message may not be sent to an address, as holds find it; ``None``: it may."""
    async with store.connection() as conn:
        row = await (
            await conn.execute(
                """select case when exists (
                       select from suppressions s where s.account_id = %(account)s and s.channel = %(channel)s
                         and recipient_key(s.channel, s.recipient) = recipient_key(%(channel)s, %(recipient)s)
                         and (s.until is null or s.until > clock_timestamp())) then 'suppressed'
                   when (select a.asks_consent from accounts a where a.id = %(account)s)
                       then consent_code(%(account)s, %(channel)s, %(recipient)s, %(purpose)s) end""",
                {"account": account_id, "channel": channel, "recipient": recipient, "purpose": purpose},
            )
        ).fetchone()
    assert row is not None
    found: str | None = row[0]
    return found


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message of a simulation."""

    uid: UUID
    channel: str
    recipient: str
    state: str
    code: str | None
    purpose: str | None


async def add_message(store: Connections, account_id: int, new: NewMessage) -> None:
    """Write a message that costs nothing."""
    async with store.connection() as conn:
        await conn.execute(
            """insert into messages (uid, account_id, channel, recipient, state, code, price, credit, purpose)
               values (%s, %s, %s, %s, %s, %s, 0, 'free', %s)""",
            (new.uid, account_id, new.channel, new.recipient, new.state, new.code, new.purpose),
        )


async def set_state(store: Connections, uid: UUID, state: str, code: str | None = None) -> None:
    """Have a message be in a state."""
    async with store.connection() as conn:
        await conn.execute("update messages set state = %s, code = %s where uid = %s", (state, code, uid))


async def made(
    store: Connections, run_id: UUID, number: int, uid: UUID | None, code: str | None, reason: str | None
) -> None:
    """Note what became of a message of a step."""
    async with store.connection() as conn:
        await conn.execute(
            "update automation_sends set uid = %s, code = %s, reason = %s where run_id = %s and number = %s",
            (uid, code, reason, run_id, number),
        )


async def awaits(store: Connections, run_id: UUID) -> Collection[str]:
    """The events that a run is to be woken for."""
    async with store.connection() as conn:
        row = await (await conn.execute("select awaits from automation_runs where id = %s", (run_id,))).fetchone()
    assert row is not None
    found: list[str] = row[0]
    return found


async def free_addresses(store: Connections, account_id: int, contacts: Collection[UUID]) -> None:
    """Have contacts leave their addresses and ids to somebody new."""
    async with store.connection() as conn:
        await conn.execute(
            """update contacts set external_id = null, email = null, phone = null, whatsapp = null
               where account_id = %s and id = any(%s)""",
            (account_id, list(contacts)),
        )


async def forget_after(store: Connections, account_id: int, contact_id: UUID, at: datetime) -> None:
    """Forget what happened to a contact after a moment: where a simulation begins it has not happened yet."""
    async with store.connection() as conn:
        await conn.execute(
            "delete from contact_events where account_id = %s and contact_id = %s and at > %s",
            (account_id, contact_id, at),
        )


async def put_new_events_at(
    store: Connections, account_id: int, contact_id: UUID, now: datetime, placed: Collection[UUID]
) -> Sequence[UUID]:
    """Give events that this transaction recorded by the real clock a simulated time. Returns them.

    ``placed``: events that have theirs.
    """
    async with store.connection() as conn:
        cursor = await conn.execute(
            """update contact_events set at = %s where account_id = %s and contact_id = %s
                 and at between transaction_timestamp() and clock_timestamp() and source <> all(%s) returning source""",
            (now, account_id, contact_id, list(placed)),
        )
        return [source for (source,) in await cursor.fetchall()]


async def begin_contact_at(store: Connections, contact_id: UUID, at: datetime) -> None:
    """Have a contact that was made for a simulation be as old as it."""
    async with store.connection() as conn:
        await conn.execute("update contacts set created_at = %s, updated_at = %s where id = %s", (at, at, contact_id))


async def events_between(
    store: Connections, account_id: int, contact_id: UUID, after: datetime, until: datetime, limit: int
) -> Sequence[tuple[str, datetime, dict[str, Any], UUID]]:
    """Name, time, data and source of what happened to a contact, the oldest first."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select name, at, data, source from contact_events
               where account_id = %s and contact_id = %s and at > %s and at <= %s order by at, source limit %s""",
            (account_id, contact_id, after, until, limit),
        )
        return await cursor.fetchall()
