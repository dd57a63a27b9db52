"""Plans: credits, limits and gateways of accounts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from domain.channels import Channel
from domain.errors import ConflictError, InvalidError, NotFoundError
from store.accounts.account_lists import containing
from store.accounts.credits import LARGEST_AMOUNT
from store.pool import Connections

MOST_RATES = 2_000
DEAREST = 100_000
"""The most credits for one part, recipient or message."""

Count = Annotated[int, Field(ge=0, le=LARGEST_AMOUNT)]


class Allowance(BaseModel):
    """What a plan gives on one channel."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    credits: Count = 0
    """Granted when the plan is assigned, and whenever it is renewed."""
    daily_limit: Count | None = None
    """Messages per day, in the account's time zone, without those that were not sent; ``None``: no limit."""
    carry_over: Count | None = None
    """How many of the plan's credits that are left stay when it is renewed; ``None``: all, 0: none."""


class PlanRate(BaseModel):
    """What messages of a kind cost. The longest prefix decides, then the category; without a rate it is 1 credit."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    channel: Channel
    prefix: Annotated[str, Field(pattern=r"^\+[1-9][0-9]{0,14}$")] | None = None
    """The beginning of the recipient's number; ``None``: any."""
    category: Literal["marketing", "utility", "authentication", "service"] | None = None
    """Of WhatsApp messages, as their senders declare it; ``None``: any."""
    credits: Annotated[int, Field(ge=0, le=DEAREST)]
    """For each part of an SMS, each recipient of an email, each WhatsApp message."""

    @field_validator("prefix")
    @classmethod
    def _has_numbers(cls, prefix: str | None, info: ValidationInfo) -> str | None:
        if prefix is not None and info.data.get("channel") is Channel.EMAIL:
            raise PydanticCustomError("rate_prefix", "email addresses have no prefix: leave it out")
        return prefix

    @field_validator("category")
    @classmethod
    def _has_categories(cls, category: str | None, info: ValidationInfo) -> str | None:
        if category is not None and info.data.get("channel") in (Channel.EMAIL, Channel.SMS):
            raise PydanticCustomError("rate_category", "only WhatsApp messages have categories: leave it out")
        return category


class NewPlan(BaseModel):
    """A plan to be created."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
    price_cents: Count = 0
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    period: Literal["day", "week", "month", "year", "forever"] = "month"
    """How long an assignment lasts until it is renewed."""
    own_gateways: bool = True
    """Whether its accounts may send through gateways of their own."""
    rate_class: Literal["standard", "high", "unlimited"] = "unlimited"
    channels: dict[Channel, Allowance] = {}
    gateways: list[str] = []
    """Identifiers of gateways of the admin that its accounts may use."""
    rates: Annotated[list[PlanRate], Field(max_length=MOST_RATES)] = []
    allowed_countries: Annotated[list[str], Field(max_length=300)] = []
    """Whose numbers its accounts may send to, of those that the install allows; empty: all of them."""

    @field_validator("allowed_countries")
    @classmethod
    def _are_countries(cls, countries: list[str]) -> list[str]:
        from domain.recipients import is_region  # slow to import

        wanted = sorted({country.upper() for country in countries})
        if wrong := [country for country in wanted if not is_region(country)]:
            raise PydanticCustomError("country", "there is no country {name}: use its two letters", {"name": wrong[0]})
        return wanted


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as it is stored."""

    id: int
    name: str
    price_cents: int
    currency: str
    period: str
    own_gateways: bool
    rate_class: str
    channels: dict[str, dict[str, int | None]]
    """By channel: ``credits``, ``daily_limit`` and ``carry_over``."""
    gateways: list[str]
    rates: list[dict[str, Any]]
    """Fields of ``PlanRate``."""
    allowed_countries: list[str]
    created_at: datetime
    is_in_file: bool
    """Whether a settings file keeps it."""


