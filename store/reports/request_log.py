"""The log of requests: written in groups, read by staff and by the accounts whose keys they carried."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from store.accounts.account_lists import containing
from store.pool import Connections, Pool


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A request that was answered."""

    at: datetime
    request_id: str
    account_id: int | None
    """Of its key; ``None``: it carried none that is known."""
    key_id: str | None
    method: str
    path: str
    status: int
    milliseconds: float
    ip: str
    code: str | None
    """Of its error."""
    ids: list[str]
    """That its answer gave."""
    body: str | None
    """Redacted."""
    errors: list[dict[str, str]] | None = None
    """Redacted: of each its ``code``, ``pointer`` and ``message``."""


@dataclass(frozen=True, slots=True)
class Entry(NewEntry):
    """A stored one."""

    id: int = 0


@dataclass(frozen=True, slots=True)
class Filter:
    """Which requests are listed; ``None``: all."""

    account_id: int | None = None
    key_id: str | None = None
    status: int | None = None
    """Its first digit."""
    method: str | None = None
    path: str | None = None
    """What it begins with."""
    after: datetime | None = None
    """Then or later."""
    before: datetime | None = None
    """Earlier."""
    request_id: str | None = None


_COLUMNS = ", ".join(field.name for field in fields(NewEntry))
_CONDITIONS = {
    "account_id": "account_id = %(account_id)s",
    "key_id": "key_id = %(key_id)s",
    "status": "status / 100 = %(status)s",
    "method": "method = %(method)s",
    "path": "path like %(path)s",
    "after": "at >= %(after)s",
    "before": "at < %(before)s",
    "request_id": "request_id = %(request_id)s",
}


async def write(pool: Pool, entries: Sequence[NewEntry]) -> None:
    """Store entries, all or none."""
    async with (
        pool.connection() as conn,
        conn.cursor() as cursor,
        cursor.copy(f"copy request_log ({_COLUMNS}) from stdin") as copy,
    ):
        for entry in entries:
            await copy.write_row([_stored(getattr(entry, field.name)) for field in fields(NewEntry)])


def _stored(value: object) -> object:
    """As ``copy`` takes it: a list of objects is JSON, one of texts an array."""
    return Jsonb(value) if isinstance(value, list) and value and isinstance(value[0], dict) else value


async def page(pool: Connections, wanted: Filter, below: int, limit: int) -> list[Entry]:
    """Requests with smaller ids than ``below``, the newest first."""
    given = {name: value for name, value in asdict(wanted).items() if value is not None}
    conditions = "".join(f" and {_CONDITIONS[name]}" for name in given)
    if wanted.path is not None:
        given["path"] = (containing(wanted.path) or "")[1:]
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Entry)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS}, id from request_log where id < %(below)s{conditions}
                order by id desc limit %(limit)s""",  # noqa: S608 - constants of ours
            given | {"below": below, "limit": limit},
        )
        return await cursor.fetchall()
