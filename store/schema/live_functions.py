"""SQL functions as they run: one file each in ``store/functions``, put in place again whenever its text changes.

Migrations make tables; what they say of functions is history. To change a function, change its file. One whose
arguments or columns change gets a new name, or a migration that drops the old one when no release calls it any more:
the workers of the release before run on the new schema.
"""

import hashlib
from importlib.resources import files

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

_PREFIX = "functions/"
"""Before their names in the ledger of migrations."""


def live_functions() -> list[tuple[str, str]]:
    """Every function of this version, as (name in the ledger, SQL)."""
    folder = files("store") / "functions"
    return [(f"{_PREFIX}{file.name}", file.read_text()) for file in sorted(folder.iterdir(), key=lambda f: f.name)]


async def put_in_place(conn: AsyncConnection[TupleRow], known: dict[str, str]) -> list[str]:
    """Put those in place whose text is not that of the ledger, all of them or none. Returns their names."""
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
