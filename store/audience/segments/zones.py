"""Time zones that both PostgreSQL and Python know: their lists differ, and the name of no zone is an error."""

from functools import cache
from typing import Final
from zoneinfo import available_timezones

from store.connection import Connection

_known: Final[dict[str, tuple[str, ...]]] = {}


async def known_zones(conn: Connection) -> tuple[str, ...]:
    """Their names; read once, as PostgreSQL opens a file for each."""
    if "zones" not in _known:
        rows = await (await conn.execute("select name from pg_timezone_names")).fetchall()
        _known["zones"] = tuple(sorted({name for (name,) in rows} & _of_python()))
    return _known["zones"]


@cache
def _of_python() -> frozenset[str]:
    return frozenset(available_timezones())
