"""Where leads come from."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from domain.errors import ConflictError
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Source:
    """A page, a form or an ad account."""

    id: UUID
    account_id: int
    key: str
    """By which settings files and automations name it."""
    kind: str
    name: str
    settings: dict[str, Any]
    sealed: bytes | None = field(repr=False)
    """Its credentials (``sealing``)."""
    edition: int
    """Of the credentials."""
    state: str
    """``active``, ``parked``, ``disabled``."""
    parked_code: str | None
    parked_reason: str | None
    parked_at: datetime | None
    held_until: datetime | None
    token_until: datetime | None
    told: dict[str, Any]
    fetched_at: datetime | None
    last_lead_at: datetime | None
    backfilled_at: datetime | None
    unknown: int
    """Posts about a form that is not its own."""
    refused: int
    last_refused_at: datetime | None
    last_refused: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class NewSource:
    """One to be added."""

    id: UUID
    account_id: int
    key: str
    kind: str
    name: str
    settings: Mapping[str, Any]
    sealed: bytes | None = field(repr=False)
    names: Sequence[str] = ()
    """By which posts name it."""


_COLUMNS = """s.id, s.account_id, s.key, s.kind, s.name, s.settings, s.sealed, s.edition, s.state, s.parked_code,
    s.parked_reason, s.parked_at, s.held_until, s.token_until, s.told, s.fetched_at, s.last_lead_at, s.backfilled_at,
    s.unknown, s.refused, s.last_refused_at, s.last_refused, s.created_at, s.updated_at"""
_FROM = f"select {_COLUMNS} from lead_sources s "  # noqa: S608 - a constant


async def add(store: Connections, new: NewSource) -> None:
    """Add one. In a transaction.

    Raises:
        ConflictError: there is one with this key.
    """
    try:
        async with store.connection() as conn:
            await conn.execute(
                """insert into lead_sources (id, account_id, key, kind, name, settings, sealed)
                   values (%s, %s, %s, %s, %s, %s, %s)""",
                (new.id, new.account_id, new.key, new.kind, new.name, Jsonb(new.settings), new.sealed),
            )
    except UniqueViolation:
        message = f"there is a source {new.key!r} already: choose another name"
        raise ConflictError("lead_source_taken", message) from None
    await name(store, new.id, new.kind, new.names)


async def name(store: Connections, source_id: UUID, kind: str, names: Collection[str]) -> None:
    """Have posts name it by these, and no others."""
    async with store.connection() as conn:
        await conn.execute("delete from lead_source_names where source_id = %s", (source_id,))
        await conn.execute(
            """insert into lead_source_names (kind, name, source_id)
               select %s, n.name, %s from unnest(%s::text[]) as n (name)""",
            (kind, source_id, sorted(set(names))),
        )


async def count(store: Connections, account_id: int) -> int:
    """How many an account has."""
    async with store.connection() as conn:
        cursor = await conn.execute("select count(*) from lead_sources where account_id = %s", (account_id,))
        row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def page(store: Connections, account_id: int, before: UUID | None, limit: int) -> Sequence[Source]:
    """Those of an account, newest first."""
    return await _read(
        store,
        "where s.account_id = %s and (%s::uuid is null or s.id < %s) order by s.id desc limit %s",
        (account_id, before, before, limit),
    )


async def of_id(store: Connections, source_id: UUID, *, lock: bool = False) -> Source | None:
    """One, whoever's it is; ``lock``: nobody else changes it until the transaction ends."""
    found = await _read(store, "where s.id = %s for no key update" if lock else "where s.id = %s", (source_id,))
    return found[0] if found else None


async def of_ids(store: Connections, source_ids: Collection[UUID]) -> Mapping[UUID, Source]:
    """Several, whoever's they are."""
    found = await _read(store, "where s.id = any(%s)", (list(source_ids),))
    return {one.id: one for one in found}


async def find(store: Connections, account_id: int, named: str, *, lock: bool = False) -> Source | None:
    """One of an account, by its id or its key."""
    which: LiteralString = "where s.account_id = %s and (s.id::text = lower(%s) or s.key = %s)"
    found = await _read(store, which + (" for no key update" if lock else ""), (account_id, named, named))
    return found[0] if found else None


async def known_keys(store: Connections, account_id: int, keys: Collection[str]) -> frozenset[str]:
    """Those of these keys that an account has a source of."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            "select key from lead_sources where account_id = %s and key = any(%s)", (account_id, list(keys))
        )
        return frozenset(key for (key,) in await cursor.fetchall())


async def named(store: Connections, kind: str, names: Collection[str]) -> Mapping[str, Sequence[Source]]:
    """Those that posts name by these; what was disabled included."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            "select name, source_id from lead_source_names where kind = %s and name = any(%s) order by source_id",
            (kind, list(names)),
        )
        rows = await cursor.fetchall()
    sources = {one.id: one for one in await _read(store, "where s.id = any(%s)", ([id_ for _, id_ in rows],))}
    found: dict[str, list[Source]] = {}
    for said, source_id in rows:
        if source_id in sources:  # it was not deleted meanwhile
            found.setdefault(said, []).append(sources[source_id])
    return found


async def change(store: Connections, source_id: UUID, name_: str, settings: Mapping[str, Any], state: str) -> None:
    """Set its name, settings and state."""
    async with store.connection() as conn:
        await conn.execute(
            """update lead_sources set name = %s, settings = %s, state = %s, updated_at = clock_timestamp()
               where id = %s""",
            (name_, Jsonb(settings), state, source_id),
        )


