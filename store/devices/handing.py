"""Handing messages to phones: what waits, which SIMs may send, and who got what."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.devices.choosing import Group, Sim, Waiting, parts_left
from domain.devices.messages import Offer, Session
from store.connection import Connection
from store.devices.devices import IS_ONLINE
from store.pool import Pool

AT_A_TIME = 200
"""Messages that one round gives out."""
UNIQUE_DAYS = 30
_COUNTED = 5000
"""Messages that wait are counted up to that, for an even spread."""

OFFERED = """m.uid, m.attempt, m.sim, s.slot, m.recipient, m.body, m.parts, m.is_unicode, m.priority, m.created_at,
       m.valid_until, m.handed_at, m.offers, m.is_cancelling"""

DUE_AGAIN = """state = 'handed' and valid_until > clock_timestamp()
    and (is_cancelling and cancel_told_at is null
         or offered_at < clock_timestamp() - interval '1 second' * least(900,
             case when taken_at is null then 30 else 120 end * power(1.5, least(offers, 20))))"""
"""That a message of ``device_messages`` is to be offered again to the phone that has it."""


@dataclass(frozen=True, slots=True)
class Look:
    """What there is for devices."""

    active: frozenset[UUID]
    """Those whose session is still theirs."""
    waiting: bool
    """Whether messages wait for one of their gateways."""
    again: bool
    """Whether any of them has messages that it did not report."""


async def look(pool: Pool, sessions: Sequence[Session]) -> Look:
    """One statement for devices that ask: mostly there is nothing."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select d.id,
                      exists (select from device_messages m where m.gateway_id = d.gateway_id and m.state = 'waiting'),
                      exists (select from device_messages m where m.device_id = d.id and m.state = 'handed')
               from unnest(%s::uuid[], %s::bytea[]) as u (id, session)
               join devices d on d.id = u.id and d.session = u.session and d.state = 'active'""",
            ([one.device_id for one in sessions], [one.digest for one in sessions]),
        )
        rows = await cursor.fetchall()
        return Look(frozenset(row[0] for row in rows), any(row[1] for row in rows), any(row[2] for row in rows))


async def offer_again(pool: Pool, device_ids: Sequence[UUID], limit: int) -> dict[UUID, list[Offer]]:
    """Messages that devices have and did not report for a while, or are to give back.

    A message is offered again after 30 seconds, or two minutes once the phone has said that it has it; each time later,
    up to a quarter of an hour.
    """
    async with pool.connection() as conn:
        cursor = await conn.execute(
            f"""with due as (
                   select uid, attempt from device_messages
                   where device_id = any(%(devices)s) and {DUE_AGAIN}
                   order by handed_at limit %(limit)s for update skip locked
               ), again as (
                   update device_messages m set offered_at = clock_timestamp(), offers = m.offers + 1,
                          cancel_told_at = case when m.is_cancelling then clock_timestamp() end
                   from due where m.uid = due.uid and m.attempt = due.attempt returning m.*
               )
               select m.device_id, {OFFERED} from again m
               join device_sims s on s.device_id = m.device_id and s.uid = m.sim order by m.handed_at""",  # noqa: S608
            {"devices": list(device_ids), "limit": limit},
        )
        return _by_device(await cursor.fetchall())


async def sims_of(conn: Connection, device_ids: Sequence[UUID], only: str | None) -> list[Sim]:
    """The SIMs of devices that may be used, locked, with what they have left. ``only``: those with this uid."""
    cursor = await conn.execute(
        """select s.device_id, s.uid, s.slot, s.country, s.countries, s.gap_min, s.gap_max,
                  extract(epoch from greatest(s.free_at, s.cooling_until) - clock_timestamp())::float8,
                  case when s.hour = date_trunc('hour', clock_timestamp()) then s.hour_used else 0 end,
                  s.per_minute, s.per_hour, s.per_day, s.unique_per_month, used.*,
                  case when s.unique_per_month is not null then (
                      select count(distinct recipient) from sim_uses u where u.device_id = s.device_id and u.sim = s.uid
                          and u.at > clock_timestamp() - %(days)s * interval '1 day') else 0 end,
                  (select count(*) from device_messages m
                   where m.device_id = s.device_id and m.sim = s.uid and m.state = 'handed')
           from device_sims s cross join lateral (
               -- What a phone has had for longer than a minute it may send now.
               select coalesce(sum(parts) filter (where at > clock_timestamp() - interval '1 minute'), 0)::int
                          + coalesce((
                              select sum(m.parts) from device_messages m
                              where m.device_id = s.device_id and m.sim = s.uid and m.state = 'handed'
                                and m.handed_at <= clock_timestamp() - interval '1 minute'), 0)::int,
                      coalesce(sum(parts) filter (where at > clock_timestamp() - interval '1 hour'), 0)::int,
                      coalesce(sum(parts), 0)::int
               from sim_uses u where u.device_id = s.device_id and u.sim = s.uid
                   and u.at > clock_timestamp() - case when s.per_day is not null then interval '1 day'
                       when s.per_hour is not null then interval '1 hour'
                       when s.per_minute is not null then interval '1 minute' else interval '0' end
           ) used
           where s.device_id = any(%(devices)s) and s.enabled and s.deleted_at is null
             and (%(only)s::text is null or s.uid = %(only)s)
           order by s.device_id, s.uid for update of s""",
        {"devices": list(device_ids), "only": only, "days": UNIQUE_DAYS},
    )
    return [_sim(*row) for row in await cursor.fetchall()]


def _sim(
    device_id: UUID,
    uid: str,
    slot: int,
    country: str | None,
    countries: Sequence[str],
    gap_min: float,
    gap_max: float,
    free_in: float | None,
    used: int,
    per_minute: int | None,
    per_hour: int | None,
    per_day: int | None,
    unique: int | None,
    minute: int,
    hour: int,
    day: int,
    recipients: int,
    open_: int,
) -> Sim:
    return Sim(
        device_id,
        uid,
        slot,
        country,
        frozenset(countries),
        (gap_min, max(gap_min, gap_max)),
        -math.inf if free_in is None else free_in,
        parts_left((per_minute, minute), (per_hour, hour), (per_day, day)),
        math.inf if unique is None else unique - recipients,
        used,
        open_,
    )


async def waiting(conn: Connection, gateway_id: UUID, countries: Sequence[str] | None, most: int) -> list[Waiting]:
    """Messages that may be handed out, locked, in their order. ``countries``: only those to these; ``None``: to any.

    What waits behind a paused gateway, a suspended account or a pause of sending stays where it is.
    """
    cursor = await conn.execute(
        """select m.uid, m.attempt, m.country, m.parts, sha256(convert_to(m.recipient, 'UTF8')),
                  extract(epoch from clock_timestamp() - m.created_at)::float8
           from device_messages m
           where m.gateway_id = %(gateway)s and m.state = 'waiting' and m.valid_until > clock_timestamp()
             and (%(countries)s::text[] is null or m.country = any(%(countries)s))
             and exists (select from gateways g where g.id = m.gateway_id and g.enabled and g.mode = 'active')
             and exists (select from accounts a where a.id = m.account_id and a.status = 'active')
             and not exists (
                 select from sending_pauses p where (p.account_id is null or p.account_id = m.account_id)
                     and (p.channel is null or p.channel = 'sms') and (m.priority >= 0 or not p.spares_transactional))
           order by m.priority, m.created_at limit %(most)s for update of m skip locked""",
        {"gateway": gateway_id, "countries": countries, "most": most},
    )
    return [Waiting(*row) for row in await cursor.fetchall()]


async def groups(conn: Connection, gateway_id: UUID) -> list[Group]:
    """The SIMs of a gateway's phones that are online and can send soon, by the countries that they send to."""
    cursor = await conn.execute(
        f"""select s.countries, count(*)::int,
                  sum(case when s.hour = date_trunc('hour', clock_timestamp()) then s.hour_used else 0 end)::int
           from devices d join device_sims s on s.device_id = d.id
           where d.gateway_id = %s and {IS_ONLINE} and s.enabled and s.deleted_at is null
             and greatest(s.free_at, s.cooling_until) <= clock_timestamp() + interval '1 minute'
           group by s.countries""",  # noqa: S608 - a constant of ours
        (gateway_id,),
    )
    return [Group(frozenset(countries), sims, used) for countries, sims, used in await cursor.fetchall()]


