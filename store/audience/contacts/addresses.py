"""Addresses of a contact, as messages to it may have them."""

from domain.audience.contacts.contact import Contact
from store.pool import Connections


async def spellings_of(store: Connections, contact: Contact) -> list[str]:
    """Its addresses in all forms that a send may have given them."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select distinct s from unnest(%s::text[]) as a, unnest(spellings('sms', a)) as s
               union select %s::text where %s::text is not null order by 1""",
            ([number for number in (contact.phone, contact.whatsapp) if number], contact.email, contact.email),
        )
        return [address for (address,) in await cursor.fetchall()]
