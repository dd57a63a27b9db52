"""Has erasures begin that leads ask for: what became of them is removed as for any person (``services/persons``)."""

from domain.access.actors import SYSTEM
from domain.persons.subject import LEAD, Subject
from services.persons.erasing import queue_erasure
from services.persons.naming import addresses_of
from store.audience.contacts import rows
from store.leads import erasures
from store.pool import InTransaction, Pool

_AT_A_TIME = 20


async def begin_erasures(pool: Pool) -> None:
    """Queue an operation for each that waits."""
    async with pool.connection() as conn, conn.transaction():
        store = InTransaction(conn)
        for one in await erasures.take(store, _AT_A_TIME):
            contact = one.contact_id and await rows.get(store, one.account_id, one.contact_id)
            contacts = [contact] if contact else []
            subject = Subject(
                LEAD,
                [str(contact.id) for contact in contacts],
                *addresses_of(contacts),
                leads=[str(one.lead_id)],
                runs=[str(run) for run in one.runs],
            )
            by = {"type": "lead", "id": str(one.lead_id)}
            await queue_erasure(store, SYSTEM, one.account_id, subject, by)
