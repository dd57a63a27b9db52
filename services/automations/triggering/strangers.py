"""Messages from somebody who is no contact, but becomes one if an automation that the message begins makes contacts."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from domain.audience.contacts.values import read_values
from domain.automations.definition.triggers import Inbound
from domain.errors import InvalidError
from services.audience.contacts.upserting import upsert
from services.automations.entering import refuse_unknown
from services.automations.flows import Flows
from services.automations.listening import RECEIVED
from services.automations.triggering.arriving import arriving
from store.audience.contacts.terms import terms_of
from store.audience.events import recording
from store.audience.events.recording import ContactEvent
from store.automations.queue import Noted
from store.pool import Connections

ORIGIN = "inbound"
_ADDRESS = {"sms": "phone", "whatsapp": "whatsapp", "email": "email"}


async def meet(store: Connections, flows: Flows, noted: Noted) -> None:
    """Make a contact of the sender, whose message is looked at then as any contact's is; or note why nobody enters."""
    data = {name: value for name, value in noted.data.items() if name not in ("sender", "source")}
    found = await arriving(store, flows, [replace(noted, name=RECEIVED, data=data)])
    found = [one for one in found if one.coming.trigger == Inbound.kind]
    contact_id = None
    if any(one.of.flow.entry.create_contact for one in found):
        contact_id = await _contact(store, noted.account_id, data["channel"], noted.data["sender"])
    if contact_id is None:
        for one in found:
            await refuse_unknown(store, one.automation, Inbound.kind, datetime.now(UTC))
        return
    event = ContactEvent(contact_id, RECEIVED, noted.at, UUID(noted.data["source"]), data)
    await recording.add(store, noted.account_id, [event])


async def _contact(store: Connections, account_id: int, channel: str, sender: str) -> UUID | None:
    """``None``: the provider hides the sender's number."""
    try:
        values = read_values({_ADDRESS[channel]: sender}, await terms_of(store, account_id))
    except InvalidError:
        return None
    _, contact, _ = await upsert(store, account_id, values, ORIGIN)
    return contact.id
