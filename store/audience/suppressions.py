"""Recipients who get no more messages from an account on a channel, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

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
    until: datetime | None = None
    """When it ends; ``None``: never by itself."""
    uid: UUID | None = None
    """The message that it followed from, where that is known."""


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

_COLUMNS = "account_id, channel, recipient, reason, created_at, until, uid"
_CONDITIONS = {
    "account_id": "account_id = %(account_id)s",
    "channel": "channel = %(channel)s",
    "recipient": """recipient_key(channel, recipient)
                    in (recipient_key('email', %(recipient)s), recipient_key('sms', %(recipient)s))""",
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


async def write(
    store: Connections, account_id: int, channel: str, recipient: str, reason: str, until: datetime | None
) -> Suppression:
    """Write a suppression over the one that is there, in whatever spelling."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Suppression)) as cursor:
        values = {"account": account_id, "channel": channel, "to": recipient, "reason": reason, "until": until}
        await cursor.execute(
            f"""update suppressions set reason = %(reason)s, until = %(until)s
                where account_id = %(account)s and channel = %(channel)s
                    and recipient_key(channel, recipient) = recipient_key(%(channel)s, %(to)s)
                returning {_COLUMNS}""",  # noqa: S608 - a constant of ours
            values,
        )
        written = await cursor.fetchone()
        if written is None:
            await cursor.execute(
                f"""insert into suppressions (account_id, channel, recipient, reason, until)
                    values (%(account)s, %(channel)s, %(to)s, %(reason)s, %(until)s)
                    on conflict (account_id, channel, recipient) do update
                        set reason = excluded.reason, until = excluded.until
                    returning {_COLUMNS}""",  # noqa: S608 - a constant of ours
                values,
            )
            written = await cursor.fetchone()
    assert written is not None
    return written


async def add_many(
    store: Connections,
    account_id: int,
    channels: list[str],
    recipients: list[str],
    reasons: list[str],
    created_at: list[datetime | None],
    until: list[datetime | None],
    uids: list[UUID | None],
) -> int:
    """Suppress many; who is suppressed already, in whatever spelling, stays so. Returns how many are new."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """insert into suppressions (account_id, channel, recipient, reason, created_at, until, uid)
               select distinct on (u.channel, recipient_key(u.channel, u.recipient))
                   %(account)s, u.channel, u.recipient, u.reason, coalesce(u.created_at, now()), u.until, u.uid
               from unnest(%(channels)s::text[], %(recipients)s::text[], %(reasons)s::text[],
                           %(created_at)s::timestamptz[], %(until)s::timestamptz[], %(uids)s::uuid[])
                   with ordinality as u (channel, recipient, reason, created_at, until, uid, n)
               where coalesce(u.until > now(), true)
                 and not exists (select from suppressions s where s.account_id = %(account)s and s.channel = u.channel
                                 and recipient_key(s.channel, s.recipient) = recipient_key(u.channel, u.recipient)
                                 and (s.until is null or u.until is not null))
               order by u.channel, recipient_key(u.channel, u.recipient), u.until desc, u.n
               on conflict do nothing""",
            {
                "account": account_id,
                "channels": channels,
                "recipients": recipients,
                "reasons": reasons,
                "created_at": created_at,
                "until": until,
                "uids": uids,
            },
        )
        return cursor.rowcount


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


async def of_addresses(store: Connections, account_id: int, addresses: Mapping[str, str]) -> dict[str, Suppression]:
    """By channel, what holds messages back now, of addresses by channel: what ends last."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Suppression)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from unnest(%s::text[], %s::text[]) as of (on_channel, address)
                join suppressions s on s.account_id = %s and s.channel = of.on_channel
                    and recipient_key(s.channel, s.recipient) = recipient_key(of.on_channel, of.address)
                where s.until is null or s.until > clock_timestamp() order by s.until""",  # noqa: S608 - constants of ours
            (list(addresses), list(addresses.values()), account_id),
        )
        return {one.channel: one for one in await cursor.fetchall()}


async def suppress_for(
    store: Connections,
    account_id: int,
    channel: str,
    recipient: str,
    reason: str,
    length: timedelta | None,
    uid: UUID | None,
) -> None:
    """Suppress a recipient for some time, or for good (``None``). Who is suppressed for good stays so."""
    async with store.connection() as conn:
        await conn.execute(
            """insert into suppressions as s (account_id, channel, recipient, reason, until, uid)
               values (%s, %s, %s, %s, clock_timestamp() + %s, %s)
               on conflict (account_id, channel, recipient) do update
                   set reason = excluded.reason, until = excluded.until, uid = excluded.uid,
                       created_at = excluded.created_at
                   where s.until is not null""",
            (account_id, channel, recipient, reason, length, uid),
        )


async def end_own(store: Connections, account_id: int, channel: str, recipient: str, reasons: Sequence[str]) -> None:
    """End what a recipient asked for itself, in any spelling, if it is there for one of these reasons."""
    async with store.connection() as conn:
        await conn.execute(
            """delete from suppressions where account_id = %(account)s and channel = %(channel)s
                   and recipient_key(channel, recipient) = recipient_key(%(channel)s, %(recipient)s)
                   and reason = any(%(reasons)s)""",
            {"account": account_id, "channel": channel, "recipient": recipient, "reasons": list(reasons)},
        )
