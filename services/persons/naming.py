"""Who a person is: a contact, or somebody of whom only an address is known."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from domain.audience.contacts.contact import Contact
from domain.channels import Channel
from domain.errors import InvalidError, NotFoundError
from domain.persons.subject import Subject
from services.suppressions import canonical
from store.audience.contacts import rows
from store.persons import finding
from store.persons.finding import Known
from store.pool import Connections

_NUMBERS = {"phone": Channel.SMS, "whatsapp": Channel.WHATSAPP}


@dataclass(frozen=True, slots=True)
class Named:
    """A person as a request or a command names them: by exactly one of these."""

    contact: UUID | None = None
    email: str | None = None
    phone: str | None = None
    whatsapp: str | None = None


async def subject_of(store: Connections, account_id: int, named: Named) -> Subject:
    """Who is named: with all addresses of the contacts that are found by it.

    Raises:
        InvalidError: not exactly one value is given, or it is no address.
        NotFoundError: there is no such contact. Of an address there need not be one.
    """
    values = {"contact": named.contact, "email": named.email, "phone": named.phone, "whatsapp": named.whatsapp}
    given = [name for name, value in values.items() if value is not None]
    if len(given) != 1:
        raise InvalidError("person_unnamed", "name the person by one of contact, email, phone and whatsapp")
    (by,) = given
    emails: list[str] = []
    numbers: list[str] = []
    ids: list[UUID] = []
    if named.contact is not None:
        ids = [named.contact]
    else:
        address = _address(by, str(values[by]))
        (emails if by == "email" else numbers).append(address)
        ids = await finding.contacts_at(store, account_id, emails, numbers)
    contacts = [found for id_ in ids if (found := await rows.get(store, account_id, id_)) is not None]
    if named.contact is not None and not contacts:
        raise NotFoundError("contact_not_found", f"there is no contact {named.contact}")
    return Subject(by, [str(one.id) for one in contacts], *addresses_of(contacts, emails, numbers))


def _address(by: str, value: str) -> str:
    try:
        return canonical(_NUMBERS.get(by, Channel.EMAIL), value)
    except InvalidError as error:
        raise InvalidError(error.code, error.message, f"/{by}") from None


def addresses_of(
    contacts: list[Contact], emails: list[str] | None = None, numbers: list[str] | None = None
) -> tuple[list[str], list[str]]:
    """Email addresses and numbers of contacts, and these."""
    mails = {*(emails or ()), *(one.email for one in contacts if one.email)}
    phones = {*(numbers or ()), *(number for one in contacts for number in (one.phone, one.whatsapp) if number)}
    return sorted(mails), sorted(phones)


async def known_of(
    store: Connections, account_id: int, subject: Subject, until: UUID, made_before: datetime | None = None
) -> Known:
    """What a person is found by now: with contacts that have come to their addresses until ``made_before``."""
    ids = {UUID(id_) for id_ in subject.contacts}
    if subject.is_whole:
        at = made_before or datetime.now(UTC)
        ids |= set(await finding.contacts_at(store, account_id, subject.emails, subject.numbers, at))
    recipients = await finding.spellings_of(store, subject.emails, subject.numbers) if ids or subject.is_whole else []
    return Known(account_id, sorted(ids), recipients, until)
