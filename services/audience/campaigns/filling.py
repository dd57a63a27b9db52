"""The messages of some people of a campaign: filled from their contacts, and cut into the pages of a batch."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from domain.audience.contacts.contact import VALUES
from domain.audience.named_template import NamedTemplate
from domain.audience.windows import SendWindow, next_opening
from domain.channels import Channel
from domain.errors import InvalidError
from domain.lanes import Lane
from domain.links.targets import Utm
from services.contacts.models import FIELDS_OF, SEND_MODELS
from services.contacts.read import ReadContacts, Terms, read_contacts
from store.audience.campaigns.people import Person
from store.audience.campaigns.slices import LeftOut


@dataclass(frozen=True, slots=True)
class Letter:
    """What is the same for all recipients."""

    channel: Channel
    purpose: str
    named: NamedTemplate
    gateway: str | None
    window: SendWindow | None
    shorten_links: bool | None = None
    """``None``: as the template or the account's settings say."""
    utm: Utm = ()
    """Added to the targets of links, instead of what the account's settings have for these parameters."""


_MOST_SINGLED_OUT = 20
"""People of a slice that are found to fail it as a whole; then the rest of what fails is left out with them."""


@dataclass(frozen=True, slots=True)
class Filled:
    """Messages of some people, and who gets none."""

    read: ReadContacts | None
    """``None``: nobody gets one."""
    left_out: list[LeftOut]


def fill(letter: Letter, people: Sequence[Person], terms: Terms, now: datetime) -> Filled:
    """Fill the template for each of these people. Whoever cannot be sent to is left out, and the others get theirs."""
    left_out: list[LeftOut] = []
    contacts: dict[Person, dict[str, Any]] = {}
    for person in people:
        if address := _address(letter.channel, person):
            contacts[person] = _contact(letter, person, address, terms, now)
        else:
            left_out.append(LeftOut(person.id, "no_address", "this contact has no address on the channel any more"))
    try:
        read = _read(letter, contacts.values(), terms)
    except _OF_ALL:
        failing = _single_out(letter, list(contacts), contacts, terms, [])
        left_out += failing
        gone = {one.contact_id for one in failing}
        contacts = {person: contact for person, contact in contacts.items() if person.id not in gone}
        read = _read(letter, contacts.values(), terms)
    if read is None:
        return Filled(None, left_out)
    of_contact = list(contacts)
    for error in read.left_out:
        person = of_contact[int(error.pointer.split("/")[2])]
        left_out.append(LeftOut(person.id, error.code, error.message))
    return Filled(read if read.content.messages else None, left_out)


def cost_of(letter: Letter, sample: Sequence[Person], terms: Terms, count: int) -> int:
    """Credits that messages to ``count`` people cost, about, from what those to some of them cost."""
    if not sample:
        return 0
    read = fill(letter, sample, terms, datetime.now(UTC)).read
    cost = sum(message.price for message in read.content.messages) if read else 0
    return round(cost * count / len(sample))


def _read(letter: Letter, contacts: Collection[dict[str, Any]], terms: Terms) -> ReadContacts | None:
    if not contacts:
        return None
    body: dict[str, Any] = {"template": letter.named.key, "purpose": letter.purpose, "contact": list(contacts)}
    if letter.gateway:
        body["gateway_identifier"] = letter.gateway
    if letter.shorten_links is not None:
        body["shorten_links"] = letter.shorten_links
    terms = replace(terms, links=terms.links.with_utm(letter.utm))
    send = SEND_MODELS[letter.channel].model_validate(body)
    return read_contacts(send, terms, Lane.BULK, named=letter.named, leaves_out=True)


def _single_out(
    letter: Letter, people: list[Person], contacts: Mapping[Person, dict[str, Any]], terms: Terms, found: list[LeftOut]
) -> list[LeftOut]:
    """Who fails the others' messages too, such as by a value that the template takes too long for."""
    try:
        _read(letter, [contacts[person] for person in people], terms)
    except _OF_ALL as error:
        if len(people) == 1 or len(found) >= _MOST_SINGLED_OUT:
            found += [_refused(person, error) for person in people]
        else:
            half = len(people) // 2
            _single_out(letter, people[:half], contacts, terms, found)
            _single_out(letter, people[half:], contacts, terms, found)
    return found


_OF_ALL = (ValidationError, InvalidError)
"""What fails a request as a whole."""


def _refused(person: Person, error: Exception) -> LeftOut:
    if isinstance(error, InvalidError):
        return LeftOut(person.id, error.fields[0].code, error.fields[0].message)
    return LeftOut(person.id, "contact_invalid", "this contact holds a value that no message can be made of")


def _address(channel: Channel, person: Person) -> str | None:
    match channel:
        case Channel.EMAIL:
            return person.email
        case Channel.SMS:
            return person.phone
        case Channel.WHATSAPP:
            return person.whatsapp or person.phone


def _contact(letter: Letter, person: Person, address: str, terms: Terms, now: datetime) -> dict[str, Any]:
    variables = variables_of(person)
    known = FIELDS_OF[letter.channel]
    contact = {name: value for name, value in variables.items() if name not in known and value is not None}
    contact.setdefault("contact", _as_stored(person))
    contact["email" if letter.channel == Channel.EMAIL else "number"] = address
    if letter.window is not None:
        opens = next_opening(letter.window, now, person.time_zone or terms.time_zone)
        if opens > now:
            contact["schedule_at"] = opens.astimezone(UTC).isoformat()
    return contact


def variables_of(person: Person) -> dict[str, Any]:
    """What templates call the values of a contact: its custom fields by their keys, and the others by their names."""
    own = {
        "external_id": person.external_id,
        "email": person.email,
        "phone": person.phone,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "language": person.language,
        "country": person.country,
        "time_zone": person.time_zone,
    }
    return {**person.fields, **own}


def _as_stored(person: Person) -> dict[str, Any]:
    """The same as ``contact`` in texts has them."""
    own = {name: value for name in VALUES if (value := getattr(person, name, None)) is not None}
    return own | {"fields": person.fields, "tags": person.tags}
