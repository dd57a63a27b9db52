"""Plans: credits, limits and gateways of accounts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import class_row
from pydantic import BaseModel, ConfigDict, Field

from domain.channels import Channel
from domain.errors import ConflictError, InvalidError, NotFoundError
from store.accounts.credits import LARGEST_AMOUNT
from store.pool import Connections

Count = Annotated[int, Field(ge=0, le=LARGEST_AMOUNT)]


class Allowance(BaseModel):
    """What a plan gives on one channel."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    credits: Count = 0
    """Granted when the plan is assigned, and whenever it is renewed."""
    daily_limit: Count | None = None
    """Messages per day, in the account's time zone, without those that were not sent; ``None``: no limit."""


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
    """By channel: ``credits`` and ``daily_limit``."""
    gateways: list[str]
    created_at: datetime


_PLAN = """
select p.id, p.name, p.price_cents, p.currency, p.period, p.own_gateways, p.rate_class, p.created_at,
       coalesce((select jsonb_object_agg(
                     c.channel, jsonb_build_object('credits', c.credits, 'daily_limit', c.daily_limit))
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
        await conn.execute(
            """insert into plan_channels (plan_id, channel, credits, daily_limit)
               select %s, * from unnest(%s::text[], %s::bigint[], %s::bigint[])""",
            (
                plan_id,
                list(new.channels),
                [allowance.credits for allowance in new.channels.values()],
                [allowance.daily_limit for allowance in new.channels.values()],
            ),
        )
        await _grant_gateways(conn, plan_id, new.gateways)
    return await get(pool, new.name)


async def _insert(conn: AsyncConnection[Any], new: NewPlan) -> int:
    try:
        cursor = await conn.execute(
            """insert into plans (name, price_cents, currency, period, own_gateways, rate_class)
               values (%s, %s, %s, %s, %s, %s) returning id""",
            (new.name, new.price_cents, new.currency, new.period, new.own_gateways, new.rate_class),
        )
    except psycopg.errors.UniqueViolation:
        raise ConflictError("plan_exists", f"There is a plan {new.name} already: choose another name.") from None
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def _grant_gateways(conn: AsyncConnection[Any], plan_id: int, identifiers: list[str]) -> None:
    """An identifier stands for the admin's gateways of this name on every channel."""
    cursor = await conn.execute(
        """with granted as (
               insert into plan_gateways (plan_id, gateway_id)
               select %s, g.id from gateways g where g.account_id = 0 and g.identifier = any(%s::text[])
               returning gateway_id)
           select distinct g.identifier from granted join gateways g on g.id = gateway_id""",
        (plan_id, identifiers),
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
        plan = await cursor.fetchone()
    if plan is None:
        raise NotFoundError("plan_not_found", f"There is no plan {name}.")
    return plan


async def name_of(pool: Connections, wanted: int | str) -> str:
    """The name of a plan, given by its id or its name.

    Raises:
        NotFoundError: there is none.
    """
    async with pool.connection() as conn:
        cursor = await conn.execute("select name from plans where name = %s or id = %s", (str(wanted), _id_in(wanted)))
        row = await cursor.fetchone()
    if row is None:
        raise NotFoundError("plan_not_found", f"There is no plan {wanted}.")
    return str(row[0])


def _id_in(wanted: int | str) -> int | None:
    return wanted if isinstance(wanted, int) and wanted < 2**63 else None


async def list_plans(pool: Connections) -> list[Plan]:
    """All plans, by name."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Plan)) as cursor:
        await cursor.execute(f"{_PLAN} order by p.name")
        return await cursor.fetchall()


async def delete_old_usage(pool: Connections, days: int) -> None:
    """Delete the counts for daily limits of days more than ``days`` ago."""
    async with pool.connection() as conn:
        await conn.execute("delete from daily_usage where day < current_date - %s::integer", (days,))
