"""Groups of contacts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from domain.audience.contacts.contact import MOST_GROUPS
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Group:
    """A list of contacts that an account keeps."""

    id: int
    key: str
    """How files and flows name it."""
    name: str
    created_at: datetime


async def ids(store: Connections, account_id: int) -> dict[str, int]:
    """Ids of an account's groups, by key."""
    async with store.connection() as conn:
        cursor = await conn.execute("select key, id from contact_groups where account_id = %s", (account_id,))
        return dict(await cursor.fetchall())


async def of_account(store: Connections, account_id: int, after: str, most: int) -> list[Group]:
    """An account's groups after a key, by key."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Group)) as cursor:
        await cursor.execute(
            """select id, key, name, created_at from contact_groups
               where account_id = %s and key > %s order by key limit %s""",
            (account_id, after, most),
        )
        return await cursor.fetchall()


async def find(store: Connections, account_id: int, named: str, *, lock: bool = False) -> Group | None:
    """A group by its key, or by its id. ``lock``: nobody else changes it until the transaction ends."""
    by, value = ("id", int(named)) if named.isdecimal() and len(named) < 19 else ("key", named)
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Group)) as cursor:
        await cursor.execute(
            f"""select id, key, name, created_at from contact_groups
                where account_id = %s and {by} = %s {"for update" if lock else ""}""",  # noqa: S608 - constants of ours
            (account_id, value),
        )
        return await cursor.fetchone()


async def add(store: Connections, account_id: int, key: str, name: str) -> Group | None:
    """Make a group. ``None``: the account has one with this key."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Group)) as cursor:
        await cursor.execute(
            """insert into contact_groups (account_id, key, name) values (%s, %s, %s)
               on conflict (account_id, key) do nothing returning id, key, name, created_at""",
            (account_id, key, name),
        )
        return await cursor.fetchone()


async def rename(store: Connections, group_id: int, name: str) -> None:
    """Change the name of a group that is locked."""
    async with store.connection() as conn:
        await conn.execute("update contact_groups set name = %s where id = %s", (name, group_id))


async def remove(store: Connections, group_id: int) -> None:
    """Remove a group. Its id stays with its members until ``remove_members`` was called until none is left."""
    async with store.connection() as conn:
        await conn.execute("delete from contact_groups where id = %s", (group_id,))


async def count(store: Connections, account_id: int) -> int:
    """How many groups an account has."""
    async with store.connection() as conn:
        cursor = await conn.execute("select count(*) from contact_groups where account_id = %s", (account_id,))
        row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def remove_members(store: Connections, account_id: int, group_id: int, most: int) -> int:
    """Take a group from some of its members. Returns from how many."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """update contacts set groups = array_remove(groups, %(group)s), updated_at = clock_timestamp()
               where id = any(array(
                   select id from contacts where groups @> array[%(group)s::bigint] and account_id = %(account)s
                   order by id limit %(most)s for update))""",
            {"group": group_id, "account": account_id, "most": most},
        )
        return cursor.rowcount


async def has_more_members(store: Connections, account_id: int, group_id: int, most: int) -> bool:
    """Whether a group has more members than that."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select count(*) from (select from contacts
                   where groups @> array[%s::bigint] and account_id = %s limit %s) as m""",
            (group_id, account_id, most + 1),
        )
        row = await cursor.fetchone()
    assert row is not None
    return bool(row[0] > most)


async def add_members(store: Connections, account_id: int, group_id: int, contacts: Sequence[UUID]) -> int:
    """Put contacts into a group, unless they are in as many as they may be. Returns how many were not in it."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """update contacts c set groups = array(select distinct g from unnest(c.groups || %(group)s::bigint) as g
                                                    order by g), updated_at = clock_timestamp()
               where c.id = any(array(select id from contacts where id = any(%(contacts)s) and account_id = %(account)s
                                      and not groups @> array[%(group)s::bigint]
                                      and cardinality(groups) < %(most)s order by id for update))""",
            {"group": group_id, "contacts": list(contacts), "account": account_id, "most": MOST_GROUPS},
        )
        return cursor.rowcount


async def outside(store: Connections, account_id: int, group_id: int, contacts: Sequence[UUID]) -> set[UUID]:
    """Those of these contacts of the account that are not in a group."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select id from contacts where id = any(%s) and account_id = %s and not groups @> array[%s::bigint]""",
            (list(contacts), account_id, group_id),
        )
        return {contact_id for (contact_id,) in await cursor.fetchall()}


async def drop_members(store: Connections, account_id: int, group_id: int, contacts: Sequence[UUID]) -> int:
    """Take contacts out of a group. Returns how many were in it."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """update contacts set groups = array_remove(groups, %(group)s), updated_at = clock_timestamp()
               where id = any(array(select id from contacts where id = any(%(contacts)s) and account_id = %(account)s
                                    and groups @> array[%(group)s::bigint] order by id for update))""",
            {"group": group_id, "contacts": list(contacts), "account": account_id},
        )
        return cursor.rowcount


async def known_contacts(store: Connections, account_id: int, contacts: Sequence[UUID]) -> set[UUID]:
    """Those of these contacts that the account has."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            "select id from contacts where id = any(%s) and account_id = %s", (list(contacts), account_id)
        )
        return {contact_id for (contact_id,) in await cursor.fetchall()}


async def keys(store: Connections, groups: Iterable[int]) -> dict[int, str]:
    """The keys of groups that are there."""
    async with store.connection() as conn:
        cursor = await conn.execute("select id, key from contact_groups where id = any(%s)", (list(groups),))
        return dict(await cursor.fetchall())
