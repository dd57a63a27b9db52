"""Queues callbacks to customers in the transaction of the event, once per endpoint and event.

The caller wakes the endpoints' workflows afterwards (``services.callbacks.wake``). If it dies in between, they are
woken by the workers' maintenance.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

from domain.callbacks import EventType, Snapshot, delivery_id, encode_data
from domain.messages.statuses import State
from store.pool import Pool
from store.schema.partitions import among

_CHUNK = 1000
"""Messages that are read together."""


@dataclass(frozen=True, slots=True)
class Notice:
    """An event, for those of the account's endpoints that listen to it."""

    account_id: int
    type: str
    """An ``EventType``, or ``TEST_EVENT``."""
    uid: UUID | None
    """The message; ``None``: the event is not about one."""
    at: datetime
    data: Mapping[str, Any] = field(repr=False)
    """As it will be posted: JSON-able, with times and UUIDs, and less than 20 kB."""
    key: str = ""
    """Distinguishes repeated events of a message, such as clicks. The same for a state until the message is replayed:
    it is reported once, whoever finds it out first."""


@dataclass(frozen=True, slots=True)
class _Delivery:
    id: UUID
    endpoint_id: UUID
    notice: Notice


async def listening(conn: AsyncConnection[TupleRow], account_ids: Iterable[int]) -> set[int]:
    """Which of these accounts have an enabled endpoint."""
    cursor = await conn.execute(
        "select distinct account_id from callback_endpoints where account_id = any(%s::bigint[]) and enabled",
        (list(account_ids),),
    )
    return {account_id for (account_id,) in await cursor.fetchall()}


async def queue(conn: AsyncConnection[TupleRow], notices: Sequence[Notice]) -> set[UUID]:
    """Queue deliveries to endpoints. Returns the endpoints with deliveries that have not been tried yet.

    Idempotent: after a crash, when all is queued but no endpoint was woken, it returns them again.
    """
    cursor = await conn.execute(
        "select account_id, id, events from callback_endpoints where account_id = any(%s::bigint[]) and enabled",
        (list({notice.account_id for notice in notices}),),
    )
    endpoints: dict[int, list[tuple[UUID, frozenset[str] | None]]] = {}
    for account_id, endpoint_id, events in await cursor.fetchall():
        endpoints.setdefault(account_id, []).append((endpoint_id, None if events is None else frozenset(events)))
    return await _insert(
        conn,
        [
            _Delivery(delivery_id(endpoint_id, notice.type, notice.uid, notice.key), endpoint_id, notice)
            for notice in notices
            for endpoint_id, events in endpoints.get(notice.account_id, ())
            if _listens(events, notice.type)
        ],
    )


def _listens(events: frozenset[str] | None, type_: str) -> bool:
    return type_ != EventType.AUDIT_EVENT if events is None else type_ in events


async def queue_for(conn: AsyncConnection[TupleRow], endpoint_id: UUID, notice: Notice) -> UUID:
    """Queue a delivery to one endpoint, whatever it listens to. Returns the delivery's id."""
    delivery = _Delivery(delivery_id(endpoint_id, notice.type, notice.uid, notice.key), endpoint_id, notice)
    await _insert(conn, [delivery])
    return delivery.id


_INSERT = """
with queued as (
    insert into callback_deliveries (id, endpoint_id, account_id, type, uid, data, occurred_at)
    select * from unnest(%(ids)s::uuid[], %(endpoints)s::uuid[], %(accounts)s::bigint[], %(types)s::text[],
                         %(uids)s::uuid[], %(data)s::json[], %(times)s::timestamptz[])
    on conflict (id) do nothing returning endpoint_id
)
select endpoint_id from queued
union
select endpoint_id from callback_deliveries where id = any(%(ids)s::uuid[]) and state = 'pending' and tries = 0
"""


