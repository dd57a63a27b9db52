"""The contacts that meet a condition: how many, which, and what is known of one of them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.errors import QueryCanceled
from psycopg.rows import class_row

from domain.audience.conditions.tree import Condition
from domain.errors import UnavailableError
from store.audience.segments.compiling import Surroundings, compile_condition
from store.audience.segments.parameters import Parameters
from store.audience.segments.zones import known_zones
from store.connection import Connection
from store.pool import Pool, long_transaction

SECONDS = 10.0
"""How long a count or a page may take."""

_PLANNING = {"work_mem": "64MB", "enable_nestloop": "off"}
"""Those to whom an event happened are read once into a table, which must fit into memory. PostgreSQL knows nothing of
what custom fields hold: it would expect few contacts to meet a condition, and look for the events of each."""


@dataclass(frozen=True, slots=True)
class Member:
    """A contact, as a segment lists it."""

    id: UUID
    external_id: str | None
    email: str | None
    phone: str | None
    whatsapp: str | None
    first_name: str | None
    last_name: str | None


async def count(pool: Pool, account_id: int, condition: Condition, now: datetime) -> int:
    """How many contacts meet the condition.

    Raises:
        UnavailableError: counting them takes too long.
    """
    async with _reading(pool) as conn:
        where, parameters = await condition_sql(conn, account_id, condition, now)
        cursor = await conn.execute(f"select count(*) from contacts c where {where}", parameters)  # noqa: S608
        row = await cursor.fetchone()
    assert row is not None
    found: int = row[0]
    return found


async def page(
    pool: Pool, account_id: int, condition: Condition, now: datetime, after: UUID | None, limit: int
) -> Sequence[Member]:
    """Contacts that meet the condition, by their ids, after one of them.

    Raises:
        UnavailableError: finding them takes too long.
    """
    async with _reading(pool) as conn, conn.cursor(row_factory=class_row(Member)) as cursor:
        where, parameters = await condition_sql(conn, account_id, condition, now)
        if after is not None:
            where += " and c.id > %(after)s"
        await cursor.execute(
            f"""select id, external_id, email, phone, whatsapp, first_name, last_name from contacts c
                where {where} order by c.id limit %(limit)s""",  # noqa: S608 - place-holders
            {**parameters, "after": after, "limit": limit},
        )
        return await cursor.fetchall()


@asynccontextmanager
async def _reading(pool: Pool) -> AsyncIterator[Connection]:
    try:
        async with long_transaction(pool, SECONDS) as conn:
            await planning_for_many(conn)
            yield conn
    except QueryCanceled as error:
        raise UnavailableError(
            "segment_too_slow",
            f"this condition took more than {SECONDS:g} s: ask for fewer events, or for shorter times",
            retry_after=60.0,
        ) from error


async def planning_for_many(conn: Connection) -> None:
    """Have the statements of a transaction planned for many contacts."""
    for setting, value in _PLANNING.items():
        await conn.execute("select set_config(%s, %s, true)", (setting, value))


async def condition_sql(
    conn: Connection, account_id: int, condition: Condition, now: datetime
) -> tuple[str, dict[str, Any]]:
    """The condition as SQL about ``contacts c`` of an account, and its parameters."""
    row = await (await conn.execute("select time_zone from accounts where id = %s", (account_id,))).fetchone()
    of = Surroundings(account_id, now, row[0] if row else "UTC", await known_zones(conn))
    parameters = Parameters()
    expression = compile_condition(condition, of, parameters)
    account = parameters.add(account_id, "bigint")
    return f"c.account_id = {account} and {expression}", parameters.values
