"""Contacts with all their values, in the order in which they were made."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Listed:
    """A contact as it is stored."""

    id: UUID
    email: str | None
    phone: str | None
    whatsapp: str | None
    external_id: str | None
    first_name: str | None
    last_name: str | None
    language: str | None
    country: str | None
    time_zone: str | None
    fields: dict[str, Any]
    tags: list[str]
    groups: list[int]
    created_at: datetime
    updated_at: datetime


async def page(store: Connections, account_id: int, after: UUID | None, limit: int) -> list[Listed]:
    """An account's contacts after one."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Listed)) as cursor:
        await cursor.execute(
            """select id, email, phone, whatsapp, external_id, first_name, last_name, language, country, time_zone,
                   fields, tags, groups, created_at, updated_at
               from contacts where account_id = %s and id > %s order by id limit %s""",
            (account_id, after or UUID(int=0), limit),
        )
        return await cursor.fetchall()
