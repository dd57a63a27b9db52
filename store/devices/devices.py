"""Phones that are paired with a gateway, and their sessions."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import class_row

from domain.devices.messages import Session
from store.pool import Connections

SEEN_EVERY = 20.0
"""Seconds: how exactly it is known when a device called last."""
_ONLINE_SECONDS = 75
"""A device counts as online for so long after it called last: a long-poll takes up to 25 seconds, and what is noted
may be ``SEEN_EVERY`` old."""
IS_ONLINE = f"d.state = 'active' and d.seen_at > clock_timestamp() - interval '{_ONLINE_SECONDS} seconds'"
"""That the device ``d`` is online."""


@dataclass(frozen=True, slots=True)
class Device:
    """A phone, without what is secret of it."""

    id: UUID
    account_id: int
    gateway_id: UUID
    protocol: str
    device_uuid: str | None
    name: str
    state: str
    """``active``, ``logged_out``, ``revoked``."""
    journal: str | None = field(repr=False)
    android_version: str | None
    app_version: str | None
    health: dict[str, Any]
    clock_skew: float | None
    settings: int
    linked_at: datetime
    seen_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """How a device is linked: all of it is new with each pairing."""

    gateway_id: UUID
    protocol: str
    device_uuid: str | None
    name: str
    session: bytes = field(repr=False)
    """SHA-256 of the session's token."""
    journal: str | None = None
    sealed: bytes | None = field(default=None, repr=False)
    """Secrets of its protocol (``sealing``)."""
    inbound: bytes | None = field(default=None, repr=False)
    """SHA-256 of the secret in the address of its webhooks."""
    android_version: str | None = None
    app_version: str | None = None


_COLUMNS = """d.id, d.account_id, d.gateway_id, d.protocol, d.device_uuid, d.name, d.state, d.journal,
    d.android_version, d.app_version, d.health, d.clock_skew, d.settings, d.linked_at, d.seen_at, d.created_at,
    d.updated_at"""
_FROM = f"select {_COLUMNS} from devices d "  # noqa: S608 - a constant

_AUTHENTICATE = """
with found as materialized (
    select d.id, d.gateway_id, d.account_id, d.protocol, d.name, d.session, d.seen_at
    from devices d join accounts a on a.id = d.account_id
    where d.session = %(digest)s and d.protocol = %(protocol)s and d.state = 'active' and a.status <> 'deleted'
), due as (
    -- Whoever has locked the row, such as a pairing, is not waited for.
    select d.id from devices d join found f on f.id = d.id
    where f.seen_at is null or f.seen_at < clock_timestamp() - %(every)s * interval '1 second'
    for no key update of d skip locked
), seen as (
    update devices d set seen_at = clock_timestamp() from due where d.id = due.id
)
select id as device_id, gateway_id, account_id, protocol, name, session as digest from found
"""


async def authenticate(store: Connections, digest: bytes, protocol: str) -> Session | None:
    """The device whose session has a token of this digest, and note that it called."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Session)) as cursor:
        await cursor.execute(_AUTHENTICATE, {"digest": digest, "protocol": protocol, "every": SEEN_EVERY})
        return await cursor.fetchone()


async def find(store: Connections, device_id: UUID, account_id: int | None, *, lock: bool = False) -> Device | None:
    """A device of an account (``None``: of any); ``lock``: nobody else changes it until the transaction ends."""
    which: LiteralString = "where d.id = %s and d.account_id = coalesce(%s, d.account_id)"
    return await _one(store, which + (" for no key update" if lock else ""), (device_id, account_id))


async def lock_named(store: Connections, account_id: int, device_uuid: str) -> Device | None:
    """The device of an account that calls itself so; nobody else changes it until the transaction ends."""
    which: LiteralString = "where d.account_id = %s and d.device_uuid = %s for no key update"
    return await _one(store, which, (account_id, device_uuid))


async def add(store: Connections, device_id: UUID, account_id: int, link: Link) -> bool:
    """Add a device. ``False``: another one calls itself so."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """insert into devices (id, account_id, gateway_id, protocol, device_uuid, name)
               values (%s, %s, %s, %s, %s, %s)
               on conflict (account_id, device_uuid) where device_uuid is not null do nothing""",
            (device_id, account_id, link.gateway_id, link.protocol, link.device_uuid, link.name),
        )
        return cursor.rowcount == 1


async def link(store: Connections, device_id: UUID, new: Link) -> Device:
    """Begin a session of a device; the one that it had is over."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Device)) as cursor:
        await cursor.execute(
            f"""update devices d
                set gateway_id = %s, protocol = %s, device_uuid = %s, name = %s, state = 'active', session = %s,
                    journal = %s, sealed = %s, inbound = %s, android_version = coalesce(%s, android_version),
                    app_version = coalesce(%s, app_version), linked_at = clock_timestamp(),
                    seen_at = clock_timestamp(), updated_at = clock_timestamp()
                where d.id = %s returning {_COLUMNS}""",  # noqa: S608 - a constant
            (
                *(new.gateway_id, new.protocol, new.device_uuid, new.name, new.session, new.journal),
                *(new.sealed, new.inbound, new.android_version, new.app_version, device_id),
            ),
        )
        row = await cursor.fetchone()
    assert row is not None
    return row


async def end_session(store: Connections, device_id: UUID, state: str) -> None:
    """End the session of a device that has logged out or is revoked, and what works with it."""
    async with store.connection() as conn:
        await conn.execute(
            """update devices set state = %s, session = null, sealed = null, inbound = null,
                   journal = case when %s = 'revoked' then null else journal end, updated_at = clock_timestamp()
               where id = %s""",
            (state, state, device_id),
        )


async def lock_by_session(store: Connections, digest: bytes) -> UUID | None:
    """The device whose session this is, locked; ``None``: it is no device's any more."""
    async with store.connection() as conn:
        cursor = await conn.execute("select id from devices where session = %s for no key update", (digest,))
        row = await cursor.fetchone()
    return row[0] if row else None


async def rename(store: Connections, device_id: UUID, name: str) -> None:
    """Give a device another name."""
    async with store.connection() as conn:
        await conn.execute(
            "update devices set name = %s, updated_at = clock_timestamp() where id = %s", (name, device_id)
        )


async def _one(store: Connections, which: LiteralString, values: tuple[object, ...]) -> Device | None:
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Device)) as cursor:
        await cursor.execute(_FROM + which, values)
        return await cursor.fetchone()