async def count_waiting(conn: Connection, gateway_id: UUID) -> dict[str | None, int]:
    """How many messages wait for a gateway's phones, by country; the first thousands are enough."""
    cursor = await conn.execute(
        """select country, count(*)::int from (
               select country from device_messages where gateway_id = %s and state = 'waiting'
               order by priority, created_at limit %s) as first
           group by country""",
        (gateway_id, _COUNTED),
    )
    return dict(await cursor.fetchall())


async def known_recipients(
    conn: Connection, sims: Sequence[Sim], recipients: Sequence[bytes]
) -> set[tuple[UUID, str, bytes]]:
    """Which of these SIMs have written to which of these recipients in the last 30 days."""
    cursor = await conn.execute(
        """select distinct u.device_id, u.sim, u.recipient
           from unnest(%s::uuid[], %s::text[]) as s (device_id, sim)
           join sim_uses u on u.device_id = s.device_id and u.sim = s.sim and u.recipient = any(%s::bytea[])
           where u.at > clock_timestamp() - %s * interval '1 day'""",
        ([sim.device_id for sim in sims], [sim.uid for sim in sims], list(recipients), UNIQUE_DAYS),
    )
    return {(device_id, sim, bytes(recipient)) for device_id, sim, recipient in await cursor.fetchall()}


