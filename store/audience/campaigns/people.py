"""Whom a campaign is for, and its people slice by slice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from domain.audience.campaigns.run import FIRST_VARIANT, HELD_OUT, REST
from domain.audience.conditions.tree import Condition
from store.audience.segments.matching import condition_sql, planning_for_many
from store.connection import Connection
from store.pool import Connections, Pool, long_transaction

COUNT_SECONDS = 30.0
"""How long a forecast may take."""
_BUCKETS = 10_000
_ADDRESSES = {"email": "c.email", "sms": "c.phone", "whatsapp": "coalesce(c.whatsapp, c.phone)"}


@dataclass(frozen=True, slots=True)
class Split:
    """How people are parted. The same contact is in the same part in every run of a campaign."""

    seed: str
    """The campaign's id."""
    holdout: int = 0
    """Percent who get nothing."""
    shares: tuple[int, ...] = (1,)
    """Of each variant, in proportion."""
    tested: int | None = None
    """Percent (of those who get something) who get a variant before the decision; ``None``: all."""


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """A contact as messages are filled from it."""

    id: UUID
    external_id: str | None
    email: str | None
    phone: str | None
    whatsapp: str | None
    first_name: str | None
    last_name: str | None
    language: str | None
    country: str | None
    time_zone: str | None
    fields: dict[str, Any]
    tags: list[str]


PersonRow = tuple[Any, ...]
"""The values of a person in their order, the id as text: thousands of these pass to another process."""


def person_of(row: PersonRow) -> Person:
    """The person."""
    return Person(UUID(row[0]), *row[1:])


_PERSON = """c.id, c.external_id, c.email, c.phone, c.whatsapp, c.first_name, c.last_name, c.language, c.country,
             c.time_zone, c.fields, c.tags"""


async def take(
    pool: Pool, run_id: UUID, account_id: int, channel: str, condition: Condition, split: Split, now: datetime
) -> tuple[int, int]:
    """Note who belongs to the audience now and has an address on the channel, once. Returns how many, and how many of
    them get nothing."""
    async with long_transaction(pool) as conn:
        cursor = await conn.execute("select people, held_out from campaign_runs where id = %s for update", (run_id,))
        before = await cursor.fetchone()
        if before is None:
            return 0, 0
        if before[0] is not None:
            return before[0], before[1]
        return await _take(conn, run_id, account_id, channel, condition, split, now)


async def _take(
    conn: Connection, run_id: UUID, account_id: int, channel: str, condition: Condition, split: Split, now: datetime
) -> tuple[int, int]:
    await planning_for_many(conn)
    met, parameters = await condition_sql(conn, account_id, condition, now)
    address = _ADDRESSES[channel]
    # Of other channels no address is twice among an account's contacts; here one may be a number and another's phone.
    once = f"distinct on (recipient_key('whatsapp', {address}))" if channel == "whatsapp" else ""
    cursor = await conn.execute(
        f"""with found as (select {once} c.id from contacts c where {met} and {address} is not null),
            placed as (
                select id, abs(hashtextextended(id::text, hashtextextended(%(seed)s, 1)) %% {_BUCKETS}) as held,
                       abs(hashtextextended(id::text, hashtextextended(%(seed)s, 2)) %% {_BUCKETS}) as tested,
                       abs(hashtextextended(id::text, hashtextextended(%(seed)s, 3)) %% {_BUCKETS}) as variant
                from found),
            taken as (
                insert into campaign_people (run_id, part, contact_id)
                select %(run)s, case when held < %(holdout)s then {HELD_OUT} when tested >= %(under_test)s then {REST}
                                     else {FIRST_VARIANT} + width_bucket(variant, %(bounds)s::bigint[]) end, id
                from placed order by 2, 3 returning part)
            update campaign_runs set people = (select count(*) from taken),
                held_out = (select count(*) from taken where part = {HELD_OUT})
            where id = %(run)s returning people, held_out""",  # noqa: S608 - place-holders, and constants of ours
        {
            **parameters,
            "run": run_id,
            "seed": split.seed,
            "holdout": split.holdout * _BUCKETS // 100,
            "under_test": _BUCKETS if split.tested is None else split.tested * _BUCKETS // 100,
            "bounds": _bounds(split.shares),
        },
    )
    row = await cursor.fetchone()
    assert row is not None
    return row[0], row[1]


def _bounds(shares: Sequence[int]) -> list[int]:
    """Where the second, third … variant begins among the buckets."""
    total = sum(shares)
    return [sum(shares[:number]) * _BUCKETS // total for number in range(1, len(shares))]


async def first_of(
    pool: Pool, account_id: int, channel: str, condition: Condition, now: datetime, limit: int
) -> tuple[int, Sequence[Person]]:
    """How many contacts belong to an audience now and have an address on the channel, and some of them."""
    async with long_transaction(pool, COUNT_SECONDS) as conn:
        await planning_for_many(conn)
        met, parameters = await condition_sql(conn, account_id, condition, now)
        met = f"{met} and {_ADDRESSES[channel]} is not null"
        cursor = await conn.execute(f"select count(*)::integer from contacts c where {met}", parameters)  # noqa: S608
        row = await cursor.fetchone()
        assert row is not None
        async with conn.cursor(row_factory=class_row(Person)) as reading:
            await reading.execute(
                f"select {_PERSON} from contacts c where {met} order by c.id limit %(limit)s",  # noqa: S608
                {**parameters, "limit": limit},
            )
            return row[0], await reading.fetchall()


async def next_people(store: Connections, run_id: UUID, part: int, limit: int) -> Sequence[PersonRow]:
    """Those of a part who follow its last slice, by their ids."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            f"""select {_PERSON.replace("c.id", "c.id::text", 1)}
               from campaign_people p join contacts c on c.id = p.contact_id
               where p.run_id = %(run)s and p.part = %(part)s and p.contact_id > coalesce(
                   (select s.last from campaign_slices s where s.run_id = %(run)s and s.part = %(part)s
                    order by s.number desc limit 1),
                   '00000000-0000-0000-0000-000000000000')
               order by p.contact_id limit %(limit)s""",  # noqa: S608 - a constant of ours
            {"run": run_id, "part": part, "limit": limit},
        )
        return await cursor.fetchall()


async def sample(store: Connections, run_id: UUID, limit: int) -> Sequence[Person]:
    """Some of those who get something."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Person)) as cursor:
        await cursor.execute(
            f"""select {_PERSON}
               from (select contact_id from campaign_people where run_id = %s and part > 0 limit %s) p
               join contacts c on c.id = p.contact_id""",  # noqa: S608 - a constant of ours
            (run_id, limit),
        )
        return await cursor.fetchall()
