"""Subscriptions that wait for their confirmation, and what the messages that ask for it say."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.rows import class_row

from store.pool import Connections


@dataclass(frozen=True, slots=True)
class SubscribeRequest:
    """Somebody gave an address, to get messages for some purposes."""

    id: UUID
    account_id: int
    channel: str
    recipient: str
    purposes: list[str]
    source: str
    text_shown: str | None
    ip: str | None
    language: str | None
    sent: int
    """Confirmation messages."""
    sent_at: datetime | None
    created_at: datetime
    expires_at: datetime
    confirmed_at: datetime | None
    is_expired: bool


@dataclass(frozen=True, slots=True)
class NewRequest:
    """One to store."""

    id: UUID
    channel: str
    recipient: str
    purposes: list[str]
    source: str
    text_shown: str | None
    ip: str | None
    language: str | None


_COLUMNS = """id, account_id, channel, recipient, purposes, source, text_shown, host(ip) as ip, language, sent, sent_at,
              created_at, expires_at, confirmed_at, expires_at < clock_timestamp() as is_expired"""

# Those that nobody confirmed go some at a time, a month after their end.
_OPEN = f"""
with old as (
    delete from subscribe_requests where ctid = any(array(
        select ctid from subscribe_requests where expires_at < clock_timestamp() - interval '30 days' limit 20))
)
insert into subscribe_requests as r
    (id, account_id, channel, recipient, recipient_key, purposes, source, text_shown, ip, language, expires_at)
values (%(id)s, %(account)s, %(channel)s, %(recipient)s, recipient_key(%(channel)s, %(recipient)s), %(purposes)s,
        %(source)s, %(text_shown)s, %(ip)s, %(language)s, clock_timestamp() + %(valid)s)
on conflict (account_id, channel, recipient_key) where confirmed_at is null do update set
    id = case when r.expires_at < clock_timestamp() then excluded.id else r.id end,
    sent = case when r.expires_at < clock_timestamp() then 0 else r.sent end,
    expires_at = case when r.expires_at < clock_timestamp() then excluded.expires_at else r.expires_at end,
    purposes = array(select distinct p from unnest(
        case when r.expires_at < clock_timestamp() then excluded.purposes else r.purposes || excluded.purposes end) as p
        order by p),
    source = excluded.source, text_shown = excluded.text_shown, ip = excluded.ip, language = excluded.language
returning {_COLUMNS}
"""  # noqa: S608 - a constant of ours


async def begin(store: Connections, account_id: int, new: NewRequest, valid: timedelta) -> SubscribeRequest:
    """Store a request, or add to the one of this address that waits; locked until the transaction ends."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(SubscribeRequest)) as cursor:
        await cursor.execute(
            _OPEN,
            {
                "id": new.id,
                "account": account_id,
                "channel": new.channel,
                "recipient": new.recipient,
                "purposes": sorted(set(new.purposes)),
                "source": new.source,
                "text_shown": new.text_shown,
                "ip": new.ip,
                "language": new.language,
                "valid": valid,
            },
        )
        found = await cursor.fetchone()
    assert found is not None
    return found


async def count_sent(store: Connections, request_id: UUID) -> None:
    """Note that a confirmation message is about to be sent."""
    async with store.connection() as conn:
        await conn.execute(
            "update subscribe_requests set sent = sent + 1, sent_at = clock_timestamp() where id = %s", (request_id,)
        )


async def find(store: Connections, request_id: UUID, *, lock: bool = False) -> SubscribeRequest | None:
    """A request; ``lock``: nobody else confirms it until the transaction ends."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(SubscribeRequest)) as cursor:
        query = f"select {_COLUMNS} from subscribe_requests where id = %s{' for update' if lock else ''}"  # noqa: S608
        await cursor.execute(query, (request_id,))
        return await cursor.fetchone()


async def confirm(store: Connections, request_id: UUID) -> None:
    """Note that it was confirmed."""
    async with store.connection() as conn:
        await conn.execute(
            "update subscribe_requests set confirmed_at = clock_timestamp() where id = %s", (request_id,)
        )


@dataclass(frozen=True, slots=True)
class ConfirmationText:
    """What an account's confirmation messages on a channel say: templates."""

    channel: str
    subject: str | None
    message: str


async def texts(store: Connections, account_id: int) -> list[ConfirmationText]:
    """Those that an account has set."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(ConfirmationText)) as cursor:
        await cursor.execute(
            "select channel, subject, message from confirmation_texts where account_id = %s order by channel",
            (account_id,),
        )
        return await cursor.fetchall()


async def put_text(store: Connections, account_id: int, text: ConfirmationText) -> None:
    """Set one."""
    async with store.connection() as conn:
        await conn.execute(
            """insert into confirmation_texts (account_id, channel, subject, message) values (%s, %s, %s, %s)
               on conflict (account_id, channel) do update
                   set subject = excluded.subject, message = excluded.message""",
            (account_id, text.channel, text.subject, text.message),
        )


async def remove_text(store: Connections, account_id: int, channel: str) -> None:
    """Have the messages say what all say."""
    async with store.connection() as conn:
        await conn.execute(
            "delete from confirmation_texts where account_id = %s and channel = %s", (account_id, channel)
        )
