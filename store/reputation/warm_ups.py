"""Warm-ups of gateways and sender domains: their caps, and what is taken of them."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from psycopg.rows import class_row

from domain.reputation.warm_up import LADDERS, Climb, LadderName
from store.pool import Connections, Pool


@dataclass(frozen=True, slots=True)
class Warmed:
    """What is warmed up: a gateway or a sender domain."""

    gateway_id: UUID | None = None
    domain_id: int | None = None


@dataclass(frozen=True, slots=True)
class WarmUp:
    """A warm-up as it stands now."""

    id: UUID
    gateway_id: UUID | None
    domain_id: int | None
    ladder: LadderName
    tier: int
    pinned: bool
    day_cap: int
    hour_cap: int
    since: date
    used_days: int
    last_used: date | None
    sent_today: int
    sent_this_hour: int
    today: date
    channel: str
    owner_id: int
    """Whose gateway or domain it is; 0: the admin's."""

    @property
    def climb(self) -> Climb:
        """Where it stands."""
        return Climb(self.ladder, self.tier, self.pinned, self.since, self.used_days, self.last_used)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a warm-up lets pass."""

    count: int
    """Of the messages that may be held."""
    until: float
    """When there is more for the others, in Unix seconds of the database's clock."""


_DAY = "(clock_timestamp() at time zone 'UTC')::date"
_HOUR = "date_trunc('hour', clock_timestamp(), 'UTC')"
_COLUMNS = f"""id, gateway_id, domain_id, ladder, tier, pinned, day_cap, hour_cap, since, used_days, last_used,
    case when day = {_DAY} then day_taken else 0 end as sent_today,
    case when hour = {_HOUR} then hour_taken else 0 end as sent_this_hour, {_DAY} as today,
    coalesce((select g.channel from gateways g where g.id = gateway_id), 'email') as channel,
    coalesce((select g.account_id from gateways g where g.id = gateway_id),
             (select d.account_id from sender_domains d where d.id = domain_id)) as owner_id"""  # noqa: S608 - constants of ours
_IS_OF = "(gateway_id = %(gateway)s or domain_id = %(domain)s)"


async def of(pool: Connections, what: Warmed) -> WarmUp | None:
    """The warm-up of this; ``None``: it has none."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(WarmUp)) as cursor:
        await cursor.execute(f"select {_COLUMNS} from warm_ups where {_IS_OF}", _named(what))  # noqa: S608 - ours
        return await cursor.fetchone()


async def put(pool: Connections, what: Warmed, ladder: LadderName, tier: int, pinned: bool) -> WarmUp:
    """Begin a warm-up, or change the tier of one; what was sent today still counts."""
    rungs = LADDERS[ladder]
    asked = {**_named(what), "ladder": ladder, "tier": tier, "pinned": pinned}
    key = "gateway_id" if what.gateway_id is not None else "domain_id"
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(WarmUp)) as cursor:
        await cursor.execute(
            f"""insert into warm_ups as w (gateway_id, domain_id, ladder, tier, pinned, day_cap, hour_cap)
                values (%(gateway)s, %(domain)s, %(ladder)s, %(tier)s, %(pinned)s, %(day_cap)s, %(hour_cap)s)
                on conflict ({key}) do update set
                    since = case when w.ladder = excluded.ladder and w.tier = excluded.tier then w.since
                                 else excluded.since end,
                    used_days = case when w.ladder = excluded.ladder and w.tier = excluded.tier then w.used_days
                                     else 0 end,
                    ladder = excluded.ladder, tier = excluded.tier, pinned = excluded.pinned,
                    day_cap = excluded.day_cap, hour_cap = excluded.hour_cap
                returning {_COLUMNS}""",  # noqa: S608 - constants of ours
            {**asked, "day_cap": rungs.day_cap(tier), "hour_cap": rungs.hour_cap(tier)},
        )
        made = await cursor.fetchone()
    assert made is not None
    return made


async def remove(pool: Connections, what: Warmed) -> None:
    """End a warm-up: there is no cap any more. Idempotent."""
    async with pool.connection() as conn:
        await conn.execute(f"delete from warm_ups where {_IS_OF}", _named(what))  # noqa: S608 - ours


# One row, one statement: two pages at once never take the same. What may not be held is counted first.
_TAKE = f"""
with before as (
    select id, day_cap, hour_cap, {_DAY} as today, {_HOUR} as now_hour,
           case when day = {_DAY} then day_taken else 0 end as day_taken,
           case when hour = {_HOUR} then hour_taken else 0 end as hour_taken
    from warm_ups where id = %(id)s for update
), granted as (
    select b.*, %(free)s + greatest(0, least(%(asked)s, b.day_cap - b.day_taken - %(free)s,
                                             b.hour_cap - b.hour_taken - %(free)s)) as count
    from before b
)
update warm_ups w set
    day = g.today, day_taken = g.day_taken + g.count, hour = g.now_hour, hour_taken = g.hour_taken + g.count,
    last_used = case when g.count > 0 then g.today else w.last_used end,
    used_days = w.used_days + case when 2 * (g.day_taken + g.count) >= w.day_cap
                                        and w.used_on is distinct from g.today then 1 else 0 end,
    used_on = case when 2 * (g.day_taken + g.count) >= w.day_cap then g.today else w.used_on end