async def set_credentials(store: Connections, source_id: UUID, sealed: bytes | None) -> None:
    """Give it other credentials: what parked it counts no more, and all that waits is looked at."""
    async with store.connection() as conn:
        await conn.execute(
            """update lead_sources
               set sealed = %s, edition = edition + 1, held_until = null, token_until = null,
                   told = told - 'parked' - 'token' - 'meta_user', updated_at = clock_timestamp()
               where id = %s""",
            (sealed, source_id),
        )
    await resume(store, source_id)


async def resume(store: Connections, source_id: UUID) -> None:
    """Have it go on, and look for what was missed."""
    async with store.connection() as conn:
        await conn.execute(
            """update lead_sources
               set state = case state when 'parked' then 'active' else state end, parked_code = null,
                   parked_reason = null, parked_at = null, catch_up_at = clock_timestamp()
               where id = %s""",
            (source_id,),
        )


async def mended(store: Connections, source_id: UUID, edition: int) -> None:
    """Its provider answers again, though nobody changed anything here."""
    async with store.connection() as conn:
        await conn.execute(
            """update lead_sources
               set state = 'active', parked_code = null, parked_reason = null, parked_at = null, told = told - 'parked'
               where id = %s and edition = %s and state = 'parked'""",
            (source_id, edition),
        )


async def note_backfilled(store: Connections, source_id: UUID, at: datetime) -> None:
    """All leads that its provider got before are known."""
    async with store.connection() as conn:
        await conn.execute("update lead_sources set backfilled_at = %s where id = %s", (at, source_id))


async def park(store: Connections, source_id: UUID, edition: int, code: str, reason: str) -> bool:
    """Have its leads wait until somebody mends its access. Returns whether it is new: one who finds it parked, or with
    other credentials by now, changes nothing."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """update lead_sources
               set state = 'parked', parked_code = %s, parked_reason = %s, parked_at = clock_timestamp()
               where id = %s and edition = %s and state = 'active'""",
            (code, reason, source_id, edition),
        )
        return cursor.rowcount == 1


async def hold(store: Connections, source_id: UUID, edition: int, seconds: float) -> None:
    """Have nobody ask its provider for some time."""
    async with store.connection() as conn:
        await conn.execute(
            """update lead_sources
               set held_until = greatest(held_until, clock_timestamp() + %s * interval '1 second')
               where id = %s and edition = %s""",
            (seconds, source_id, edition),
        )


async def fetched(store: Connections, source_id: UUID) -> None:
    """A lead of it was fetched. Noted once a second at most: many are."""
    async with store.connection() as conn:
        await conn.execute(
            """update lead_sources set fetched_at = clock_timestamp()
               where id = %s and (fetched_at is null or fetched_at < clock_timestamp() - interval '1 second')""",
            (source_id,),
        )


async def due(store: Connections) -> Sequence[tuple[UUID, datetime]]:
    """Those whose parked and missed leads are to be looked for, and since when."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select id, catch_up_at from lead_sources where catch_up_at <= clock_timestamp()
               order by catch_up_at limit 100"""
        )
        return [(source_id, at) for source_id, at in await cursor.fetchall()]


async def note_looked(store: Connections, source_id: UUID, at: datetime) -> None:
    """Somebody looks for them: next time in about a day, not that of all sources at once; in an hour if it is parked,
    as its access may be mended at the provider; sooner if it was asked for meanwhile."""
    async with store.connection() as conn:
        await conn.execute(
            """update lead_sources
               set catch_up_at = clock_timestamp() + interval '1 hour' * case state
                       when 'parked' then 1 else 20 + 8 * random() end
               where id = %s and catch_up_at = %s""",
            (source_id, at),
        )


async def remove(store: Connections, source_id: UUID) -> None:
    """Delete it, with its leads."""
    async with store.connection() as conn:
        await conn.execute("delete from lead_sources where id = %s", (source_id,))


async def note_refused(store: Connections, noted: Mapping[UUID, tuple[int, datetime, str]]) -> None:
    """Count posts that were not accepted: by source, how many, when the last one came, and why it was refused."""
    await _count(
        store,
        """update lead_sources s
           set refused = s.refused + n.count, last_refused_at = n.at, last_refused = n.why
           from unnest(%s::uuid[], %s::bigint[], %s::timestamptz[], %s::text[]) as n (id, count, at, why)
           where s.id = n.id""",
        noted,
    )


async def note_unknown(store: Connections, noted: Mapping[UUID, tuple[int, datetime, str]]) -> None:
    """Count posts that were about what is not its own, in the same way."""
    await _count(
        store,
        """update lead_sources s set unknown = s.unknown + n.count
           from unnest(%s::uuid[], %s::bigint[], %s::timestamptz[], %s::text[]) as n (id, count, at, why)
           where s.id = n.id""",
        noted,
    )


async def _count(store: Connections, statement: LiteralString, noted: Mapping[UUID, tuple[int, datetime, str]]) -> None:
    rows = sorted(noted.items())
    columns = zip(*(of for _, of in rows), strict=True)
    async with store.connection() as conn:
        await conn.execute(statement, ([id_ for id_, _ in rows], *(list(column) for column in columns)))


async def _read(store: Connections, which: LiteralString, values: tuple[object, ...]) -> list[Source]:
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Source)) as cursor:
        await cursor.execute(_FROM + which, values)
        return await cursor.fetchall()
