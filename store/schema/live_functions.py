"""SQL functions as they run: one file each in ``store/functions``, applied again whenever its text changes.

Migrations create tables; functions in them are outdated. To change a function, change its file. One whose
arguments or columns change gets a new name, or a migration that drops the old one once no release calls it:
the workers of the release before run on the new schema.
"""

import hashlib
from importlib.resources import files

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

_PREFIX = "functions/"
"""Prefix of their names in ``schema_migrations``."""


def live_functions() -> list[tuple[str, str]]:
    """Every function of this version, as (name in ``schema_migrations``, SQL)."""
    folder = files("store") / "functions"
    return [(f"{_PREFIX}{file.name}", file.read_text()) for file in sorted(folder.iterdir(), key=lambda f: f.name)]


async def apply_changed(conn: AsyncConnection[TupleRow], known: dict[str, str]) -> list[str]:
    """Apply the functions whose text has changed, in one transaction. Returns their names."""
    changed = {
        name: (text, checksum)
        for name, text in live_functions()
        if known.get(name) != (checksum := hashlib.sha256(text.encode()).hexdigest())
    }
    if not changed:
        return []
    async with conn.transaction():
        await conn.execute("set local check_function_bodies = off")  # they call each other
        for name, (text, checksum) in changed.items():
            await conn.execute(text.encode())
            await conn.execute(
                """insert into schema_migrations (name, checksum) values (%s, %s)
                   on conflict (name) do update set checksum = excluded.checksum, applied_at = now()""",
                (name, checksum),
            )
    return list(changed)
