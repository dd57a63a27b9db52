"""Recipients who get no more messages from an account on a channel, and why."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from psycopg.rows import class_row

from domain.errors import NotFoundError
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Suppression:
    """A recipient who gets no more messages."""

    account_id: int
    channel: str
    recipient: str
    reason: str
    """Such as ``opted_out``, ``unsubscribed``, ``bounced``, ``complained``, or what staff wrote."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Filter:
    """Which are listed; ``None``: all."""

    account_id: int | None = None
    channel: str | None = None
    recipient: str | None = None
    """In any of its spellings."""
    reason: str | None = None


Place = tuple[datetime, int, str, str]
"""Where one stands in the order of the list."""

_COLUMNS = "account_id, channel, recipient, reason, created_at"
_CONDITIONS = {
    "account_id": "account_id = %(account_id)s",
    "channel": "channel = %(channel)s",
    "recipient": "recipient = any(spellings('email', %(recipient)s) || spellings('sms', %(recipient)s))",
    "reason": "reason = %(reason)s",
}


async def page(pool: Connections, wanted: Filter, place: Place | None, limit: int) -> Sequence[Suppression]:
    """Those before a place, the newest first."""
    given = {name: value for name, value in asdict(wanted).items() if value is not None}
    conditions = [_CONDITIONS[name] for name in given]
    if place is not None:
        conditions.append("(created_at, account_id, channel, recipient) < (%(at)s, %(of)s, %(on)s, %(to)s)")
        given |= dict(zip(("at", "of", "on", "to"), place, strict=True))
    where = f"where {' and '.join(conditions)}" if conditions else ""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Suppression)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from suppressions {where}
                order by created_at desc, account_id desc, channel desc, recipient desc limit %(limit)s""",  # noqa: S608
            given | {"limit": limit},
        )
        return await cursor.fetchall()


async def add(pool: Connections, account_id: int, channel: str, recipient: str, reason: str) -> Suppression:
    """Suppress a recipient; who is suppressed already stays so, for the first reason."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Suppression)) as cursor:
        await cursor.execute(
            f"""insert into suppressions as s (account_id, channel, recipient, reason) values (%s, %s, %s, %s)
                on conflict (account_id, channel, recipient) do update set reason = s.reason
                returning {_COLUMNS}""",  # noqa: S608 - a constant of ours
            (account_id, channel, recipient, reason),
        )
        added = await cursor.fetchone()
    assert added is not None
    return added


async def remove(pool: Connections, account_id: int, channel: str, recipient: str) -> Suppression:
    """End a suppression, in whatever spelling it was written.

    Raises:
        NotFoundError: the recipient is not suppressed.
    """
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Suppression)) as cursor:
        await cursor.execute(
            f"""delete from suppressions where account_id = %(account)s and channel = %(channel)s
                    and recipient_key(channel, recipient) = recipient_key(%(channel)s, %(recipient)s)
                returning {_COLUMNS}""",  # noqa: S608 - a constant of ours
            {"account": account_id, "channel": channel, "recipient": recipient},
        )
        removed = await cursor.fetchone()
    if removed is None:
        raise NotFoundError("suppression_not_found", "this recipient is not suppressed on this channel")
    return removed
