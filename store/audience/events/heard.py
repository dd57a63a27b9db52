"""Inbound messages, recorded with the contacts that wrote them."""

from datetime import UTC, datetime
from uuid import UUID

from domain.messages.receipts import Inbound
from domain.text.keywords import Keyword
from store.connection import Connection

REPLY_DAYS = 30
"""How long after a message something that its recipient writes is taken for a reply to it."""

TEXT_CHARACTERS = 1_000
"""Of a message that events keep."""
STRANGER = "automation.stranger"
"""What the queue of automations calls a message from somebody who is no contact."""

# Of a shared gateway a message is a reply to the account that sent last: nobody else learns of it.
_NOTE = """
with answered as (
    select m.account_id, m.uid from messages m
    where m.recipient = any(spellings(%(channel)s, %(sender)s)) and m.channel = %(channel)s
      and m.gateway_id = %(gateway)s and m.uid >= uid_at(clock_timestamp() - %(days)s * interval '1 day')
      and m.state not in ('scheduled', 'queued', 'processing', 'rejected', 'cancelled')
    order by coalesce(m.provider_id = %(answers)s, false) desc, m.uid desc limit 1
), said as (
    select jsonb_build_object('text', %(text)s::text, 'gateway', %(gateway_name)s::text) as more
    where exists (select from automation_event_names where account_id = %(account)s and name = 'message.received')
), heard as (
    select %(account)s::bigint as account_id, 'message.received' as name, null::uuid as uid,
           (select more from said) as more
    union all select account_id, 'message.replied', uid, null from answered
), stranger as (
    insert into automation_events (account_id, contact_id, name, at, data, source)
    select %(account)s, md5(concat_ws('|', 'stranger', %(gateway)s::text, %(key)s::text))::uuid, %(stranger)s, %(at)s,
           more || jsonb_build_object('channel', %(channel)s::text, 'sender', %(sender)s::text,
               'source', md5(concat_ws('|', 'message.received', %(gateway)s::text, %(key)s::text))::uuid),
           md5(concat_ws('|', 'stranger', %(gateway)s::text, %(key)s::text))::uuid
    from said
    where exists (select from automation_triggers where account_id = %(account)s and kind = 'inbound')
      and %(keyword)s::text is distinct from 'stop'
      and not exists (select from contacts_at(%(account)s, %(channel)s, recipient_key(%(channel)s, %(sender)s)))
    on conflict do nothing
)
insert into contact_events (account_id, contact_id, name, at, data, source)
select h.account_id, c.id, h.name, %(at)s,
       jsonb_strip_nulls(jsonb_build_object('channel', %(channel)s::text, 'keyword', %(keyword)s::text, 'uid', h.uid))
           || coalesce(h.more, '{}'),
       md5(concat_ws('|', h.name, %(gateway)s::text, %(key)s::text))::uuid
from heard h
cross join lateral contacts_at(h.account_id, %(channel)s, recipient_key(%(channel)s, %(sender)s)) as found (id)
join contacts c on c.id = found.id
order by h.name for key share of c
on conflict do nothing
"""


async def note(
    conn: Connection,
    gateway_id: UUID,
    gateway: str,
    account_id: int,
    channel: str,
    inbound: Inbound,
    keyword: Keyword | None,
) -> None:
    """Record a message with its sender's contacts: of the gateway's account, and of who last sent to the sender.

    Its text is recorded only for automations of the account that ask for it. To those somebody matters too who is no
    contact: they may make one.
    """
    await conn.execute(
        _NOTE,
        {
            "gateway": gateway_id,
            "gateway_name": gateway,
            "text": inbound.body.replace("\0", "")[:TEXT_CHARACTERS],
            "stranger": STRANGER,
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
