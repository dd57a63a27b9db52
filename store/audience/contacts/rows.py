"""Contacts, one by one or some hundred at a time."""

from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID

import orjson
import psycopg
from psycopg.rows import class_row

from domain.audience.contacts.contact import Contact
from store.pool import Connections

COLUMNS: LiteralString = """id, account_id, email, phone, whatsapp, external_id, first_name, last_name, language,
    country, time_zone, fields, tags, groups, origins, created_at, updated_at"""
"""Those of ``Contact``."""
_GIVEN: LiteralString = """id uuid, email text, phone text, whatsapp text, external_id text, first_name text,
    last_name text, language text, country text, time_zone text, fields jsonb, tags text[],
    groups bigint[], origins jsonb"""
_NAMES: LiteralString = """email, phone, whatsapp, external_id, first_name, last_name, language, country, time_zone,
    fields, tags, groups, origins"""


class TakenMeanwhile(Exception):
    """Another session has written an address or external id that was free before, or both wait for each other.

    Nothing was written: look again.
    """


async def get(store: Connections, account_id: int, contact_id: UUID) -> Contact | None:
    """One contact of an account."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Contact)) as cursor:
        await cursor.execute(
            f"select {COLUMNS} from contacts where id = %s and account_id = %s",  # noqa: S608 - constants of ours
            (contact_id, account_id),
        )
        return await cursor.fetchone()


async def lock(store: Connections, account_id: int, ids: Sequence[UUID]) -> dict[UUID, Contact]:
    """Those of these contacts that are there, by id; nobody else changes them until the transaction ends."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Contact)) as cursor:
        await cursor.execute(
            f"""select {COLUMNS} from contacts where id = any(%s) and account_id = %s
                order by id for update""",  # noqa: S608 - constants of ours
            (list(ids), account_id),
        )
        return {contact.id: contact for contact in await cursor.fetchall()}


async def write(store: Connections, new: Sequence[Contact], changed: Sequence[Contact] = ()) -> list[Contact]:
    """Insert contacts, and update others that are locked. Returns all of them, as they are stored.

    Raises:
        TakenMeanwhile: an address or external id belongs to another contact by now.
    """
    try:
        async with store.connection() as conn, conn.transaction():
            with_row = conn.cursor(row_factory=class_row(Contact))
            found: list[Contact] = []
            if changed:  # first: what they give up may be that of a new one
                await with_row.execute(
                    f"""update contacts c set ({_NAMES}, updated_at) = (select
                            r.email, r.phone, r.whatsapp, r.external_id, r.first_name, r.last_name, r.language,
                            r.country, r.time_zone, r.fields, r.tags, r.groups, r.origins, clock_timestamp())
                        from json_to_recordset(%s) as r ({_GIVEN}) where c.id = r.id
                        returning {", ".join("c." + name.strip() for name in COLUMNS.split(","))}""",  # noqa: S608
                    (_json(changed),),
                )
                found += await with_row.fetchall()
            if new:
                await with_row.execute(
                    f"""insert into contacts (id, account_id, {_NAMES})
                        select id, %s, {_NAMES} from json_to_recordset(%s) as r ({_GIVEN})
                        returning {COLUMNS}""",  # noqa: S608 - constants of ours
                    (new[0].account_id, _json(new)),
                )
                found += await with_row.fetchall()
    except (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected):
        raise TakenMeanwhile from None
    return found


async def delete(store: Connections, account_id: int, contact_id: UUID) -> bool:
    """Remove a contact. Returns whether it was there."""
    async with store.connection() as conn:
        cursor = await conn.execute("delete from contacts where id = %s and account_id = %s", (contact_id, account_id))
        return cursor.rowcount == 1


async def move_events(store: Connections, account_id: int, contact_id: UUID, to: UUID) -> None:
    """Have what happened to a contact be what happened to another one."""
    async with store.connection() as conn:
        await conn.execute(
            "update contact_events set contact_id = %s where contact_id = %s and account_id = %s",
            (to, contact_id, account_id),
        )


def _json(contacts: Sequence[Contact]) -> str:
    names = [column.split()[0] for column in _GIVEN.split(",")]
    return orjson.dumps([{name: getattr(contact, name) for name in names} for contact in contacts]).decode()
