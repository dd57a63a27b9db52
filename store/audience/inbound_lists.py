"""Lists of messages from people: an account's own, and everybody's for staff."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from store.pool import Connections, Pool


@dataclass(frozen=True, slots=True)
class Listed:
    """An inbound message."""

    id: UUID
    account_id: int
    """Of the gateway that it came through."""
    channel: str
    gateway: str | None
    sender: str
    recipient: str
    name: str | None
    body: str
    media: list[str]
    answers: str | None
    keyword: str | None
    type: str
    content: dict[str, Any] | None
    sender_id: str | None
    at: datetime
    received_at: datetime


_LISTED = """
select i.id, i.account_id, i.channel, g.identifier as gateway, i.sender, i.recipient, i.name, i.body, i.media,
       i.answers, i.keyword, coalesce(i.kind, 'text') as type, i.content, i.sender_id, i.at, i.received_at
from inbound_messages i left join gateways g on g.id = i.gateway_id
"""

_LIST = f"""
{_LISTED} where i.account_id = %(account)s
  and (%(channel)s::text is null or i.channel = %(channel)s)
  and (%(sender)s::text is null or i.sender = %(sender)s or i.sender_id = %(sender)s)
  and (%(after)s::uuid is null
       or (i.received_at, i.id) < (select a.received_at, a.id from inbound_messages a
                                   where a.id = %(after)s and a.account_id = %(account)s))
order by i.received_at desc, i.id desc limit %(limit)s
"""  # noqa: S608 - a constant of ours


async def own(
    pool: Pool, account_id: int, channel: str | None, sender: str | None, after: UUID | None, limit: int
) -> Sequence[Listed]:
    """An account's inbound messages, newest first; those after the one with the id ``after``."""
    asked: dict[str, Any] = {"account": account_id, "channel": channel, "sender": sender, "after": after}
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Listed)) as cursor:
        await cursor.execute(_LIST, asked | {"limit": limit})
        return await cursor.fetchall()


@dataclass(frozen=True, slots=True)
class Filter:
    """Which are listed for staff; ``None``: all."""

    account_id: int | None = None
    channel: str | None = None
    sender: str | None = None
    keyword: str | None = None
    after: datetime | None = None
    before: datetime | None = None


_CONDITIONS = {
    "account_id": "i.account_id = %(account_id)s",
    "channel": "i.channel = %(channel)s",
    "sender": "i.sender = any(spellings('sms', %(sender)s))",
    "keyword": "i.keyword = %(keyword)s",
    "after": "i.received_at >= %(after)s",
    "before": "i.received_at < %(before)s",
}


async def page(pool: Connections, wanted: Filter, place: tuple[datetime, UUID] | None, limit: int) -> Sequence[Listed]:
    """Messages to all accounts before a place, the newest first."""
    given = {name: value for name, value in asdict(wanted).items() if value is not None}
    conditions = [_CONDITIONS[name] for name in given]
    if place is not None:
        conditions.append("(i.received_at, i.id) < (%(at)s, %(id)s)")
        given |= {"at": place[0], "id": place[1]}
    where = f"where {' and '.join(conditions)}" if conditions else ""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Listed)) as cursor:
        await cursor.execute(
            f"{_LISTED} {where} order by i.received_at desc, i.id desc limit %(limit)s",
            given | {"limit": limit},
        )
        return await cursor.fetchall()
