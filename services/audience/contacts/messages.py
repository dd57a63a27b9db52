"""The messages of a contact: those to its addresses."""

from uuid import UUID

from domain.audience.contacts.contact import Contact
from store.audience.contacts.addresses import spellings_of
from store.messages.search import walks
from store.messages.search.filters import Filter
from store.messages.search.walks import Found
from store.pool import Connections


async def messages_of(store: Connections, contact: Contact, below: UUID | None, most: int) -> Found:
    """Messages to a contact's addresses with smaller uids than ``below``, the newest first."""
    pages = [
        await walks.page(store, Filter(account_id=contact.account_id, recipient=address), below, most)
        for address in await spellings_of(store, contact)
    ]
    # Beyond where a walk has stopped it may have more, which are newer than those of the others there.
    stopped = max((page.stopped for page in pages if page.stopped is not None), default=None)
    messages = sorted((each for page in pages for each in page.messages), key=lambda each: each.uid, reverse=True)
    if stopped is not None:
        messages = [each for each in messages if each.uid >= stopped]
    return Found(messages[:most], stopped if len(messages) < most else None)