async def hand(conn: Connection, chosen: Sequence[tuple[Waiting, Sim]], sims: Sequence[Sim]) -> dict[UUID, list[Offer]]:
    """Note who sends what. ``sims``: all that were looked at; those without anything left are out for a while."""
    columns = {
        "uids": [message.uid for message, _ in chosen],
        "attempts": [message.attempt for message, _ in chosen],
        "devices": [sim.device_id for _, sim in chosen],
        "sims": [sim.uid for _, sim in chosen],
        "recipients": [message.recipient for message, _ in chosen],
        "parts": [message.parts for message, _ in chosen],
    }
    cursor = await conn.execute(
        f"""with given as (
               select * from unnest(%(uids)s::uuid[], %(attempts)s::smallint[], %(devices)s::uuid[], %(sims)s::text[],
                                    %(recipients)s::bytea[], %(parts)s::smallint[])
                   as g (uid, attempt, device_id, sim, recipient, parts)
           ), uses as (
               insert into sim_uses (device_id, sim, uid, attempt, parts, recipient)
               select device_id, sim, uid, attempt, parts, recipient from given
           ), handed as (
               update device_messages m set state = 'handed', device_id = g.device_id, sim = g.sim,
                   handed_at = clock_timestamp(), offered_at = clock_timestamp(), offers = 1
               from given g where m.uid = g.uid and m.attempt = g.attempt and m.state = 'waiting' returning m.*
           )
           select m.device_id, {OFFERED} from handed m
           join device_sims s on s.device_id = m.device_id and s.uid = m.sim order by m.priority, m.created_at""",  # noqa: S608
        columns,
    )
    offers = _by_device(await cursor.fetchall())
    await _note_sims(conn, [sim for _, sim in chosen], sims)
    return offers


async def _note_sims(conn: Connection, used: Sequence[Sim], sims: Sequence[Sim]) -> None:
    count: dict[tuple[UUID, str], int] = {}
    for sim in used:
        count[sim.device_id, sim.uid] = count.get((sim.device_id, sim.uid), 0) + 1
    changed = [sim for sim in sims if (sim.device_id, sim.uid) in count or sim.parts_left <= 0]
    await conn.execute(
        """update device_sims s set
               hour_used = g.used
                   + case when s.hour = date_trunc('hour', clock_timestamp()) then s.hour_used else 0 end,
               hour = date_trunc('hour', clock_timestamp()),
               free_at = greatest(s.free_at, clock_timestamp() + g.gap * interval '1 second',
                                  case when g.is_spent then (
                   -- when the oldest of what its caps count is no longer counted
                   select max(cap.at) from (
                       select min(u.at) + interval '1 minute' as at, sum(u.parts) >= s.per_minute as is_spent
                       from sim_uses u where u.device_id = s.device_id and u.sim = s.uid
                           and u.at > clock_timestamp() - interval '1 minute' and s.per_minute is not null
                       union all
                       select min(u.at) + interval '1 hour', sum(u.parts) >= s.per_hour
                       from sim_uses u where u.device_id = s.device_id and u.sim = s.uid
                           and u.at > clock_timestamp() - interval '1 hour' and s.per_hour is not null
                       union all
                       select min(u.at) + interval '1 day', sum(u.parts) >= s.per_day
                       from sim_uses u where u.device_id = s.device_id and u.sim = s.uid
                           and u.at > clock_timestamp() - interval '1 day' and s.per_day is not null
                   ) cap where cap.is_spent) end)
           from unnest(%s::uuid[], %s::text[], %s::int[], %s::float8[], %s::boolean[])
               as g (device_id, uid, used, gap, is_spent)
           where s.device_id = g.device_id and s.uid = g.uid""",
        (
            [sim.device_id for sim in changed],
            [sim.uid for sim in changed],
            [count.get((sim.device_id, sim.uid), 0) for sim in changed],
            [sim.gap_chosen for sim in changed],
            [sim.parts_left <= 0 for sim in changed],
        ),
    )


def _by_device(rows: Sequence[tuple[object, ...]]) -> dict[UUID, list[Offer]]:
    found: dict[UUID, list[Offer]] = {}
    for device_id, *offer in rows:
        found.setdefault(device_id, []).append(Offer(*offer))  # type: ignore[arg-type]
    return found


async def hold_sessions(conn: Connection, sessions: Sequence[Session]) -> set[UUID]:
    """The devices whose sessions these still are: none of them ends before the transaction does."""
    cursor = await conn.execute(
        """select d.id from unnest(%s::uuid[], %s::bytea[]) as u (id, session)
           join devices d on d.id = u.id and d.session = u.session and d.state = 'active' for share of d""",
        ([one.device_id for one in sessions], [one.digest for one in sessions]),
    )
    return {device_id for (device_id,) in await cursor.fetchall()}
