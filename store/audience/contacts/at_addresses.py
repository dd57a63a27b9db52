"""The contacts at the addresses of a request's recipients."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import cast

from psycopg.rows import class_row

from domain.audience.contacts.contact import Contact
from store.audience.contacts.rows import COLUMNS
from store.pool import Connections

MOST_BYTES = 32 * 1024 * 1024
"""Of the values of all contacts of a request, about: as much as a request itself may have."""

_AT_A_TIME = 100
_FIND = f"""
select a.address, {", ".join("c." + name.strip() for name in COLUMNS.split(","))}
from unnest(%(addresses)s::text[]) as a (address)
cross join lateral (select recipient_key(%(channel)s, a.address) as key offset 0) as k
cross join lateral contacts_at(%(account)s, %(channel)s, k.key) as found (id)
join contacts c on c.id = found.id
"""  # noqa: S608 - constants of ours


async def find(
    store: Connections, account_id: int, channel: str, addresses: Sequence[str]
) -> dict[str, Contact] | None:
    """The contacts of an account, by those of these addresses that they have.

    ``None``: their values are more than fits a request.
    """
    found: dict[str, Contact] = {}
    size = 0
    async with store.connection() as conn, conn.cursor(row_factory=class_row(_Found)) as cursor:
        wanted = {"addresses": list(addresses), "channel": channel, "account": account_id}
        rows = cast(AsyncGenerator[_Found, None], cursor.stream(_FIND, wanted, size=_AT_A_TIME))
        async with aclosing(rows):
            async for one in rows:
                size += 1_000 + sum(len(str(value)) for value in one.contact.fields.values())
                if size > MOST_BYTES:
                    return None
                found.setdefault(one.address, one.contact)
    return found


class _Found:
    """A contact, and the address at which it was found."""

    def __init__(self, address: str, **values: object) -> None:
        self.address = address
        self.contact = Contact(**values)  # type: ignore[arg-type]
