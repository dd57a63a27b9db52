"""Credits that users ask for, with a proof of payment, and what staff decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from domain.errors import ConflictError, NotFoundError
from store.pool import Connections, Pool, long_transaction

RequestState = Literal["pending", "approved", "rejected"]
MOST_PENDING = 10
"""Requests of an account that wait at a time: it bounds what proofs take up."""

_AT_A_TIME = 200
"""Proofs that are deleted in one transaction."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A file that proves a payment."""

    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class CreditRequest:
    """A request, without the content of its proof."""

    id: int
    account_id: int
    channel: str
    amount: int
    note: str
    proof_type: str | None
    proof_bytes: int | None
    state: RequestState
    granted: int | None
    reason: str
    decided_by: dict[str, Any] | None
    decided_at: datetime | None
    created_at: datetime


_REQUEST = """
select id, account_id, channel, amount, note, proof_type, octet_length(proof) as proof_bytes, state, granted, reason,
       decided_by, decided_at, created_at
from credit_requests
"""


async def add(
    pool: Connections, account_id: int, key: UUID, channel: str, amount: int, note: str, proof: Proof | None
) -> CreditRequest:
    """Add a request, once per ``key``.

    Raises:
        ConflictError: as many of the account wait as may.
    """
    async with pool.connection() as conn, conn.transaction():
        await conn.execute("select from accounts where id = %s for update", (account_id,))  # those who count wait
        cursor = await conn.execute(
            """insert into credit_requests (key, account_id, channel, amount, note, proof, proof_type)
               select %(key)s, %(account)s, %(channel)s, %(amount)s, %(note)s, %(proof)s, %(type)s
               where (select count(*) from credit_requests where account_id = %(account)s and state = 'pending')
                   < %(most)s
               on conflict (key) do nothing""",
            {
                "key": key,
                "account": account_id,
                "channel": channel,
                "amount": amount,
                "note": note,
                "proof": proof and proof.content,
                "type": proof and proof.media_type,
                "most": MOST_PENDING,
            },
        )
        async with conn.cursor(row_factory=class_row(CreditRequest)) as reader:
            await reader.execute(f"{_REQUEST} where key = %s and account_id = %s", (key, account_id))
            found = await reader.fetchone()
    if found is None:
        assert cursor.rowcount == 0
        raise ConflictError("too_many_requests", f"{MOST_PENDING} of your requests wait already: wait for a decision.")
    return found


async def get(pool: Connections, request_id: int, *, lock: bool = False) -> CreditRequest:
    """One request; ``lock``: nobody else decides on it until the transaction ends.

    Raises:
        NotFoundError: there is none of this id.
    """
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(CreditRequest)) as cursor:
        await cursor.execute(f"{_REQUEST} where id = %s{' for update' if lock else ''}", (request_id,))
        found = await cursor.fetchone()
    if found is None:
        raise _unknown(request_id)
    return found


async def proof(pool: Connections, request_id: int) -> Proof | None:
    """The proof of a request, if it has one.

    Raises:
        NotFoundError: there is no such request.
    """
    async with pool.connection() as conn:
        cursor = await conn.execute("select proof, proof_type from credit_requests where id = %s", (request_id,))
        row = await cursor.fetchone()
    if row is None:
        raise _unknown(request_id)
    return None if row[0] is None else Proof(*row)


async def delete_proofs(pool: Pool, days: float) -> None:
    """Delete the proofs of requests that were decided longer ago than this. The requests stay."""
    deleted = _AT_A_TIME
    while deleted == _AT_A_TIME:
        async with long_transaction(pool) as conn:
            cursor = await conn.execute(
                """update credit_requests set proof = null, proof_type = null where id = any(array(
                       select id from credit_requests
                       where proof is not null and decided_at < clock_timestamp() - %s * interval '1 day' limit %s))""",
                (days, _AT_A_TIME),
            )
            deleted = cursor.rowcount


async def decide(
    pool: Connections, request_id: int, granted: int | None, reason: str, by: dict[str, Any]
) -> CreditRequest:
    """Approve a pending request with so many credits, or (``None``) reject it."""
    async with pool.connection() as conn:
        await conn.execute(
            """update credit_requests set state = %s, granted = %s, reason = %s, decided_by = %s, decided_at = now()
               where id = %s and state = 'pending'""",
            ("rejected" if granted is None else "approved", granted, reason, Jsonb(by), request_id),
        )
    return await get(pool, request_id)


async def page(
    pool: Connections, account_id: int | None, states: Sequence[str], channel: str | None, below: int, limit: int
) -> list[CreditRequest]:
    """Requests with smaller ids than ``below``, the newest first; of an account, in some states, on a channel."""
    conditions = ["id < %(below)s"]
    if account_id is not None:
        conditions.append("account_id = %(account)s")
    if states:
        conditions.append("state = any(%(states)s::text[])")
    if channel is not None:
        conditions.append("channel = %(channel)s")
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(CreditRequest)) as cursor:
        await cursor.execute(
            f"{_REQUEST} where {' and '.join(conditions)} order by id desc limit %(limit)s",
            {"account": account_id, "states": list(states), "channel": channel, "below": below, "limit": limit},
        )
        return await cursor.fetchall()


def _unknown(request_id: int) -> NotFoundError:
    return NotFoundError("request_not_found", f"There is no request {request_id}.")
