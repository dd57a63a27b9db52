"""Who follows a link of ours: the address that it belongs to, and the other addresses of the same contact."""

from dataclasses import dataclass
from uuid import UUID

from psycopg.rows import class_row

from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Person:
    """A recipient of an account, by one address."""

    account_id: int
    account: str
    """The account's name."""
    channel: str
    recipient: str
    uid: UUID | None = None
    """The message whose link was followed."""
    purpose: str | None = None
    """What that was for; ``None``: it was transactional, or there is none."""


async def of_message(store: Connections, uid: UUID) -> Person | None:
    """The recipient of a message."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Person)) as cursor:
        await cursor.execute(
            """select m.account_id, a.name as account, m.channel, m.recipient, m.uid, m.purpose
               from messages m join accounts a on a.id = m.account_id where m.uid = %s and m.recipient <> ''""",
            (uid,),
        )
        return await cursor.fetchone()


async def of_address(store: Connections, account_id: int, channel: str, recipient: str) -> Person | None:
    """A recipient by an address."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Person)) as cursor:
        await cursor.execute(
            """select id as account_id, name as account, %s as channel, %s as recipient from accounts
               where id = %s and status <> 'deleted'""",
            (channel, recipient, account_id),
        )
        return await cursor.fetchone()


@dataclass(frozen=True, slots=True)
class Known:
    """What an account knows of a contact."""

    email: str | None
    sms: str | None
    whatsapp: str | None
    language: str | None

    @property
    def addresses(self) -> dict[str, str]:
        """By channel."""
        given = {"email": self.email, "sms": self.sms, "whatsapp": self.whatsapp}
        return {channel: address for channel, address in given.items() if address}


async def contact(store: Connections, account_id: int, channel: str, recipient: str) -> Known | None:
    """The contact of an address, if the account has one."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Known)) as cursor:
        await cursor.execute(
            """select c.email, c.phone as sms, coalesce(c.whatsapp, c.phone) as whatsapp, c.language
               from (select recipient_key(%(channel)s, %(recipient)s) as key offset 0) as k
               cross join lateral contacts_at(%(account)s, %(channel)s, k.key) as found (id)
               join contacts c on c.id = found.id limit 1""",
            {"account": account_id, "channel": channel, "recipient": recipient},
        )
        return await cursor.fetchone()


async def contact_of_id(store: Connections, account_id: int, contact_id: UUID) -> Known | None:
    """The contact of an id, if it is one of the account's."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Known)) as cursor:
        await cursor.execute(
            """select email, phone as sms, coalesce(whatsapp, phone) as whatsapp, language from contacts
               where account_id = %s and id = %s""",
            (account_id, contact_id),
        )
        return await cursor.fetchone()
