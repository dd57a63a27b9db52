"""Forward-only migrations: numbered SQL files, applied once each, in order, under a lock."""

import hashlib
from importlib.resources import files

from store.connection import Connection

_LOCK = 0x78736E64  # "xsnd": two migrators at a time take turns

_LONGEST = 3600.0
"""Seconds that a statement may take: large tables, and another migrator's turn."""

_LEDGER = """
create table if not exists schema_migrations (
    name text primary key, checksum text not null, applied_at timestamptz not null default now())
"""


class MigrationError(Exception):
    """The database and this version's migrations do not fit together."""


def migrations() -> list[tuple[str, str]]:
    """Every migration of this version, as (name, SQL), in order."""
    folder = files("store") / "migrations"
    return [(f.name, f.read_text()) for f in sorted(folder.iterdir(), key=lambda f: f.name) if f.name.endswith(".sql")]


async def migrate(database_url: str) -> list[str]:
    """Bring the database to this version's schema. Returns the names of the migrations applied now.

    Raises:
        MigrationError: an applied migration differs from its file.
    """
    applied_now: list[str] = []
    async with await Connection.to(database_url, "xsender-migrate", longest=_LONGEST) as conn:
        await conn.execute("select pg_advisory_lock(%s)", (_LOCK,))
        await conn.execute(_LEDGER)
        rows = await (await conn.execute("select name, checksum from schema_migrations")).fetchall()
        known: dict[str, str] = dict(rows)
        for name, sql in migrations():
            checksum = hashlib.sha256(sql.encode()).hexdigest()
            if name in known:
                if known[name] != checksum:
                    raise MigrationError(f"{name} was changed after it was applied: restore the file, add a new one")
                continue
            async with conn.transaction():
                await conn.execute(sql.encode())
                await conn.execute("insert into schema_migrations (name, checksum) values (%s, %s)", (name, checksum))
            applied_now.append(name)
    return applied_now
