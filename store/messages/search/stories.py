"""What else is known of a message than its state: its batch, its place as a fallback, its credits, its callbacks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from domain.callbacks import EventType, delivery_id
from domain.ids import page_of
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Move:
    """An entry of the journal."""

    kind: str
    amount: int
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Callback:
    """A callback about a message."""

    id: UUID
    callback_id: UUID
    """Its endpoint."""
    url: str
    type: str
    state: str
    tries: int
    last_status: int | None
    last_error: str | None
    occurred_at: datetime
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Story:
    """All that is known besides the message itself."""

    batch: UUID | None
    fallback_of: UUID | None
    journal: list[Move]
    callbacks: list[Callback]


_STATES = [kind for kind in EventType if kind.startswith("message.")]

_ORIGIN = """
select (select b.id from batches b where b.id = batch_of(%(page)s)),
       (select m.uid from messages m where m.fallback_uid = %(uid)s limit 1),
       array(select e.id from callback_endpoints e where e.account_id = %(account)s),
       array(select r.key from receipts r where r.uid = %(uid)s)
"""

_CALLBACKS = """
select d.id, d.endpoint_id as callback_id, e.url, d.type, d.state, d.tries, d.last_status, d.last_error, d.occurred_at,
       d.delivered_at
from callback_deliveries d join callback_endpoints e on e.id = d.endpoint_id
where d.id = any(%s) order by d.occurred_at, d.id
"""


async def read(pool: Connections, uid: UUID, account_id: int) -> Story:
    """The story of an account's message."""
    async with pool.connection() as conn, conn.transaction():
        values = {"uid": uid, "page": page_of(uid), "account": account_id}
        row: Any = await (await conn.execute(_ORIGIN, values)).fetchone()
        batch, fallback_of, endpoints, keys = row
        async with conn.cursor(row_factory=class_row(Move)) as cursor:
            await cursor.execute(
                "select kind, amount, at as occurred_at from journal where uid = %s order by at, attempt, kind", (uid,)
            )
            journal = await cursor.fetchall()
        # Their ids follow from what they are about, so deliveries need no index by message.
        ids = [
            delivery_id(endpoint, kind, uid, key)
            for endpoint in endpoints
            for kind in _STATES
            for key in ("", *map(str, keys))
        ]
        async with conn.cursor(row_factory=class_row(Callback)) as cursor:
            await cursor.execute(_CALLBACKS, (ids,))
            return Story(batch, fallback_of, journal, await cursor.fetchall())
