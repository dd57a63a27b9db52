"""Messages that wait for a phone or are with one, as their pages see them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from store.devices.devices import IS_ONLINE
from store.devices.pokes import poke_devices, poke_gateways
from store.pool import Connections, Pool
from store.schema.partitions import among


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message that is to wait for a phone."""

    uid: UUID
    attempt: int
    gateway_id: UUID
    priority: int
    recipient: str
    country: str | None
    body: str
    parts: int
    is_unicode: bool
    valid_hours: float
    give_back_after: float | None
    """Seconds; 0: it is not even put while no phone is online."""


_PUT = f"""
with new as (
    select * from unnest(%(uids)s::uuid[], %(attempts)s::smallint[], %(gateways)s::uuid[], %(priorities)s::smallint[],
        %(recipients)s::text[], %(countries)s::text[], %(bodies)s::text[], %(parts)s::smallint[],
        %(unicodes)s::boolean[], %(hours)s::float8[], %(backs)s::float8[])
        as n (uid, attempt, gateway_id, priority, recipient, country, body, parts, is_unicode, hours, back)
), fit as (
    select * from new where back is distinct from 0
        or exists (select from devices d where d.gateway_id = new.gateway_id and {IS_ONLINE})
), put as (
    insert into device_messages (uid, attempt, gateway_id, account_id, priority, recipient, country, body, parts,
                                 is_unicode, give_back_at, valid_until)
    select uid, attempt, gateway_id,
           coalesce((select account_id from messages m where m.uid = fit.uid and m.uid between %(first)s and %(last)s),
                    (select account_id from gateways g where g.id = fit.gateway_id)),
           priority, recipient, country, body, parts, is_unicode,
           clock_timestamp() + nullif(back, 0) * interval '1 second', clock_timestamp() + hours * interval '1 hour'
    from fit on conflict (uid, attempt) do nothing
)
select uid from fit
"""  # noqa: S608 - a constant of ours


async def put(pool: Pool, new: Sequence[NewMessage]) -> set[UUID]:
    """Have messages wait for phones of their gateways. Idempotent.

    Returns those that wait, or did before: of the others no phone is online.
    """
    async with pool.connection() as conn, conn.transaction():
        cursor = await conn.execute(
            _PUT,
            {
                **among([one.uid for one in new]),
                "attempts": [one.attempt for one in new],
                "gateways": [one.gateway_id for one in new],
                "priorities": [one.priority for one in new],
                "recipients": [one.recipient for one in new],
                "countries": [one.country for one in new],
                "bodies": [one.body for one in new],
                "parts": [one.parts for one in new],
                "unicodes": [one.is_unicode for one in new],
                "hours": [one.valid_hours for one in new],
                "backs": [one.give_back_after for one in new],
            },
        )
        found = {uid for (uid,) in await cursor.fetchall()}
        await poke_gateways(conn, {one.gateway_id for one in new if one.uid in found})
        return found


@dataclass(frozen=True, slots=True)
class Recalled:
    """What became of messages that were to be taken back."""

    withdrawn: set[UUID]
    """No phone had them, and none will get them."""
    asked: set[UUID]
    """A phone has them; it was asked to give them back."""


async def recall(pool: Pool, attempts: Mapping[UUID, int], *, ask: bool) -> Recalled:
    """Take back messages (uid → attempt) that wait for a phone. ``ask``: also those that phones have, if these can.

    Idempotent: what was taken back leaves nothing, and so is found to be taken back again.
    """
    async with pool.connection() as conn, conn.transaction():
        cursor = await conn.execute(
            """with asked as (
                   select * from unnest(%(uids)s::uuid[], %(attempts)s::smallint[]) as a (uid, attempt)
               ), own as (
                   select m.uid, m.attempt, m.state from device_messages m join asked using (uid, attempt)
                   order by uid, attempt for update of m
               ), withdrawn as (
                   delete from device_messages m using own
                   where m.uid = own.uid and m.attempt = own.attempt and own.state = 'waiting'
               ), unsent as (
                   delete from attempts a using asked
                   where a.uid = asked.uid and a.attempt = asked.attempt and a.outcome is null
                     and a.uid between %(first)s and %(last)s
                     and not exists (select from own where own.uid = asked.uid and own.state <> 'waiting')
               ), recalled as (
                   update device_messages m set is_cancelling = true
                   from own where m.uid = own.uid and m.attempt = own.attempt and own.state = 'handed' and %(ask)s
                   returning m.uid, m.device_id
               )
               select asked.uid, recalled.device_id, coalesce(own.state = 'waiting', true)
               from asked left join own using (uid) left join recalled using (uid)""",
            {**among(list(attempts)), "attempts": list(attempts.values()), "ask": ask},
        )
        rows = await cursor.fetchall()
        await poke_devices(conn, {device_id for _, device_id, _ in rows if device_id})
        return Recalled({uid for uid, _, is_free in rows if is_free}, {uid for uid, device_id, _ in rows if device_id})


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of an attempt by a phone."""

    outcome: str
    code: str
    reason: str
    retry_after: float
    on_unknown: str | None
    """What the sender wants then; ``None``: as the gateway."""


async def ended_of(pool: Pool, uids: Mapping[UUID, int]) -> dict[UUID, Ended]:
    """Of these attempts (uid → attempt), those that have ended."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select m.uid, m.outcome, coalesce(m.code, ''), coalesce(m.reason, ''), coalesce(m.retry_after, 0),
                      (select on_unknown from messages s where s.uid = m.uid and s.uid between %(first)s and %(last)s)
               from unnest(%(uids)s::uuid[], %(attempts)s::smallint[]) as u (uid, attempt)
               join device_messages m on m.uid = u.uid and m.attempt = u.attempt
               where m.state = 'ended'""",
            {**among(list(uids)), "attempts": list(uids.values())},
        )
        return {uid: Ended(*found) for uid, *found in await cursor.fetchall()}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message that is not sent yet is."""

    account_id: int | None
    """Whose phones they are."""
    device_id: UUID | None
    device: str | None
    sim: str | None
    sim_label: str | None
    handed_at: datetime | None
    valid_until: datetime
    is_cancelling: bool


async def place_of(pool: Connections, uid: UUID) -> Place | None:
    """Where a message is that waits for a phone or is with one; ``None``: neither."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select (select account_id from gateways g where g.id = m.gateway_id), m.device_id,
                      d.name, m.sim, s.label, m.handed_at, m.valid_until, m.is_cancelling
               from device_messages m left join devices d on d.id = m.device_id
               left join device_sims s on s.device_id = m.device_id and s.uid = m.sim
               where m.uid = %s and m.state <> 'ended' order by m.attempt desc limit 1""",
            (uid,),
        )
        row = await cursor.fetchone()
        return Place(*row) if row else None
