"""Contacts for tests of segments."""

from typing import Any
from uuid import uuid4

from psycopg.types.json import Jsonb

from domain.ids import new_batch_id
from store.pool import Pool


async def new_contact(pool: Pool, account_id: int, **values: Any) -> str:
    """The id of a new contact of an account, with these values of its columns."""
    contact = new_batch_id()
    given = {"email": f"{uuid4().hex}@example.com"} | values
    row = {name: Jsonb(value) if name == "fields" else value for name, value in given.items()}
    row |= {"id": contact, "account_id": account_id}
    async with pool.connection() as conn:
        marks = ", ".join(["%s"] * len(row))
        await conn.execute(f"insert into contacts ({', '.join(row)}) values ({marks})", list(row.values()))
    return str(contact)
