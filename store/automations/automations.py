"""Automations of accounts, and the versions that were published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row
from psycopg.types.json import Json, Jsonb

from domain.errors import ConflictError
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Automation:
    """An automation."""

    id: UUID
    account_id: int
    key: str
    name: str
    state: str
    draft: dict[str, Any] | None
    """Saved and not published; ``None``: nothing was changed since."""
    version: int | None
    """The newest; ``None``: it was never published."""
    revision: int
    """The newest of that version."""
    created_at: datetime
    updated_at: datetime
    paused_for: dict[str, Any] | None = None
    """Why it was paused, if nobody did it by hand."""


@dataclass(frozen=True, slots=True)
class Version:
    """A definition that was published."""

    version: int
    revision: int
    """From 1: each patch of a version is one more."""
    definition: dict[str, Any]
    note: str
    author: dict[str, Any]
    published_at: datetime
    people: str = "pin"
    """What contacts inside older versions do: ``pin``, ``migrate``, ``drain``."""
    map: dict[str, str] = field(default_factory=dict)
    """By step that was removed: where those at it go."""


_COLUMNS = "id, account_id, key, name, state, draft, version, revision, created_at, updated_at, paused_for"
_VERSION = "version, revision, definition, note, author, published_at, people, map"


async def page(store: Connections, account_id: int, before: UUID | None, limit: int) -> Sequence[Automation]:
    """Those of an account, the newest first."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Automation)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from automations
                where account_id = %(account)s and (%(before)s::uuid is null or id < %(before)s)
                order by id desc limit %(limit)s""",  # noqa: S608 - a constant of ours
            {"account": account_id, "before": before, "limit": limit},
        )
        return await cursor.fetchall()


async def find(store: Connections, account_id: int, key: str, *, lock: bool = False) -> Automation | None:
    """An automation by its key."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Automation)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from automations where account_id = %s and key = %s
                {"for update" if lock else ""}""",  # noqa: S608 - constants of ours
            (account_id, key),
        )
        return await cursor.fetchone()


async def of_id(store: Connections, id_: UUID, *, lock: bool = False) -> Automation | None:
    """An automation by its id."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Automation)) as cursor:
        await cursor.execute(
            f"select {_COLUMNS} from automations where id = %s {'for update' if lock else ''}",  # noqa: S608
            (id_,),
        )
        return await cursor.fetchone()


async def count(store: Connections, account_id: int) -> int:
    """How many an account has."""
    async with store.connection() as conn:
        row = await (
            await conn.execute("select count(*)::integer from automations where account_id = %s", (account_id,))
        ).fetchone()
    assert row is not None
    found: int = row[0]
    return found


async def add(store: Connections, id_: UUID, account_id: int, draft: Mapping[str, Any]) -> Automation:
    """Save a new one.

    Raises:
        ConflictError: its key is taken.
    """
    try:
        async with store.connection() as conn, conn.cursor(row_factory=class_row(Automation)) as cursor:
            await cursor.execute(
                f"""insert into automations (id, account_id, key, name, draft) values (%s, %s, %s, %s, %s)
                    returning {_COLUMNS}""",  # noqa: S608 - a constant of ours
                (id_, account_id, draft["key"], draft["name"], Json(dict(draft))),
            )
            made = await cursor.fetchone()
    except UniqueViolation:
        message = f"there is an automation {draft['key']!r} already: PUT its draft, or choose another key"
        raise ConflictError("key_taken", message) from None
    assert made is not None
    return made


async def save_draft(store: Connections, id_: UUID, draft: Mapping[str, Any]) -> Automation:
    """Replace what is saved and not published."""
    return await _write(store, id_, "draft = %s", (Json(dict(draft)),))


async def drop_draft(store: Connections, id_: UUID) -> Automation:
    """Have nothing be changed since it was published."""
    return await _write(store, id_, "draft = null", ())


async def set_state(store: Connections, id_: UUID, state: str) -> Automation:
    """Have it be active, paused or archived."""
    return await _write(store, id_, "state = %s, paused_for = null", (state,))


async def publish(store: Connections, id_: UUID, made: Version) -> Automation:
    """Add a version or a revision of the newest one; the draft is published with it."""
    await _add_version(store, id_, made)
    changes = "draft = null, version = %s, revision = %s, name = %s, moves_to = coalesce(%s, moves_to), "
    changes += "state = case when state = 'draft' then 'active' else state end"
    moves_to = made.version if made.people == "migrate" else None
    return await _write(store, id_, changes, (made.version, made.revision, made.definition["name"], moves_to))


