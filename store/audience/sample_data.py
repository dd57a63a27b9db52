"""What an account was filled with to look around, and what of it may be taken away again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from store.pool import Connections


@dataclass(frozen=True, slots=True)
class SampleData:
    """By their ids."""

    contacts: Sequence[UUID]
    group_id: int
    segment_id: int
    template_id: int
    automation_id: UUID
    made_at: datetime
    """When all of it was there."""


_COLUMNS = "contacts, group_id, segment_id, template_id, automation_id, made_at"


async def find(store: Connections, account_id: int, *, lock: bool = False) -> SampleData | None:
    """What there is. ``lock``: nobody else adds or removes some until the transaction ends."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(SampleData)) as cursor:
        if lock:
            await conn.execute("select from accounts where id = %s for no key update", (account_id,))
        await cursor.execute(
            f"select {_COLUMNS} from sample_data where account_id = %s",  # noqa: S608 - a constant of ours
            (account_id,),
        )
        return await cursor.fetchone()


async def add(
    store: Connections,
    account_id: int,
    contacts: Sequence[UUID],
    group_id: int,
    segment_id: int,
    template_id: int,
    automation_id: UUID,
) -> None:
    """Note what was made."""
    async with store.connection() as conn:
        await conn.execute(
            """insert into sample_data (account_id, contacts, group_id, segment_id, template_id, automation_id)
               values (%s, %s, %s, %s, %s, %s)""",
            (account_id, list(contacts), group_id, segment_id, template_id, automation_id),
        )


async def forget(store: Connections, account_id: int) -> None:
    """What is left is the account's own."""
    async with store.connection() as conn:
        await conn.execute("delete from sample_data where account_id = %s", (account_id,))


async def unchanged_contacts(store: Connections, account_id: int, made: SampleData) -> list[UUID]:
    """Those that are as they were made, locked."""
    async with store.connection() as conn:
        rows = await conn.execute(
            """select id from contacts where id = any(%s) and account_id = %s and updated_at <= %s
               order by id for update""",
            (list(made.contacts), account_id, made.made_at),
        )
        return [row[0] for row in await rows.fetchall()]


async def remove_segment(store: Connections, account_id: int, made: SampleData) -> bool:
    """Whether it was as it was made; then it is gone."""
    return await _remove(
        store,
        "delete from segments where id = %s and account_id = %s and updated_at <= %s",
        (made.segment_id, account_id, made.made_at),
    )


async def remove_template(store: Connections, account_id: int, made: SampleData) -> bool:
    """Whether it was as it was made, and never published; then it is gone."""
    return await _remove(
        store,
        "delete from templates where id = %s and account_id = %s and versions = 0 and updated_at <= %s",
        (made.template_id, account_id, made.made_at),
    )


async def remove_automation(store: Connections, account_id: int, made: SampleData) -> bool:
    """Whether it was as it was made, and never published; then it is gone."""
    return await _remove(
        store,
        "delete from automations where id = %s and account_id = %s and version is null and updated_at <= %s",
        (made.automation_id, account_id, made.made_at),
    )


async def _remove(store: Connections, statement: str, values: tuple[object, ...]) -> bool:
    async with store.connection() as conn:
        return (await conn.execute(statement.encode(), values)).rowcount == 1
