"""Inbound messages: stored once, and processed."""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

import orjson
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from domain.callbacks import EventType
from domain.ids import new_page_id
from domain.messages.page import ADMIN_ACCOUNT
from domain.messages.receipts import Inbound
from domain.text.keywords import Keyword
from store.audience import announced_mms, marketing, people
from store.audience.events import heard
from store.audience.keyword_sets import of_account
from store.callbacks import callbacks
from store.callbacks.callbacks import Notice
from store.pool import Pool

_CALLBACK_CHARACTERS = 4000
"""Characters of a message that callbacks carry; the rest is in the list."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A stored message, and the actions that follow from it."""

    account_id: int
    gateway: str
    """The gateway's identifier."""
    sender: str
    """The sender's number; the provider's id of the sender, if the number is unknown."""
    keyword: Keyword | None
    reply: str | None
    """The reply to send."""
    reply_page: UUID
    withdrawn: list[UUID]
    """Messages that must not be sent any more."""
    endpoints: set[UUID]
    """Customers' endpoints to wake."""
    rates_version: int | None
    """Of the rates of the account's plan, which the reply's price depends on; ``None``: it has none."""


_RECEIVER = """
select g.account_id, g.identifier, p.rates_version
from gateways g join accounts a on a.id = g.account_id left join plans p on p.id = a.plan_id where g.id = %s
"""


async def take(
    pool: Pool, gateway_id: UUID, channel: str, inbound: Inbound, after: UUID | None, limit: int
) -> Taken | None:
    """Store one message and apply its keyword, in one transaction; a repeat returns the same result.

    An opt-out withdraws at most ``limit`` messages, those whose uids follow ``after``. Returns ``None`` if the gateway
    is deleted, or the message only announces one that is known.
    """
    async with pool.connection() as conn, conn.transaction():
        row = await (await conn.execute(_RECEIVER, (gateway_id,))).fetchone()
        if row is None:
            return None
        account_id, gateway, rates_version = row
        keywords = await of_account(conn, account_id)
        keyword = Keyword(inbound.says) if inbound.says else keywords.meaning(inbound.body)
        inbound = await _with_number(conn, gateway_id, channel, inbound)
        id_ = _id(gateway_id, inbound)
        if await announced_mms.is_downloaded(conn, gateway_id, id_, inbound):
            return None
        page = await _keep(conn, id_, gateway_id, account_id, channel, inbound, keyword)
        await announced_mms.replace_announcement(conn, gateway_id, id_, inbound)
        if after is None:
            await heard.note(conn, gateway_id, gateway, account_id, channel, inbound, keyword)
        withdrawn = await _act(conn, keyword, gateway_id, channel, inbound, (after, limit))
        endpoints = await callbacks.queue(conn, [_notice(account_id, gateway, channel, inbound, keyword)])
    reply = keywords.replies.get(keyword) if keyword else None
    return Taken(account_id, gateway, inbound.sender, keyword, reply, page, withdrawn, endpoints, rates_version)


async def _with_number(conn: AsyncConnection[TupleRow], gateway_id: UUID, channel: str, inbound: Inbound) -> Inbound:
    """The message, with the sender's number if known: messages and opt-outs are stored by number."""
    id_, number = inbound.sender_id, inbound.sender
    if id_ is None:  # a number, but possibly in another form than ours
        dialled = await people.number_of(conn, gateway_id, number, None)
        return replace(inbound, sender=dialled, sender_id=number) if dialled else inbound
    if number == id_:
        found = await people.number_of(conn, gateway_id, id_, inbound.answers)
        if found is None:
            return inbound
        number = found
    await people.note(conn, channel, [(gateway_id, id_, number)])
    return replace(inbound, sender=number)


def _notice(account_id: int, gateway: str, channel: str, inbound: Inbound, keyword: Keyword | None) -> Notice:
    at = datetime.fromtimestamp(inbound.at, UTC)
    data = {
        "channel": channel,
        "gateway": gateway,
        "from": inbound.sender,
        "to": inbound.recipient,
        "name": inbound.name,
        "body": inbound.body[:_CALLBACK_CHARACTERS],
        "media": inbound.media,
        "keyword": keyword,
        "type": inbound.kind or "text",
        "content": orjson.loads(inbound.content) if inbound.content else None,
        "sender_id": inbound.sender_id,
        "user_id": None if account_id == ADMIN_ACCOUNT else account_id,
        "by_admin": account_id == ADMIN_ACCOUNT,
        "at": at,
    }
    return Notice(account_id, EventType.INBOUND_RECEIVED, None, at, data, f"{gateway}|{inbound.key}")


def _id(gateway_id: UUID, inbound: Inbound) -> UUID:
    return UUID(bytes=hashlib.sha256(f"{gateway_id}|{inbound.key}".encode()).digest()[:16])


async def _keep(
    conn: AsyncConnection[TupleRow],
    id_: UUID,
    gateway_id: UUID,
    account_id: int,
    channel: str,
    inbound: Inbound,
    keyword: Keyword | None,
) -> UUID:
    """Store the message. Returns the id of its reply's page, which is created only once."""
    cursor = await conn.execute(
        """insert into inbound_messages as i (id, gateway_id, account_id, channel, sender, recipient, name, body, media,
                                              answers, keyword, reply_page, at, kind, content, sender_id)
           values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s)
           on conflict (id) do update set id = i.id returning reply_page""",
        (
            id_,
            gateway_id,
            account_id,
            channel,
            inbound.sender,
            inbound.recipient,
            inbound.name,
            inbound.body.replace("\0", ""),
            list(inbound.media),
            inbound.answers,
            keyword,
            new_page_id(),
            datetime.fromtimestamp(inbound.at, UTC),
            inbound.kind,
            inbound.content,
            inbound.sender_id,
        ),
    )
    row = await cursor.fetchone()
    assert row is not None
    page: UUID = row[0]
    return page


async def _act(
    conn: AsyncConnection[TupleRow],
    keyword: Keyword | None,
    gateway_id: UUID,
    channel: str,
    inbound: Inbound,
    part: tuple[UUID | None, int],
) -> list[UUID]:
    names = [inbound.sender] if inbound.sender_id in (None, inbound.sender) else [inbound.sender, inbound.sender_id]
    if inbound.marketing:
        await marketing.choose(conn, gateway_id, channel, names, inbound.marketing)
    if keyword is Keyword.STOP:
        whom = (gateway_id, channel, inbound.sender)
        for other in names[1:]:
            await conn.execute(
                """insert into suppressions (account_id, channel, recipient, reason)
                   select a, %(channel)s, %(name)s, 'opted_out'
                   from accounts_heard(%(gateway)s, %(channel)s, %(name)s) as a on conflict do nothing""",
                {"gateway": gateway_id, "channel": channel, "name": other},
            )
        cursor = await conn.execute("select opt_out(%s, %s, %s, %s, %s)", (*whom, *part))
        return [uid for (uid,) in await cursor.fetchall()]
    if keyword is Keyword.START:
        await marketing.choose(conn, gateway_id, channel, names, "resume")
        await conn.execute(
            """delete from suppressions using unnest(%(names)s::text[]) as name
               where reason in ('opted_out', 'unsubscribed')
                 and account_id in (select accounts_heard(%(gateway)s, %(channel)s, name))
                 and channel = %(channel)s and recipient_key(channel, recipient) = recipient_key(%(channel)s, name)""",
            {"gateway": gateway_id, "channel": channel, "names": names},
        )
    return []