async def patch_older(store: Connections, id_: UUID, made: Version) -> Automation:
    """Add a revision of a version that is not the newest; the draft is published with it."""
    await _add_version(store, id_, made)
    return await _write(store, id_, "draft = null", ())


async def _add_version(store: Connections, id_: UUID, made: Version) -> None:
    async with store.connection() as conn:
        await conn.execute(
            f"insert into automation_versions (automation_id, {_VERSION}) values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",  # noqa: S608
            (
                *(id_, made.version, made.revision, Json(made.definition), made.note),
                *(Jsonb(made.author), made.published_at, made.people, Jsonb(made.map)),
            ),
        )


async def _write(store: Connections, id_: UUID, changes: str, values: tuple[Any, ...]) -> Automation:
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Automation)) as cursor:
        await cursor.execute(
            f"""update automations set {changes}, updated_at = clock_timestamp() where id = %s
                returning {_COLUMNS}""",  # noqa: S608 - constants of ours
            (*values, id_),
        )
        written = await cursor.fetchone()
    assert written is not None
    return written


async def version(store: Connections, id_: UUID, number: int, revision: int) -> Version | None:
    """A revision of a version."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Version)) as cursor:
        await cursor.execute(
            f"""select {_VERSION} from automation_versions
                where automation_id = %s and version = %s and revision = %s""",  # noqa: S608 - a constant of ours
            (id_, number, revision),
        )
        return await cursor.fetchone()


async def versions(store: Connections, id_: UUID, below: tuple[int, int] | None, limit: int) -> Sequence[Version]:
    """All revisions, the newest first."""
    version, revision = below or (None, None)
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Version)) as cursor:
        await cursor.execute(
            f"""select {_VERSION} from automation_versions
                where automation_id = %(id)s
                  and (%(version)s::integer is null or (version, revision) < (%(version)s, %(revision)s))
                order by version desc, revision desc limit %(limit)s""",  # noqa: S608 - a constant of ours
            {"id": id_, "version": version, "revision": revision, "limit": limit},
        )
        return await cursor.fetchall()


async def set_triggers(store: Connections, automation: Automation, named: Sequence[tuple[str, str]]) -> None:
    """What begins its runs from now on: kinds and names; none while it is not active."""
    async with store.connection() as conn:
        await conn.execute("delete from automation_triggers where automation_id = %s", (automation.id,))
        await conn.execute(
            """insert into automation_triggers (automation_id, place, account_id, kind, name)
               select %s, t.place, %s, t.kind, t.name
               from unnest(%s::text[], %s::text[]) with ordinality as t (kind, name, place)""",
            (automation.id, automation.account_id, [kind for kind, _ in named], [name for _, name in named]),
        )


async def set_goal(store: Connections, id_: UUID, event: str | None) -> None:
    """Have an event be its goal."""
    async with store.connection() as conn:
        await conn.execute(
            "update automations set goal = %s where id = %s and goal is distinct from %s", (event, id_, event)
        )


async def listen(store: Connections, account_id: int, names: Sequence[str]) -> None:
    """Have events of these names be looked at."""
    async with store.connection() as conn:
        await conn.execute(
            """insert into automation_event_names (account_id, name)
               select %s, n from unnest(%s::text[]) as n on conflict do nothing""",
            (account_id, sorted(names)),
        )


async def triggered_by(store: Connections, account_id: int, kind: str, name: str) -> Sequence[tuple[Automation, int]]:
    """Active automations whose runs this begins, with the trigger's place in the definition."""
    columns = ", ".join(f"a.{name.strip()}" for name in _COLUMNS.split(","))
    async with store.connection() as conn, conn.cursor() as cursor:
        await cursor.execute(
            f"""select {columns}, t.place - 1 from automation_triggers t join automations a on a.id = t.automation_id
                where t.account_id = %s and t.kind = %s and t.name = %s and a.state = 'active'
                order by a.id, t.place""",  # noqa: S608 - constants of ours
            (account_id, kind, name),
        )
        found: dict[UUID, tuple[Automation, int]] = {}
        for *row, place in await cursor.fetchall():
            one = Automation(*row)
            found.setdefault(one.id, (one, place))
        return list(found.values())
