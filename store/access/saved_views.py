"""Filters of lists that somebody keeps under a name."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row

from domain.access.people import Person, PersonKind
from domain.errors import ConflictError, NotFoundError
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class SavedView:
    """A filter of a list."""

    id: int
    page: str
    """Which list, as whoever keeps it says."""
    name: str
    query: str
    """What stands in the address after the question mark."""


_COLUMNS = "id, page, name, query"
_OF = {PersonKind.USER: "account_id", PersonKind.STAFF: "staff_id"}


async def of_person(store: Connections, person: Person, page: str | None = None) -> Sequence[SavedView]:
    """Somebody's own, by page and name; ``page``: of one list only."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(SavedView)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from saved_views where {_OF[person.kind]} = %(id)s
                and (%(page)s::text is null or page = %(page)s) order by page, name""".encode(),  # noqa: S608 - constants of ours
            {"id": person.id, "page": page},
        )
        return await cursor.fetchall()


async def save(store: Connections, person: Person, page: str, name: str, query: str, most: int) -> SavedView:
    """Keep one; one of the same name is replaced.

    Raises:
        ConflictError: there are ``most`` of others.
    """
    column = _OF[person.kind]
    async with store.connection() as conn, conn.transaction(), conn.cursor(row_factory=class_row(SavedView)) as cursor:
        await conn.execute("select pg_advisory_xact_lock(hashtextextended(%s, %s))", (f"views {column}", person.id))
        await cursor.execute(
            f"""insert into saved_views ({column}, page, name, query)
                select %(id)s, %(page)s, %(name)s, %(query)s
                where (select count(*) from saved_views
                       where {column} = %(id)s and (page, name) <> (%(page)s, %(name)s)) < %(most)s
                on conflict ({column}, page, name) where {column} is not null do update set query = excluded.query
                returning {_COLUMNS}""".encode(),  # noqa: S608 - constants of ours
            {"id": person.id, "page": page, "name": name, "query": query, "most": most},
        )
        saved = await cursor.fetchone()
    if saved is None:
        raise ConflictError("too_many_views", f"you have {most} views: delete one")
    return saved


async def rename(store: Connections, person: Person, view_id: int, name: str) -> SavedView:
    """Give it another name.

    Raises:
        NotFoundError: the person has no such view.
        ConflictError: another view of this list has the name.
    """
    statement = f"update saved_views set name = %s where id = %s and {_OF[person.kind]} = %s returning {_COLUMNS}"  # noqa: S608
    try:
        async with store.connection() as conn, conn.cursor(row_factory=class_row(SavedView)) as cursor:
            await cursor.execute(statement.encode(), (name, view_id, person.id))
            renamed = await cursor.fetchone()
    except UniqueViolation:
        raise ConflictError("view_taken", f"there is a view {name!r} already: choose another name") from None
    if renamed is None:
        raise _unknown()
    return renamed


async def remove(store: Connections, person: Person, view_id: int) -> None:
    """Forget it.

    Raises:
        NotFoundError: the person has no such view.
    """
    async with store.connection() as conn:
        cursor = await conn.execute(
            f"delete from saved_views where id = %s and {_OF[person.kind]} = %s".encode(),  # noqa: S608
            (view_id, person.id),
        )
        if cursor.rowcount == 0:
            raise _unknown()


def _unknown() -> NotFoundError:
    return NotFoundError("view_not_found", "you have no view of this id")
