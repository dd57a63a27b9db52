"""Inbound messages, recorded with the contacts that wrote them."""

from datetime import UTC, datetime
from uuid import UUID

from domain.messages.receipts import Inbound
from domain.text.keywords import Keyword
from store.connection import Connection

REPLY_DAYS = 30
"""How long after a message something that its recipient writes is taken for a reply to it."""

# Of a shared gateway a message is a reply to the account that sent last: nobody else learns of it.
_NOTE = """
with answered as (
    select m.account_id, m.uid from messages m
    where m.recipient = any(spellings(%(channel)s, %(sender)s)) and m.channel = %(channel)s
      and m.gateway_id = %(gateway)s and m.uid >= uid_at(clock_timestamp() - %(days)s * interval '1 day')
      and m.state not in ('scheduled', 'queued', 'processing', 'rejected', 'cancelled')
    order by coalesce(m.provider_id = %(answers)s, false) desc, m.uid desc limit 1
), heard as (
    select %(account)s::bigint as account_id, 'message.received' as name, null::uuid as uid
    union all select account_id, 'message.replied', uid from answered
)
insert into contact_events (account_id, contact_id, name, at, data, source)
select h.account_id, c.id, h.name, %(at)s,
       jsonb_strip_nulls(jsonb_build_object('channel', %(channel)s::text, 'keyword', %(keyword)s::text, 'uid', h.uid)),
       md5(concat_ws('|', h.name, %(gateway)s::text, %(key)s::text))::uuid
from heard h
cross join lateral contacts_at(h.account_id, %(channel)s, recipient_key(%(channel)s, %(sender)s)) as found (id)
join contacts c on c.id = found.id
order by h.name for key share of c
on conflict do nothing
"""


async def note(
    conn: Connection, gateway_id: UUID, account_id: int, channel: str, inbound: Inbound, keyword: Keyword | None
) -> None:
    """Record a message with its sender's contacts: of the gateway's account, and of who last sent to the sender."""
    await conn.execute(
        _NOTE,
        {
            "gateway": gateway_id,
            "account": account_id,
            "channel": channel,
            "sender": inbound.sender,
            "answers": inbound.answers,
            "keyword": keyword,
            "at": datetime.fromtimestamp(inbound.at, UTC),
            "key": inbound.key,
            "days": REPLY_DAYS,
        },
    )
