"""A gateway's health: its breaker, outcomes of its messages, times of its last success and receipt."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from domain.errors import NotFoundError
from domain.whatsapp.numbers import NumberHealth
from store.gateways.gateways import BREAKER
from store.pool import InTransaction, Pool, long_transaction
from store.whatsapp import numbers


@dataclass(frozen=True, slots=True)
class Breaker:
    """The circuit breaker of a gateway."""

    state: str
    """``closed``, ``open`` or ``half_open``, as in ``GatewayInfo``."""
    failures: int
    """Consecutive failures, as far as they were counted."""
    open_until: datetime | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Attempts by their outcomes. A lost answer that arrived later counts with its outcome, too."""

    accepted: int
    refused: int
    retry_later: int
    gateway_down: int
    unknown: int
    error_rate: float | None
    """The share of ``gateway_down`` and ``unknown``: the gateway's own failures. ``None``: there were no attempts."""


@dataclass(frozen=True, slots=True)
class GatewayHealth:
    """A gateway's health."""

    mode: str
    enabled: bool
    breaker: Breaker
    last_15_minutes: Outcomes
    last_day: Outcomes
    last_accepted_at: datetime | None
    """When it last accepted a message; ``None``: not in the last seven days."""
    last_receipt_at: datetime | None
    number: NumberHealth | None
    """Of WhatsApp, how Meta judges its number; ``None``: nothing is known."""


_STATE = f"""
select g.mode, g.enabled, {BREAKER}, coalesce(b.failures, 0), b.open_until, b.last_error, r.last_receipt_at,
       (select max(m.accepted_at) from gateway_minutes m where m.gateway_id = g.id and m.minute = (
           select l.minute from gateway_minutes l where l.gateway_id = g.id and l.accepted_at is not null
           order by l.minute desc limit 1))
from gateways g left join gateway_breakers b on b.gateway_id = g.id left join gateway_activity r on r.gateway_id = g.id
where g.id = %s
"""  # noqa: S608 - a constant of ours

_COUNT = """
select coalesce(sum(accepted), 0), coalesce(sum(refused), 0), coalesce(sum(retry_later), 0),
       coalesce(sum(gateway_down), 0), coalesce(sum(unknown), 0)
from gateway_minutes where gateway_id = %s and minute > clock_timestamp() - %s * interval '1 minute'
"""


async def health(pool: Pool, gateway_id: UUID) -> GatewayHealth:
    """A gateway's health now.

    Raises:
        NotFoundError: there is none of this id.
    """
    async with pool.connection() as conn:
        row = await (await conn.execute(_STATE, (gateway_id,))).fetchone()
        if row is None:
            raise NotFoundError("gateway_not_found", f"There is no gateway with the id {gateway_id}.")
        number = await numbers.of_gateway(InTransaction(conn), gateway_id)
        lately, day = [await _outcomes(conn, gateway_id, minutes) for minutes in (15, 24 * 60)]
    mode, enabled, *breaker, last_receipt_at, last_accepted_at = row
    return GatewayHealth(mode, enabled, Breaker(*breaker), lately, day, last_accepted_at, last_receipt_at, number)


async def _outcomes(conn: AsyncConnection[Any], gateway_id: UUID, minutes: int) -> Outcomes:
    row = await (await conn.execute(_COUNT, (gateway_id, minutes))).fetchone()
    assert row is not None
    accepted, refused, retry_later, down, unknown = row
    total = sum(row)
    return Outcomes(
        accepted, refused, retry_later, down, unknown, round((down + unknown) / total, 4) if total else None
    )


async def note_receipts(conn: AsyncConnection[Any], gateway_ids: Collection[UUID], at: datetime) -> None:
    """Note that receipts of gateways arrived at ``at``, to the second.

    Not within a transaction: all that have receipts of these gateways would wait for its end.
    """
    await conn.execute(
        """insert into gateway_activity as a (gateway_id, last_receipt_at)
               select g.id, %(at)s from gateways g left join gateway_activity k on k.gateway_id = g.id
               where g.id = any(%(ids)s) and coalesce(k.last_receipt_at < %(at)s - interval '1 second', true)
               order by g.id  -- against deadlocks
           on conflict (gateway_id) do update
               set last_receipt_at = greatest(a.last_receipt_at, excluded.last_receipt_at)""",
        {"at": at, "ids": list(gateway_ids)},
    )


async def delete_old_minutes(pool: Pool, days: int) -> None:
    """Delete counts older than ``days``."""
    async with long_transaction(pool) as conn:
        await conn.execute(
            "delete from gateway_minutes where minute < clock_timestamp() - %s * interval '1 day'", (days,)
        )