_PLAN = """
select p.id, p.name, p.price_cents, p.currency, p.period, p.own_gateways, p.rate_class, p.created_at, p.rates,
       coalesce(p.allowed_countries, '{}') as allowed_countries,
       exists (select from applied_objects o where o.kind = 'plan' and o.object_id = p.id::text) as is_in_file,
       coalesce((select jsonb_object_agg(
                     c.channel, jsonb_build_object('credits', c.credits, 'daily_limit', c.daily_limit,
                                                   'carry_over', c.carry_over))
                 from plan_channels c where c.plan_id = p.id), '{}') as channels,
       array(select distinct g.identifier from plan_gateways pg join gateways g on g.id = pg.gateway_id
             where pg.plan_id = p.id order by 1) as gateways
from plans p
"""


async def create(pool: Connections, new: NewPlan) -> Plan:
    """Create a plan.

    Raises:
        ConflictError: there is a plan of this name.
        InvalidError: the admin has no gateway of one of the identifiers.
    """
    async with pool.connection() as conn, conn.transaction():
        plan_id = await _insert(conn, new)
        await _allow(conn, plan_id, new.channels)
        await _grant_gateways(conn, plan_id, new.gateways)
    return await get(pool, new.name)


async def update(pool: Connections, plan_id: int, new: NewPlan, *, keep_gateways: bool) -> None:
    """Change a plan to what ``new`` has; ``keep_gateways``: but for its gateways.

    Raises:
        ConflictError, InvalidError: as in ``create``.
    """
    async with pool.connection() as conn, conn.transaction():
        await _rewrite(conn, plan_id, new)
        await conn.execute("delete from plan_channels where plan_id = %s", (plan_id,))
        await _allow(conn, plan_id, new.channels)
        if not keep_gateways:
            await _grant_gateways(conn, plan_id, new.gateways)
            await conn.execute(
                """delete from plan_gateways pg using gateways g
                   where pg.plan_id = %s and g.id = pg.gateway_id and g.identifier <> all(%s::text[])""",
                (plan_id, new.gateways),
            )


async def delete(pool: Connections, plan_id: int) -> None:
    """Delete a plan that nobody has or will get. Deleted accounts keep theirs, as they can be restored.

    Raises:
        ConflictError: somebody has it.
    """
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select id || case status when 'deleted' then ' (deleted)' else '' end from accounts
               where plan_id = %(plan)s or id in (select account_id from plan_changes where plan_id = %(plan)s)
               order by id limit 3""",
            {"plan": plan_id},
        )
        if users := [user for (user,) in await cursor.fetchall()]:
            raise _in_use(", ".join(users))
        try:
            async with conn.transaction():
                await conn.execute("delete from plans where id = %s", (plan_id,))
        except psycopg.errors.ForeignKeyViolation:
            raise _in_use("some that just got it") from None


def _in_use(users: str) -> ConflictError:
    return ConflictError("plan_in_use", f"Users have this plan: {users}. Give them another one first.")


async def _insert(conn: AsyncConnection[Any], new: NewPlan) -> int:
    try:
        cursor = await conn.execute(
            """insert into plans
                   (name, price_cents, currency, period, own_gateways, rate_class, rates, allowed_countries)
               values (%s, %s, %s, %s, %s, %s, %s, %s) returning id""",
            _values(new),
        )
    except psycopg.errors.UniqueViolation:
        raise _exists(new.name) from None
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def _rewrite(conn: AsyncConnection[Any], plan_id: int, new: NewPlan) -> None:
    try:
        await conn.execute(
            """update plans set name = %s, price_cents = %s, currency = %s, period = %s, own_gateways = %s,
                   rate_class = %s, rates = %s, allowed_countries = %s where id = %s""",
            (*_values(new), plan_id),
        )
    except psycopg.errors.UniqueViolation:
        raise _exists(new.name) from None


def _values(new: NewPlan) -> tuple[Any, ...]:
    rates = Jsonb([rate.model_dump(mode="json") for rate in new.rates])
    fields = (new.name, new.price_cents, new.currency, new.period, new.own_gateways, new.rate_class)
    return *fields, rates, new.allowed_countries or None


def _exists(name: str) -> ConflictError:
    return ConflictError("plan_exists", f"There is a plan {name} already: choose another name.")


async def _allow(conn: AsyncConnection[Any], plan_id: int, channels: Mapping[Channel, Allowance]) -> None:
    await conn.execute(
        """insert into plan_channels (plan_id, channel, credits, daily_limit, carry_over)
           select %s, * from unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[])""",
        (
            plan_id,
            list(channels),
            [allowance.credits for allowance in channels.values()],
            [allowance.daily_limit for allowance in channels.values()],
            [allowance.carry_over for allowance in channels.values()],
        ),
    )


async def _grant_gateways(conn: AsyncConnection[Any], plan_id: int, identifiers: list[str]) -> None:
    """An identifier stands for the admin's gateways of this name on every channel."""
    cursor = await conn.execute(
        """with wanted as (
               select g.id, g.identifier from gateways g
               where g.account_id = 0 and g.deleted_at is null and g.identifier = any(%s::text[])
               for key share
           ), granted as (
               insert into plan_gateways (plan_id, gateway_id) select %s, id from wanted on conflict do nothing)
           select distinct identifier from wanted""",
        (identifiers, plan_id),
    )
    found = {identifier for (identifier,) in await cursor.fetchall()}
    if unknown := sorted(set(identifiers) - found):
        raise InvalidError("gateway_not_found", f"The admin has no gateway {', '.join(unknown)}.", "/gateways")


