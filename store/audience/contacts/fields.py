"""Custom fields of accounts' contacts."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from store.pool import Connections


@dataclass(frozen=True, slots=True)
class CustomField:
    """A custom field."""

    key: str
    type: str
    """One of ``FIELD_TYPES``."""
    label: str
    """As people see it."""
    created_at: datetime


async def of_account(store: Connections, account_id: int) -> list[CustomField]:
    """An account's custom fields, by key."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(CustomField)) as cursor:
        await cursor.execute(
            "select key, type, label, created_at from contact_fields where account_id = %s order by key", (account_id,)
        )
        return await cursor.fetchall()


async def types(store: Connections, account_id: int) -> dict[str, str]:
    """Types of an account's fields by their keys."""
    return {field.key: field.type for field in await of_account(store, account_id)}


async def find(store: Connections, account_id: int, key: str, *, lock: bool = False) -> CustomField | None:
    """One field; ``lock``: nobody else changes it until the transaction ends."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(CustomField)) as cursor:
        await cursor.execute(
            f"""select key, type, label, created_at from contact_fields
                where account_id = %s and key = %s {"for update" if lock else ""}""",  # noqa: S608 - constants of ours
            (account_id, key),
        )
        return await cursor.fetchone()


async def add(store: Connections, account_id: int, key: str, type_: str, label: str) -> bool:
    """Make a field. Returns whether the account had none with this key."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """insert into contact_fields (account_id, key, type, label) values (%s, %s, %s, %s)
               on conflict (account_id, key) do nothing""",
            (account_id, key, type_, label),
        )
        return cursor.rowcount == 1


async def is_being_cleared(store: Connections, account_id: int, kind: str, key: str) -> bool:
    """Whether an operation of this kind still removes values of a field."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select from operations where account_id = %s and kind = %s and state in ('queued', 'running')
               and input ->> 'key' = %s limit 1""",
            (account_id, kind, key),
        )
        return cursor.rowcount == 1


async def relabel(store: Connections, account_id: int, key: str, label: str) -> None:
    """Change how a field is called."""
    async with store.connection() as conn:
        await conn.execute(
            "update contact_fields set label = %s where account_id = %s and key = %s", (label, account_id, key)
        )


async def remove(store: Connections, account_id: int, key: str) -> None:
    """Have no more contacts get values of a field. Those that are there stay until ``clear`` has removed them."""
    async with store.connection() as conn:
        await conn.execute("delete from contact_fields where account_id = %s and key = %s", (account_id, key))


async def clear(store: Connections, account_id: int, key: str, after: UUID, most: int) -> tuple[int, UUID | None]:
    """Remove a field's values from the next contacts. Returns from how many, and where to go on; ``None``: nowhere."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """with next as materialized (
                   select id, fields ? %(key)s as has from contacts
                   where account_id = %(account)s and id > %(after)s order by id limit %(most)s
               ), cleared as (
                   update contacts c set fields = c.fields - %(key)s,
                       origins = c.origins - ('fields.' || %(key)s::text), updated_at = clock_timestamp()
                   from next n where c.id = n.id and n.has returning c.id
               )
               select (select count(*) from cleared), count(*), (select id from next order by id desc limit 1)
               from next""",
            {"account": account_id, "key": key, "after": after, "most": most},
        )
        row = await cursor.fetchone()
    assert row is not None
    count, read, last = row
    return count, last if read == most else None
