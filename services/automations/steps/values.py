"""Steps that change the contact, or record what happened to it."""

import hashlib
from typing import Any
from uuid import UUID

from domain.access.actors import Actor
from domain.audience.consents import ConsentState, NewConsent
from domain.automations.definition.steps import ConsentChange, Emit, SetValues
from domain.errors import InvalidError, XsenderError
from services.audience.contacts.changing import alter
from services.automations.outcomes import Done, Outcome, StepFailed
from services.automations.steps.turn import Turn
from services.changes import Change
from store.audience.consent import consents
from store.audience.events import recording
from store.audience.events.recording import ContactEvent
from store.automations import queue

ORIGIN = "automation"


async def set_values(step: SetValues, turn: Turn) -> Outcome:
    """Change fields, tags and groups of the contact, and record consent."""
    given: dict[str, Any] = {}
    contact = await turn.contact()
    if step.fields:
        given |= _fields(turn.fill_all(step.fields))
    if step.tags:
        given["tags"] = sorted({*contact.tags, *step.tags.add} - set(step.tags.remove))
    if step.groups:
        given["groups"] = sorted({*turn.known.facts.groups, *step.groups.add} - set(step.groups.remove))
    try:
        if given:
            change = Change(Actor("system", "automation", turn.flow.key), turn.store)
            async with queue.hopping(turn.store, turn.run.hops + 1):
                await alter(change, turn.run.account_id, contact.id, given, _no_check, ORIGIN)
    except InvalidError as error:
        fault = error.fields[0] if error.fields else error
        raise StepFailed(fault.code, fault.message) from None
    except XsenderError as error:
        raise StepFailed(error.code, error.message) from None
    if step.consent:
        await _consent(step.consent, turn)
    return Done({"result": "changed"})


def _fields(given: dict[str, Any]) -> dict[str, Any]:
    """Custom fields by their keys, and the contact's own values by their names."""
    own = {name: value for name, value in given.items() if name in OWN}
    custom = {name: value for name, value in given.items() if name not in OWN}
    return own | ({"fields": custom} if custom else {})


OWN = frozenset({"first_name", "last_name", "language", "country", "time_zone"})
"""What a step may change of a contact beside custom fields: who it is stays."""


async def _no_check(_: object) -> None:
    return None


async def _consent(wanted: ConsentChange, turn: Turn) -> None:
    contact = await turn.contact()
    numbers = {"sms": contact.phone, "whatsapp": contact.whatsapp or contact.phone}
    address = contact.email if wanted.channel == "email" else numbers[wanted.channel]
    if not address:
        raise StepFailed("unreachable", f"the contact has no address for {wanted.channel}")
    new = NewConsent(wanted.channel, address, wanted.purpose, ConsentState(wanted.state), ORIGIN, at=turn.now)
    await consents.record(turn.store, turn.run.account_id, [new])


async def emit(step: Emit, turn: Turn) -> Outcome:
    """Record an event of the contact, once for this step of this run."""
    source = emitted_by(turn.run.id, turn.number)
    event = ContactEvent(turn.run.contact_id, step.event, turn.now, source, turn.fill_all(step.data))
    async with queue.hopping(turn.store, turn.run.hops + 1):
        await recording.add(turn.store, turn.run.account_id, [event])
    return Done({"result": "recorded", "event": step.event})


def emitted_by(run_id: UUID, number: int) -> UUID:
    """The source of the event that a step of a run records."""
    return UUID(bytes=hashlib.sha256(f"automation {run_id} {number}".encode()).digest()[:16])
