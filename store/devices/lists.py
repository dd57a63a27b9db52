"""Devices as their owners look at them: lists, and what each of them does."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from domain.devices.idle import Used
from store.devices.devices import IS_ONLINE
from store.devices.handing import UNIQUE_DAYS
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Listed:
    """A device with what is known of it besides its own row."""

    id: UUID
    account_id: int
    gateway_id: UUID
    gateway: str
    gateway_enabled: bool
    """And not deleted."""
    gateway_mode: str
    protocol: str
    device_uuid: str | None
    name: str
    state: str
    is_online: bool
    android_version: str | None
    app_version: str | None
    health: dict[str, Any]
    clock_skew: float | None
    linked_at: datetime
    seen_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Filter:
    """Which devices. ``None``: all."""

    account_id: int | None = None
    state: str | None = None
    gateway_id: UUID | None = None


_FROM = f"""
select d.id, d.account_id, d.gateway_id, g.identifier as gateway, g.enabled and g.deleted_at is null as gateway_enabled,
       g.mode as gateway_mode, d.protocol, d.device_uuid, d.name, d.state,
       coalesce({IS_ONLINE}, false) as is_online,
       d.android_version, d.app_version, d.health, d.clock_skew, d.linked_at, d.seen_at, d.created_at
from devices d join gateways g on g.id = d.gateway_id
"""  # noqa: S608 - a constant of ours


async def page(store: Connections, wanted: Filter, before: UUID | None, limit: int) -> Sequence[Listed]:
    """Devices, newest first."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Listed)) as cursor:
        await cursor.execute(
            f"""{_FROM}
                where (%(account)s::bigint is null or d.account_id = %(account)s)
                  and (%(state)s::text is null or d.state = %(state)s)
                  and (%(gateway)s::uuid is null or d.gateway_id = %(gateway)s)
                  and (%(before)s::uuid is null or d.id < %(before)s)
                order by d.id desc limit %(limit)s""",
            {
                **{"account": wanted.account_id, "state": wanted.state, "gateway": wanted.gateway_id},
                **{"before": before, "limit": limit},
            },
        )
        return await cursor.fetchall()


async def one(store: Connections, device_id: UUID, account_id: int | None) -> Listed | None:
    """A device of an account (``None``: of any)."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Listed)) as cursor:
        await cursor.execute(
            f"""{_FROM} where d.id = %(id)s and d.account_id = coalesce(%(account)s, d.account_id)""",
            {"id": device_id, "account": account_id},
        )
        return await cursor.fetchone()


async def used(store: Connections, device_ids: Collection[UUID]) -> Mapping[tuple[UUID, str], Used]:
    """What the SIMs of devices have sent, by device and uid."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select s.device_id, s.uid, coalesce(u.minute, 0)::int, coalesce(u.hour, 0)::int, coalesce(u.day, 0)::int,
                      u.recipients::int, nullif(s.free_at, '-infinity'), s.cooling_until, s.cooling_code
               from device_sims s cross join lateral (
                   select sum(parts) filter (where at > clock_timestamp() - interval '1 minute') as minute,
                          sum(parts) filter (where at > clock_timestamp() - interval '1 hour') as hour,
                          sum(parts) filter (where at > clock_timestamp() - interval '1 day') as day,
                          count(distinct recipient) as recipients
                   from sim_uses u where u.device_id = s.device_id and u.sim = s.uid
                       and u.at > clock_timestamp() - %s * interval '1 day'
               ) u
               where s.device_id = any(%s) and s.deleted_at is null""",
            (UNIQUE_DAYS, list(device_ids)),
        )
        return {(device_id, uid): Used(*values) for device_id, uid, *values in await cursor.fetchall()}


@dataclass(frozen=True, slots=True)
class Messages:
    """How many a device has, and how many wait for phones of its gateway, counted up to 10,000."""

    held: int = 0
    waiting: int = 0


async def count_messages(store: Connections, device_ids: Collection[UUID]) -> Mapping[UUID, Messages]:
    """The messages of devices; those of a gateway are counted once for all of its devices."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """with own as (select id, gateway_id from devices where id = any(%s)), waiting as (
                   select g.gateway_id, (select count(*) from (
                       select from device_messages m where m.gateway_id = g.gateway_id and m.state = 'waiting'
                       limit 10000
                   ) as first)::int as messages
                   from (select distinct gateway_id from own) g
               )
               select d.id, (select count(*) from device_messages m
                             where m.device_id = d.id and m.state = 'handed')::int, w.messages
               from own d join waiting w using (gateway_id)""",
            (list(device_ids),),
        )
        return {device_id: Messages(held, waiting) for device_id, held, waiting in await cursor.fetchall()}
