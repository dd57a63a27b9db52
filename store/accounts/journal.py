"""Reading the journal of credits."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Entry:
    """Why a wallet changed."""

    at: datetime
    channel: str
    kind: str
    """grant, deduct or transfer; of messages hold, capture, release or refund."""
    amount: int
    """Negative: a transfer to another account."""
    uid: UUID
    """The message, or the grant; a transfer has the same one in both accounts."""
    note: str | None
    other_account: int | None
    """Of a transfer: from whom, or to whom."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries are listed; ``None`` and empty: all that were granted, deducted or transferred."""

    kind: list[str] = field(default_factory=list)
    channel: str | None = None
    uid: UUID | None = None
    """All entries of this message or grant, whatever they are."""
    after: datetime | None = None
    before: datetime | None = None


Place = tuple[datetime, UUID, str]
"""Where an entry stands in the order of the list."""

_CONDITIONS = {
    "kind": "kind = any(%(kind)s::text[])",
    "channel": "channel = %(channel)s",
    "uid": "uid = %(uid)s",
    "after": "at >= %(after)s",
    "before": "at < %(before)s",
}


async def page(pool: Connections, account_id: int, wanted: Filter, place: Place | None, limit: int) -> list[Entry]:
    """Entries of an account before a place, the newest first."""
    given = {name: value for name, value in asdict(wanted).items() if value not in (None, [])}
    conditions = [_CONDITIONS[name] for name in given]
    if wanted.uid is None:
        conditions.append("kind in ('grant', 'deduct', 'transfer')")
    if place is not None:
        conditions.append("(at, uid, kind) < (%(place_at)s, %(place_uid)s, %(place_kind)s)")
        given |= {"place_at": place[0], "place_uid": place[1], "place_kind": place[2]}
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Entry)) as cursor:
        await cursor.execute(
            f"""select at, channel, kind, amount, uid, note, other_account from journal
                where account_id = %(account)s and {" and ".join(conditions)}
                order by at desc, uid desc, kind desc limit %(limit)s""",  # noqa: S608 - constants of ours
            given | {"account": account_id, "limit": limit},
        )
        return await cursor.fetchall()
