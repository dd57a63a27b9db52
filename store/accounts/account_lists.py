"""Lists of accounts for staff."""

from collections.abc import Sequence
from dataclasses import dataclass
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


_PAGE = f"""{ACCOUNT}
where a.id > 0 and a.id < %(below)s
    and a.status = any(%(states)s::text[])
    and (%(text)s::text is null or a.email ilike %(text)s or a.name ilike %(text)s or a.external_id ilike %(text)s)
    and (%(plan)s::text is null or p.name = %(plan)s)
    and (%(external_id)s::text is null or a.external_id = %(external_id)s)
    and (%(email)s::text is null or lower(a.email) = lower(%(email)s))
    and (%(after)s::timestamptz is null or a.created_at >= %(after)s)
    and (%(before)s::timestamptz is null or a.created_at < %(before)s)
order by a.id desc limit %(limit)s
"""


async def page(pool: Connections, wanted: Filter, below: int, limit: int) -> list[Account]:
    """Accounts with smaller ids than ``below``, the newest first."""
    values = {
        "below": below,
        "states": list(wanted.states or ("active", "suspended")),
        "text": None if wanted.text is None else f"%{wanted.text.translate(_LIKE)}%",
        "plan": wanted.plan,
        "external_id": wanted.external_id,
        "email": wanted.email,
        "after": wanted.after,
        "before": wanted.before,
        "limit": limit,
    }
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Account)) as cursor:
        await cursor.execute(_PAGE, values)
        return await cursor.fetchall()