async def _insert(conn: AsyncConnection[TupleRow], deliveries: Sequence[_Delivery]) -> set[UUID]:
    if not deliveries:
        return set()
    encoded = {id(delivery.notice): encode_data(delivery.notice.data).decode() for delivery in deliveries}
    cursor = await conn.execute(
        _INSERT,
        {
            "ids": [delivery.id for delivery in deliveries],
            "endpoints": [delivery.endpoint_id for delivery in deliveries],
            "accounts": [delivery.notice.account_id for delivery in deliveries],
            "types": [delivery.notice.type for delivery in deliveries],
            "uids": [delivery.notice.uid for delivery in deliveries],
            "data": [encoded[id(delivery.notice)] for delivery in deliveries],
            "times": [delivery.notice.at for delivery in deliveries],
        },
    )
    return {endpoint_id for (endpoint_id,) in await cursor.fetchall()}


_SNAPSHOT = """
select m.uid, m.account_id, m.channel, m.recipient, m.state, m.receipts, m.code, m.reason, g.identifier as gateway,
       m.provider_id, m.test, m.updated_at as at, coalesce(m.replays, 0) as replays
from messages m left join gateways g on g.id = m.gateway_id
"""
_OF_RANGE = """
where m.uid between %(first)s and %(last)s and m.state not in ('scheduled', 'queued', 'processing')
  and m.account_id in (select account_id from callback_endpoints where enabled)
order by m.uid limit %(limit)s
"""


async def queue_page(pool: Pool, first: UUID, last: UUID) -> set[UUID]:
    """Queue the states of the messages from ``first`` to ``last`` that a gateway accepted, or that have ended.

    Returns the endpoints to wake, as ``queue`` does.
    """
    endpoints: set[UUID] = set()
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Snapshot)) as cursor:
        while True:
            await cursor.execute(_SNAPSHOT + _OF_RANGE, {"first": first, "last": last, "limit": _CHUNK})
            messages = await cursor.fetchall()
            if messages:
                endpoints |= await queue(conn, [state_notice(message) for message in messages])
            if len(messages) < _CHUNK:
                return endpoints
            first = UUID(int=messages[-1].uid.int + 1)


async def queue_states(conn: AsyncConnection[TupleRow], uids: Sequence[UUID]) -> set[UUID]:
    """Queue the new states of these messages, in the transaction that changed them.

    Returns the endpoints to wake, as ``queue`` does.
    """
    endpoints: set[UUID] = set()
    for start in range(0, len(uids), _CHUNK):
        messages = (await snapshots(conn, uids[start : start + _CHUNK])).values()
        accounts = await listening(conn, {message.account_id for message in messages})
        notices = [state_notice(message) for message in messages if message.account_id in accounts]
        if notices:
            endpoints |= await queue(conn, notices)
    return endpoints


async def snapshots(conn: AsyncConnection[TupleRow], uids: Sequence[UUID]) -> dict[UUID, Snapshot]:
    """These messages as they are now."""
    async with conn.cursor(row_factory=class_row(Snapshot)) as cursor:
        await cursor.execute(
            f"{_SNAPSHOT} where m.uid = any(%(uids)s::uuid[]) and m.uid between %(first)s and %(last)s", among(uids)
        )
        return {message.uid: message for message in await cursor.fetchall()}


def event_notice(
    message: Snapshot, kind: str, at: datetime, key: str, url: str | None = None, who: str | None = None
) -> Notice:
    """A notice of a person's action on a message, such as opening it. ``who`` is by default its recipient."""
    data = message.data() | {"at": at, "to": who or message.recipient} | ({"url": url} if url else {})
    return Notice(message.account_id, f"message.{kind}", message.uid, at, data, key)


def state_notice(message: Snapshot) -> Notice:
    """A notice of a message's new state."""
    kind = EventType.of_state(State(message.state))
    assert kind is not None, "only states with an event type are selected"
    key = f"replay {message.replays}" if message.replays else ""
    return Notice(message.account_id, kind, message.uid, message.at, message.data(), key)
