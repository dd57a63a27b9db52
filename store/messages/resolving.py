"""Resolving by hand a message whose outcome is ``unknown``."""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.access.actors import Actor
from domain.errors import ConflictError, NotFoundError
from store.access import audit
from store.callbacks import callbacks
from store.pool import Pool

As = Literal["sent", "failed", "resend"]

_ACTION = "message.resolved"

CODE = "resolved"
"""Code of a message whose outcome was decided by hand."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A message after it was resolved."""

    uid: UUID
    state: str
    credit: str
    endpoints: set[UUID]
    """Customers' endpoints to wake."""


async def settle(pool: Pool, uid: UUID, outcome: Literal["sent", "failed"], reason: str, actor: Actor) -> Resolved:
    """Resolve a message as sent or failed. Idempotent.

    Raises:
        NotFoundError: there is no such message.
        ConflictError: its outcome is known.
    """
    async with pool.connection() as conn, conn.transaction():
        state, code, credit = await _lock(conn, uid)
        if (state, code) == (outcome, CODE):
            return Resolved(uid, state, credit, set())
        _must_be_unknown(uid, state)
        await conn.execute(
            "update messages set state = %s, code = %s, reason = %s, updated_at = clock_timestamp() where uid = %s",
            (outcome, CODE, reason or f"resolved as {outcome} by an operator", uid),
        )
        await conn.execute("select settle_page(%s, %s)", (uid, uid))
        endpoints = await callbacks.queue_states(conn, [uid])
        _, _, credit = await _lock(conn, uid)
        await _audit(conn, actor, uid, reason, {"as": outcome})
        return Resolved(uid, outcome, credit, endpoints)


@dataclass(frozen=True, slots=True)
class Resend:
    """A message that is to be sent again."""

    resolved: Resolved
    attempt: int
    """The number of its next attempt: at most one is made under it."""
    is_repeat: bool
    """Whether it was requested before."""


async def begin_resend(pool: Pool, uid: UUID, reason: str, actor: Actor) -> Resend:
    """Note that a message is to be sent again. It stays ``unknown`` until then. Idempotent.

    Raises:
        NotFoundError: there is no such message.
        ConflictError: its outcome is known.
    """
    async with pool.connection() as conn, conn.transaction():
        resolved = await _unknown(conn, uid)
        row = await (await conn.execute("select max(attempt) from attempts where uid = %s", (uid,))).fetchone()
        attempt = 1 + ((row and row[0]) or 0)
        is_repeat = (await _latest(conn, uid)).get("attempt") == attempt
        # Not to be ended as too old while it is being resent.
        await conn.execute("update messages set updated_at = clock_timestamp() where uid = %s", (uid,))
        if not is_repeat:
            await _audit(conn, actor, uid, reason, {"as": "resend", "attempt": attempt})
        return Resend(resolved, attempt, is_repeat)


async def being_resent(pool: Pool, uid: UUID) -> Resolved | None:
    """The message, if it is to be sent again and that has no outcome yet.

    Raises:
        NotFoundError: there is no such message.
        ConflictError: its outcome is known.
    """
    async with pool.connection() as conn, conn.transaction():
        resolved = await _unknown(conn, uid)
        before = await _latest(conn, uid)
        if before.get("as") != "resend":
            return None
        cursor = await conn.execute(
            "select from attempts where uid = %s and attempt >= %s and outcome is not null", (uid, before["attempt"])
        )
        return None if cursor.rowcount else resolved


async def _latest(conn: AsyncConnection[TupleRow], uid: UUID) -> dict[str, Any]:
    """How it was resolved last; empty: never."""
    event = await audit.latest(conn, _ACTION, _target(uid))
    return event.event["metadata"] if event else {}


async def _audit(
    conn: AsyncConnection[TupleRow], actor: Actor, uid: UUID, reason: str, how: dict[str, str | int]
) -> None:
    await audit.append(conn, audit.NewEvent(_ACTION, actor, [_target(uid)], reason=reason, metadata=how))


def _target(uid: UUID) -> audit.Target:
    return audit.Target("message", str(uid))


async def _unknown(conn: AsyncConnection[TupleRow], uid: UUID) -> Resolved:
    state, _, credit = await _lock(conn, uid)
    _must_be_unknown(uid, state)
    return Resolved(uid, state, credit, set())


async def _lock(conn: AsyncConnection[TupleRow], uid: UUID) -> tuple[str, str | None, str]:
    cursor = await conn.execute("select state, code, credit from messages where uid = %s for update", (uid,))
    row = await cursor.fetchone()
    if row is None:
        raise NotFoundError("message_not_found", f"There is no message {uid}.")
    state, code, credit = row
    return state, code, credit


def _must_be_unknown(uid: UUID, state: str) -> None:
    if state != "unknown":
        message = f"The message {uid} is {state}: only one whose state is unknown is resolved."
        raise ConflictError("not_unknown", message)
