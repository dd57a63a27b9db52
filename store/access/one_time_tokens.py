"""Tokens of links that set a password, by their hashes."""

from datetime import timedelta

from domain.access.one_time import HOURS, Purpose
from domain.access.people import Person, PersonKind
from store.pool import Connections


async def issue(pool: Connections, purpose: Purpose, person: Person | None, digest: bytes) -> None:
    """Store a token; ``person`` ``None``: of the first owner, who is nobody yet."""
    async with pool.connection() as conn:
        await conn.execute(
            """insert into one_time_tokens (hash, purpose, kind, person_id, expires_at)
               values (%s, %s, %s, %s, clock_timestamp() + %s)""",
            (digest, purpose, *_columns(person), timedelta(hours=HOURS[purpose])),
        )


async def count(pool: Connections, purpose: Purpose, person: Person) -> int:
    """How many a person has that can still be used."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select count(*) from one_time_tokens
               where kind = %s and person_id = %s and purpose = %s and expires_at > clock_timestamp()""",
            (*_columns(person), purpose),
        )
        row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def find(pool: Connections, digest: bytes, *, lock: bool = False) -> tuple[Purpose, Person | None] | None:
    """What a token is for, and whose; ``None``: it cannot be used (any more). ``lock``: until the transaction ends
    nobody else uses it."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            f"""select purpose, kind, person_id from one_time_tokens
                where hash = %s and expires_at > clock_timestamp(){" for update" if lock else ""}""",  # noqa: S608
            (digest,),
        )
        row = await cursor.fetchone()
    if row is None:
        return None
    purpose, kind, person_id = row
    return Purpose(purpose), Person(PersonKind(kind), person_id) if kind else None


async def revoke(pool: Connections, person: Person | None, purpose: Purpose | None = None) -> None:
    """Delete a person's tokens, of one purpose or all."""
    async with pool.connection() as conn:
        await conn.execute(
            """delete from one_time_tokens
               where kind = %s and person_id = %s and (%s::text is null or purpose = %s)""",
            (*_columns(person), purpose, purpose),
        )


async def delete_expired(pool: Connections) -> None:
    """Delete those that nobody used in time."""
    async with pool.connection() as conn:
        await conn.execute("delete from one_time_tokens where expires_at < clock_timestamp()")


def _columns(person: Person | None) -> tuple[str, int]:
    return ("", 0) if person is None else (person.kind, person.id)