from granted g where w.id = g.id
returning g.count - %(free)s, extract(epoch from case
    when w.day_taken >= w.day_cap then (g.today + 1)::timestamp at time zone 'UTC'
    else g.now_hour + interval '1 hour' end)::float8
"""  # noqa: S608 - constants of ours


async def take(pool: Pool, warm_up_id: UUID, asked: int, free: int) -> Taken:
    """Count ``free`` messages, which are never held, and take what is left for ``asked`` others.

    A warm-up that was ended meanwhile lets all pass.
    """
    async with pool.connection() as conn:
        row = await (await conn.execute(_TAKE, {"id": warm_up_id, "asked": asked, "free": free})).fetchone()
    return Taken(asked, 0.0) if row is None else Taken(*row)


async def give_back(pool: Pool, warm_up_id: UUID, count: int) -> None:
    """Give back what was taken for messages that were not sent; of an earlier hour or day nothing is left to give."""
    async with pool.connection() as conn:
        await conn.execute(
            f"""update warm_ups set
                    day_taken = greatest(0, day_taken - case when day = {_DAY} then %(count)s else 0 end),
                    hour_taken = greatest(0, hour_taken - case when hour = {_HOUR} then %(count)s else 0 end)
                where id = %(id)s""",  # noqa: S608 - constants of ours
            {"id": warm_up_id, "count": count},
        )


async def to_judge(conn: Connections, limit: int) -> list[WarmUp]:
    """Those whose tier is to be judged today, or that the guard holds above the lowest one; locked."""
    async with conn.connection() as ours, ours.cursor(row_factory=class_row(WarmUp)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from warm_ups w
                where judged_on < {_DAY}
                    or tier > 0 and not pinned
                       and exists (select from gateway_pauses p where p.gateway_id = w.gateway_id)
                order by id limit %s for update skip locked""",  # noqa: S608 - constants of ours
            (limit,),
        )
        return await cursor.fetchall()


async def judged(conn: Connections, warm_up: WarmUp, tier: int) -> None:
    """Note the tier from today on."""
    rungs = LADDERS[warm_up.ladder]
    async with conn.connection() as ours:
        await ours.execute(
            f"""update warm_ups set judged_on = {_DAY}, tier = %(tier)s, day_cap = %(day)s, hour_cap = %(hour)s,
                    since = case when tier = %(tier)s then since else {_DAY} end,
                    used_days = case when tier = %(tier)s then used_days else 0 end
                where id = %(id)s""",  # noqa: S608 - constants of ours
            {"id": warm_up.id, "tier": tier, "day": rungs.day_cap(tier), "hour": rungs.hour_cap(tier)},
        )


async def of_owner(pool: Connections, account_id: int) -> list[WarmUp]:
    """The warm-ups of an account's own gateways and domains, the oldest first."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(WarmUp)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from warm_ups
                where gateway_id in (select g.id from gateways g where g.account_id = %(id)s and g.deleted_at is null)
                    or domain_id in (select d.id from sender_domains d where d.account_id = %(id)s)
                order by created_at, id""",  # noqa: S608 - constants of ours
            {"id": account_id},
        )
        return await cursor.fetchall()


def _named(what: Warmed) -> dict[str, object]:
    return {"gateway": what.gateway_id, "domain": what.domain_id}
