"""What a simulation begins with: the contact, and a run of the definition. Both are gone when it ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from domain.access.actors import Actor
from domain.audience.contacts.contact import new_contact_id
from domain.audience.contacts.matching import placed
from domain.audience.contacts.values import read_values
from domain.automations.definition.flow import Flow
from domain.errors import InvalidError, invalid
from services.audience.contacts import changing
from services.audience.contacts.given import read_contact
from services.automations.entering import Coming, Entered, enter
from services.automations.flows import Published, published
from services.automations.simulating.given import Case
from services.automations.simulating.steps import chance_of
from services.changes import Change
from store.audience.contacts import rows
from store.audience.contacts.matching import match
from store.audience.contacts.terms import terms_of
from store.automations import automations, simulating
from store.automations.automations import Automation, Version
from store.pool import Connections

ORIGIN = "simulation"
_NAMES = {
    "external_id": "external id",
    "email": "email address",
    "phone": "phone number",
    "whatsapp": "WhatsApp number",
}


@dataclass(frozen=True, slots=True)
class Begun:
    """What there is when a simulation begins."""

    contact_id: UUID
    chance: str | None
    """Of a contact that was made for it (``SimulatedSteps``)."""
    entered: Entered
    of: Published


async def find_or_add(
    store: Connections, account_id: int, case: Case, at: datetime
) -> tuple[UUID, list[dict[str, str]]]:
    """The contact of a simulation that begins at a moment; and what is worth knowing of it, with a code each.

    Raises:
        InvalidError: there is no such contact, or none can be made of what is given.
    """
    if isinstance(case.contact, str):
        contact_id = await _find(store, account_id, case.contact)
        await simulating.forget_after(store, account_id, contact_id, at)
        return contact_id, []
    try:
        return await _add(store, account_id, case.contact, at)
    except InvalidError as error:
        raise invalid(placed(error, "contact")) from None


async def begin(store: Connections, account_id: int, flow: Flow, case: Case, contact_id: UUID, at: datetime) -> Begun:
    """Have the contact enter an automation of this definition, in which it never was."""
    of = published(flow)
    automation = await _publish(store, account_id, flow)
    coming = Coming(contact_id, flow.triggers[0].kind, str(uuid4()), case.event, at=at)
    entered = await enter(store, automation, of, coming, at)
    chance = None if isinstance(case.contact, str) else chance_of(case.contact)
    return Begun(contact_id, chance, entered, of)


async def _publish(store: Connections, account_id: int, flow: Flow) -> Automation:
    """Under a key of its own: a row with the real one would have others wait who save it at this moment."""
    source = dict(flow.source)
    made = await automations.add(store, new_contact_id(), account_id, source | {"key": f"simulated {uuid4()}"})
    return await automations.publish(store, made.id, Version(1, 1, source, "", {}, datetime.now(UTC)))


async def _add(
    store: Connections, account_id: int, given: Mapping[str, Any], at: datetime
) -> tuple[UUID, list[dict[str, str]]]:
    """Somebody new. A contact that has one of the addresses is without it meanwhile: people test with their own."""
    new = read_contact(given)
    values = read_values(new, await terms_of(store, account_id, new.get("groups") or ()), None)
    ((keys, owners),) = await match(store, account_id, [values])
    if owners:
        await simulating.free_addresses(store, account_id, set(owners.values()))
    made = await changing.add(Change(Actor("system", ORIGIN), store), account_id, new, ORIGIN)
    await simulating.begin_contact_at(store, made.id, at)
    return made.id, [_taken(name) for name, key in keys.items() if key in owners]


def _taken(name: str) -> dict[str, str]:
    message = f"a contact of yours has this {_NAMES[name]}: here somebody new has it, to test with that contact name it"
    return {"code": "contact_taken", "message": message}


async def _find(store: Connections, account_id: int, named: str) -> UUID:
    """A contact by its id, email address or number."""
    try:
        found = await rows.get(store, account_id, UUID(named))
    except ValueError:
        terms = await terms_of(store, account_id)
        names = ("email",) if "@" in named else ("phone", "whatsapp")
        values = [read_values({name: named}, terms, None) for name in names]
        owners = [owner for _, owned in await match(store, account_id, values) for owner in owned.values()]
        if owners:
            return owners[0]
    else:
        if found is not None:
            return found.id
    raise InvalidError(
        "contact_unknown", f"there is no contact {named!r}: write it as JSON to have one made", "/contact"
    )
