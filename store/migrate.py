"""Forward-only migrations: numbered SQL files, applied once each, in order, under a lock.

A file runs in one transaction. A file that begins with the line ``-- runs outside a transaction`` runs statement by
statement instead, and may do what a transaction forbids or what would block others in one: build indexes concurrently,
validate constraints. If the migrator is killed in such a file the file is run again, so each of its statements
must be safe to repeat.

No statement waits long for a lock that would block others behind it: one that does not get its lock at once is
cancelled and retried.
"""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from importlib.resources import files

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.errors import FaultError
from store.connection import Connection
from store.schema import statements
from store.schema.index_builds import build_index, builds_index
from store.schema.live_functions import apply_changed
from store.schema.locks import LOCK_TIMEOUT_MS, NO_LOCK, RETRY_EVERY, limit_lock_waits, retry_until_locked
from store.schema.partitions import make_ahead

OUTSIDE_TRANSACTION = "-- runs outside a transaction"
"""The first line of a file that runs statement by statement."""

GIVE_UP_AFTER = 600.0
"""Seconds of tries after which the migration fails: another transaction holds the lock."""

_LONGEST = 3600.0
"""Seconds that a statement may take: tables are large."""

_READ_TOGETHER = 5000
"""Messages whose failures are noted in one step."""

_LOCK = 0x78736E64  # "xsnd": serialises concurrent migrators

_LEDGER = """
create table if not exists schema_migrations (
    name text primary key, checksum text not null, applied_at timestamptz not null default now())
"""

_REPEATABLE = re.compile(
    r"""create\s(unique\s)?index\sconcurrently\sif\snot\sexists\s | create\sor\sreplace\s
      | create\stable\sif\snot\sexists\s | drop\sindex\sconcurrently\sif\sexists\s
      | drop\s(table|function|view|trigger)\sif\sexists\s
      | alter\stable\s\S+\s(validate\sconstraint|add\scolumn\sif\snot\sexists|drop\s(constraint|column)\sif\sexists)\s
    """,
    re.VERBOSE,
)
# Neither their lock nor waiting for it blocks readers or writers, so it need not be given up.
_NON_BLOCKING = re.compile(r"drop index concurrently |alter table \S+ validate constraint ")


class MigrationError(FaultError):
    """The migration failed: the message states what to do."""

    def __init__(self, message: str) -> None:
        super().__init__("migration", message)


def migrations() -> list[tuple[str, str]]:
    """Every migration of this version, as (name, SQL), in order."""
    folder = files("store") / "migrations"
    return [(f.name, f.read_text()) for f in sorted(folder.iterdir(), key=lambda f: f.name) if f.name.endswith(".sql")]


async def migrate(database_url: str, wanted: Iterable[tuple[str, str]] | None = None) -> list[str]:
    """Bring the database to this version's schema. Returns the names of the migrations and functions applied now.

    ``wanted`` stands in for this version's ``migrations``, without functions.

    Raises:
        MigrationError: an applied migration differs from its file, or a lock cannot be had.
    """
    applied_now: list[str] = []
    async with await Connection.to(database_url, "xsender-migrate", longest=_LONGEST) as conn:
        await _lock_migrations(conn)
        await conn.execute(_LEDGER)
        rows = await (await conn.execute("select name, checksum from schema_migrations")).fetchall()
        known: dict[str, str] = dict(rows)
        for name, text in migrations() if wanted is None else wanted:
            checksum = hashlib.sha256(text.encode()).hexdigest()
            if name in known:
                if known[name] != checksum:
                    raise MigrationError(f"{name} was changed after it was applied: restore the file, add a new one")
                continue
            apply = _apply_by_statement if text.startswith(OUTSIDE_TRANSACTION) else _apply_in_transaction
            await apply(conn, name, text, checksum)
            applied_now.append(name)
        if wanted is None:
            applied_now += await apply_changed(conn, known)
            await _make_partitions(conn)
            await _fill_failures(conn)
    return applied_now


async def _make_partitions(conn: Connection) -> None:
    try:
        await make_ahead(conn)
    except NO_LOCK as error:
        raise MigrationError(await _lock_kept(conn, "partitions")) from error


async def _fill_failures(conn: AsyncConnection[TupleRow]) -> None:
    """Fill the list of failures from messages that are older than it, in short steps, so that none waits for it."""

    async def step() -> bool:
        await limit_lock_waits(conn)
        row = await (await conn.execute("select fill_failures(%s)", (_READ_TOGETHER,))).fetchone()
        return bool(row and row[0])

    try:
        while await retry_until_locked(GIVE_UP_AFTER, step):
            pass
    except NO_LOCK as error:
        raise MigrationError(await _lock_kept(conn, "failures")) from error


async def _lock_migrations(conn: AsyncConnection[TupleRow]) -> None:
    """Wait until no other migrator runs.

    By polling: a session that waits inside a statement has a snapshot, and the other migrator's
    ``create index concurrently`` would wait for its end: a deadlock.
    """
    while True:
        row = await (await conn.execute("select pg_try_advisory_lock(%s)", (_LOCK,))).fetchone()
        if row and row[0]:
            return
        await asyncio.sleep(RETRY_EVERY)


async def _apply_in_transaction(conn: AsyncConnection[TupleRow], name: str, text: str, checksum: str) -> None:
    async def once() -> None:
        async with conn.transaction():
            await limit_lock_waits(conn)
            await conn.execute(text.encode())
            await _note_applied(conn, name, checksum)

    await _retry(conn, name, once)


async def _apply_by_statement(conn: AsyncConnection[TupleRow], name: str, text: str, checksum: str) -> None:
    parts = statements.split(text)
    for part in parts:
        if not _REPEATABLE.match(statements.without_literals(part)):
            raise MigrationError(f"{name}: this is not safe to repeat, so it belongs in a file of its own: {part}")
    for part in parts:
        if builds_index(part):
            await build_index(conn, part, partial(_retry, conn, name))
        else:
            await _retry(conn, name, partial(_run_alone, conn, part))
    await _note_applied(conn, name, checksum)


async def _run_alone(conn: AsyncConnection[TupleRow], statement: str) -> None:
    await limit_lock_waits(conn, 0 if _NON_BLOCKING.match(statements.without_literals(statement)) else LOCK_TIMEOUT_MS)
    await conn.execute(statement.encode())


async def _note_applied(conn: AsyncConnection[TupleRow], name: str, checksum: str) -> None:
    await conn.execute("insert into schema_migrations (name, checksum) values (%s, %s)", (name, checksum))


async def _retry(conn: AsyncConnection[TupleRow], name: str, step: Callable[[], Awaitable[None]]) -> None:
    try:
        await retry_until_locked(GIVE_UP_AFTER, step)
    except NO_LOCK as error:
        raise MigrationError(await _lock_kept(conn, name)) from error


async def _lock_kept(conn: AsyncConnection[TupleRow], name: str) -> str:
    cursor = await conn.execute(
        """select format('process %s (%s), since %s', pid, coalesce(nullif(application_name, ''), usename), xact_start)
           from pg_stat_activity
           where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null
           order by xact_start limit 3"""
    )
    oldest = "; ".join(text for (text,) in await cursor.fetchall()) or "none any more"
    return (
        f"{name}: a lock could not be had in time. The oldest open transactions are: {oldest}. "
        "End them (select pg_terminate_backend(…)) or wait for their end, then migrate again."
    )