async def get(pool: Connections, name: str) -> Plan:
    """The plan of this name.

    Raises:
        NotFoundError: there is none.
    """
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Plan)) as cursor:
        await cursor.execute(f"{_PLAN} where p.name = %s", (name,))
        return _found(await cursor.fetchone(), name)


async def find(pool: Connections, wanted: int | str) -> Plan:
    """The plan of this id or name. A number is an id first.

    Raises:
        NotFoundError: there is none.
    """
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Plan)) as cursor:
        await cursor.execute(
            f"{_PLAN} where p.id = %(id)s or p.name = %(name)s order by (p.id = %(id)s) is true desc limit 1",
            {"id": _id_in(wanted), "name": str(wanted)},
        )
        return _found(await cursor.fetchone(), wanted)


async def lock(pool: Connections, plan_id: int) -> Plan:
    """One plan; nobody else changes, deletes or assigns it until the transaction ends.

    Raises:
        NotFoundError: there is none of this id.
    """
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Plan)) as cursor:
        await cursor.execute("select from plans where id = %s for update", (plan_id,))
        await cursor.execute(f"{_PLAN} where p.id = %s", (plan_id,))
        return _found(await cursor.fetchone(), plan_id)


def _found(plan: Plan | None, wanted: int | str) -> Plan:
    if plan is None:
        raise NotFoundError("plan_not_found", f"There is no plan {wanted}.")
    return plan


async def name_of(pool: Connections, wanted: int | str) -> str:
    """The name of a plan, given by its id or its name.

    Raises:
        NotFoundError: there is none.
    """
    return (await find(pool, wanted)).name


def _id_in(wanted: int | str) -> int | None:
    return wanted if isinstance(wanted, int) and wanted < 2**63 else None


async def page(pool: Connections, text: str | None, below: int, limit: int) -> list[Plan]:
    """Plans with smaller ids than ``below``, the newest first; ``text`` is a part of their names."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Plan)) as cursor:
        await cursor.execute(
            f"""{_PLAN} where p.id < %(below)s and (%(text)s::text is null or p.name ilike %(text)s)
                order by p.id desc limit %(limit)s""",
            {"below": below, "text": containing(text), "limit": limit},
        )
        return await cursor.fetchall()


async def list_plans(pool: Connections, *, lock: bool = False) -> list[Plan]:
    """All plans, by name; ``lock`` as in ``lock``."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Plan)) as cursor:
        if lock:
            await cursor.execute("select from plans order by id for update")
        await cursor.execute(f"{_PLAN} order by p.name")
        return await cursor.fetchall()


async def delete_old_usage(pool: Connections, days: int) -> None:
    """Delete the counts for daily limits of days more than ``days`` ago."""
    async with pool.connection() as conn:
        await conn.execute("delete from daily_usage where day < current_date - %s::integer", (days,))


async def allow_own_gateways(pool: Connections, account_id: int) -> bool:
    """Whether an account may have gateways of its own. Its row is locked until the transaction ends."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select coalesce((select p.own_gateways from plans p where p.id = a.plan_id), true)
               from accounts a where a.id = %s for no key update of a""",
            (account_id,),
        )
        row = await cursor.fetchone()
        return bool(row and row[0])
