"""Templates and their versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from domain.errors import NotFoundError
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Template:
    """A template with its draft."""

    id: int
    account_id: int
    key: str
    name: str
    draft: dict[str, Any]
    published: int | None
    """The number of the version that sends take; ``None``: none yet."""
    versions: int
    """How many there are."""
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Version:
    """A version, which never changes."""

    id: int
    number: int
    body: dict[str, Any]
    note: str
    made_from: int | None
    created_at: datetime


_COLUMNS = "id, account_id, key, name, draft, published, versions, archived_at, created_at, updated_at"
_VERSION = "v.id, v.number, v.body, v.note, v.made_from, v.created_at"


async def find(store: Connections, account_id: int, key: str, *, lock: bool = False) -> Template | None:
    """An account's template; ``lock``: nobody else changes it until the transaction ends."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Template)) as cursor:
        await cursor.execute(
            f"select {_COLUMNS} from templates where account_id = %s and key = %s{' for update' if lock else ''}",  # noqa: S608
            (account_id, key),
        )
        return await cursor.fetchone()


async def get(store: Connections, account_id: int, key: str, *, lock: bool = False) -> Template:
    """The same.

    Raises:
        NotFoundError: the account has none of this key.
    """
    found = await find(store, account_id, key, lock=lock)
    if found is None:
        raise NotFoundError("template_not_found", f"there is no template {key[:64]!r}")
    return found


async def page(
    store: Connections, account_id: int, archived: bool | None, below: int, limit: int
) -> Sequence[Template]:
    """An account's templates with smaller ids, the newest first; ``archived``: only those that are, or are not."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Template)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from templates where account_id = %s and id < %s
                    and coalesce((archived_at is not null) = %s, true) order by id desc limit %s""",  # noqa: S608
            (account_id, below, archived, limit),
        )
        return await cursor.fetchall()


async def count(store: Connections, account_id: int) -> int:
    """How many templates an account has."""
    async with store.connection() as conn:
        cursor = await conn.execute("select count(*) from templates where account_id = %s", (account_id,))
        row = await cursor.fetchone()
        return int(row[0]) if row else 0


async def save(store: Connections, account_id: int, key: str, name: str, draft: dict[str, Any]) -> Template:
    """Add a template, or replace its draft."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Template)) as cursor:
        await cursor.execute(
            f"""insert into templates (account_id, key, name, draft) values (%s, %s, %s, %s)
                on conflict (account_id, key) do update set
                    name = excluded.name, draft = excluded.draft, updated_at = clock_timestamp()
                returning {_COLUMNS}""",  # noqa: S608
            (account_id, key, name, Jsonb(draft)),
        )
        saved = await cursor.fetchone()
    assert saved is not None
    return saved


async def add_version(
    store: Connections,
    template: Template,
    body: dict[str, Any],
    ready: dict[str, Any],
    note: str,
    made_from: int | None,
) -> Version:
    """Add the next version of a locked template; sends take it from now on."""
    number = template.versions + 1
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Version)) as cursor:
        await cursor.execute(
            f"""insert into template_versions as v (template_id, number, body, ready, note, made_from)
                values (%s, %s, %s, %s, %s, %s) returning {_VERSION}""",  # noqa: S608
            (template.id, number, Jsonb(body), Jsonb(ready), note, made_from),
        )
        version = await cursor.fetchone()
        await cursor.execute(
            """update templates set published = %s, versions = %s, updated_at = clock_timestamp() where id = %s""",
            (number, number, template.id),
        )
        await cursor.execute(_GROW, (template.account_id,))
    assert version is not None
    return version


_GROW = "update accounts set templates_version = templates_version + 1 where id = %s"


async def set_archived(store: Connections, template: Template, *, archived: bool) -> None:
    """Archive a template, or bring it back."""
    async with store.connection() as conn:
        await conn.execute(
            """update templates set archived_at = case when %s then coalesce(archived_at, clock_timestamp()) end,
                   updated_at = clock_timestamp() where id = %s""",
            (archived, template.id),
        )
        await conn.execute(_GROW, (template.account_id,))


async def version(store: Connections, template: Template, number: int) -> Version:
    """A version of a template.

    Raises:
        NotFoundError: there is none of this number.
    """
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Version)) as cursor:
        await cursor.execute(
            f"select {_VERSION} from template_versions v where template_id = %s and number = %s",  # noqa: S608
            (template.id, number),
        )
        found = await cursor.fetchone()
    if found is None:
        raise NotFoundError("version_not_found", f"the template {template.key!r} has no version {number}")
    return found


async def version_page(store: Connections, template: Template, below: int, limit: int) -> Sequence[Version]:
    """Versions with smaller numbers, the newest first."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Version)) as cursor:
        await cursor.execute(
            f"""select {_VERSION} from template_versions v where template_id = %s and number < %s
                order by number desc limit %s""",  # noqa: S608
            (template.id, below, limit),
        )
        return await cursor.fetchall()


async def ready(store: Connections, template: Template, number: int) -> tuple[int, dict[str, Any]]:
    """What sends take of a version, with its id.

    Raises:
        NotFoundError: there is none of this number.
    """
    async with store.connection() as conn:
        cursor = await conn.execute(
            "select id, ready from template_versions where template_id = %s and number = %s", (template.id, number)
        )
        row = await cursor.fetchone()
    if row is None:
        raise NotFoundError("version_not_found", f"the template {template.key!r} has no version {number}")
    return row[0], row[1]
