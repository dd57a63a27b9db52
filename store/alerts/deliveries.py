"""Alerts that are to be mailed, or posted to a chat: each is sent by one worker at a time, and deleted when it was."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from psycopg.rows import class_row

from store.pool import Connections, Pool

Way = Literal["mail", "slack"]

FIRST_PAUSE, LONGEST_PAUSE = 60.0, 1800.0
"""Seconds between two tries: each pause is twice the one before. The first is longer than any try takes."""
GIVE_UP_HOURS = 24
"""After so long the daily reminder says the same."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is to be sent."""

    id: int
    address: str = field(repr=False)
    """Of a mail; else empty."""
    subject: str
    message: str
    """Plain text, with empty lines between paragraphs."""
    tries: int
    """This one included."""


async def add(store: Connections, way: Way, addresses: Sequence[str], subject: str, message: str) -> None:
    """Have it be sent to each of them."""
    async with store.connection() as conn:
        await conn.execute(
            """insert into alert_deliveries (way, address, subject, message)
               select %s, address, %s, %s from unnest(%s::text[]) as a (address)""",
            (way, subject, message, list(addresses)),
        )


async def claim(pool: Pool, way: Way, limit: int) -> list[Delivery]:
    """Take what is due: until its next try nobody else does."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Delivery)) as cursor:
        await cursor.execute(
            """with due as (
                   select id from alert_deliveries where way = %(way)s and due_at <= clock_timestamp()
                   order by due_at, id limit %(limit)s for update skip locked)
               update alert_deliveries d set tries = tries + 1,
                      due_at = clock_timestamp()
                               + least(%(first)s * 2 ^ least(tries, 20), %(longest)s) * interval '1 second'
               from due where d.id = due.id returning d.id, d.address, d.subject, d.message, d.tries""",
            {"way": way, "limit": limit, "first": FIRST_PAUSE, "longest": LONGEST_PAUSE},
        )
        return sorted(await cursor.fetchall(), key=lambda one: one.id)


async def sent(pool: Pool, delivery_id: int) -> None:
    """It needs no other try."""
    async with pool.connection() as conn:
        await conn.execute("delete from alert_deliveries where id = %s", (delivery_id,))


async def drop(pool: Pool, way: Way) -> None:
    """Send nothing that is due on this way."""
    async with pool.connection() as conn:
        await conn.execute("delete from alert_deliveries where way = %s", (way,))


async def give_up(pool: Pool) -> int:
    """Delete what could not be sent for long. Returns how many."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "delete from alert_deliveries where created_at < clock_timestamp() - %s * interval '1 hour'",
            (GIVE_UP_HOURS,),
        )
        return cursor.rowcount
