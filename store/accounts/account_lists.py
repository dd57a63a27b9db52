"""Lists of accounts for staff."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from psycopg.rows import class_row

from store.accounts.accounts import ACCOUNT, Account
from store.pool import Connections

_LIKE = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})


@dataclass(frozen=True, slots=True)
class Filter:
    """Which accounts are listed; ``None``: all."""

    states: Sequence[str] = ()
    """Empty: all but the deleted ones."""
    text: str | None = None
    """A part of the address, the name, or the id in another system."""
    plan: str | None = None
    external_id: str | None = None
    email: str | None = None
    after: datetime | None = None
    """Created then or later."""
    before: datetime | None = None
    """Created earlier."""


_CONDITIONS = {
    "states": "a.status = any(%(states)s::text[])",
    "text": "(a.email ilike %(text)s or a.name ilike %(text)s or a.external_id ilike %(text)s)",
    "plan": "p.name = %(plan)s",
    "external_id": "a.external_id = %(external_id)s",
    "email": "lower(a.email) = lower(%(email)s)",
    "after": "a.created_at >= %(after)s",
    "before": "a.created_at < %(before)s",
}


async def page(pool: Connections, wanted: Filter, below: int, limit: int) -> list[Account]:
    """Accounts with smaller ids than ``below``, the newest first."""
    given = {name: value for name, value in asdict(wanted).items() if value is not None}
    given["states"] = list(wanted.states or ("active", "suspended"))
    if wanted.text is not None:
        given["text"] = containing(wanted.text)
    conditions = "".join(f" and {_CONDITIONS[name]}" for name in given)
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Account)) as cursor:
        await cursor.execute(
            f"{ACCOUNT} where a.id > 0 and a.id < %(below)s{conditions} order by a.id desc limit %(limit)s",
            given | {"below": below, "limit": limit},
        )
        return await cursor.fetchall()


def containing(text: str | None) -> str | None:
    """The pattern of ``like`` for what has this text in it; ``None``: everything."""
    return None if text is None else f"%{text.translate(_LIKE)}%"
