"""Turns the contacts of a request into a page's content: normalised, priced, each error with its pointer."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from domain.audience.named_template import NamedTemplate
from domain.audience.purposes import TRANSACTIONAL, of_lane
from domain.errors import MAX_SHOWN, FieldError, invalid, pointer
from domain.lanes import Lane
from domain.links.shortening import NO_LINKS, LinkRules
from domain.messages.fallback import Fallback
from domain.messages.page_content import Content, PageContent, PageMessage
from domain.messages.prices import ONE_EACH, Prices
from domain.messages.routing import DEFAULT_GATEWAY
from domain.messages.schedule import InvalidSchedule
from services.audience.templates.texts import NamedTexts
from services.contacts.contents import read_content
from services.contacts.duplicates import MAX_LISTED, NO_DUPLICATES, Duplicates, find_duplicates
from services.contacts.errors import ContactError
from services.contacts.fallbacks import read_steps
from services.contacts.mail.extras import MailReader
from services.contacts.mail.from_field import MOST_SENDERS, read_from
from services.contacts.mail.models import MailFields
from services.contacts.models import (
    AnyContact,
    AnySend,
    WhatsappContact,
    WhatsappSend,
)
from services.contacts.numbers import NumberReader
from services.contacts.shared_fields import SharedFields, due, read_shared_fields
from services.contacts.stored_values import Stored, StoredValues
from services.contacts.unknown_fields import UnknownField, find_unknown_fields
from services.whatsapp.uses import TemplateUsed, templates_used


@dataclass(frozen=True, slots=True)
class Terms:
    """Settings of the account and the install that decide how contacts are read."""

    time_zone: str
    region: str | None
    """Region of numbers without country code; ``None``: such numbers are refused."""
    account_id: int
    public_url: str | None
    """Base URL of links in emails; ``None``: no links can be made."""
    parameters: tuple[UnknownField, ...] = ()
    """Those of the query string that nothing reads."""
    countries: frozenset[str] | None = None
    """Whose numbers may be sent to; ``None``: those of all."""
    prices: Prices = ONE_EACH
    links: LinkRules = NO_LINKS
    """What is done with links, unless the request or its template says otherwise."""


@dataclass(frozen=True, slots=True)
class ReadContacts:
    """Contacts ready to become a page."""

    content: PageContent
    requested: dict[str, list[int]]
    """Requested gateways: identifier → indexes of messages."""
    wide_gateway: str | None = None
    """The one requested for all contacts, if any."""
    files: dict[str, bytes] = field(default_factory=dict)
    """Attachments, by id."""
    froms: dict[str, str] = field(default_factory=dict)
    """The mailboxes that emails and fallbacks are from, each with the place where it was given first."""
    duplicates: Duplicates = NO_DUPLICATES
    purpose: str = TRANSACTIONAL
    unknown: Sequence[dict[str, Any]] = ()
    """Warnings of what is not known: fields, numbers."""
    left_out: Sequence[FieldError] = ()
    """Contacts that get no message, as they lack a variable of the template."""
    template_version: int | None = None
    """The id of the version that its texts are of."""
    provider_templates: tuple[TemplateUsed, ...] = ()
    """Templates of the provider that its messages use, one message for each way of use."""

    @property
    def channels(self) -> set[str]:
        """Those of its fallbacks."""
        return {step.channel for message in self.content.messages for step in message.fallback}

    @property
    def is_free(self) -> bool:
        """Whether none of the messages costs anything; their fallbacks may."""
        return not any(message.price for message in self.content.messages)

    @property
    def last_due(self) -> float:
        """When the last of the messages is due; 0: all at once."""
        return max(message.due for message in self.content.messages)

    def warnings(self) -> list[dict[str, Any]]:
        """The answer's warnings."""
        return [*self.duplicates.warnings(), *self._skipped(), *self.unknown]

    def _skipped(self) -> list[dict[str, Any]]:
        if not self.left_out:
            return []
        count = len(self.left_out)
        who = f"{count} contacts lack" if count > 1 else "1 contact lacks"
        return [
            {
                "kind": "skipped",
                "message": f"{who} a variable of the template, and got no message",
                "count": count,
                "contacts": [asdict(error) for error in self.left_out[:MAX_LISTED]],
            }
        ]


def read_contacts(
    send: AnySend,
    terms: Terms,
    lane: Lane,
    beside: Collection[str] = (),
    named: NamedTemplate | None = None,
    *,
    leaves_out: bool = False,
    stored: Stored | None = (),
) -> ReadContacts:
    """Read all contacts of a request, however many there are.

    ``beside``: unknown fields beside them; ``named``: the template that it names. ``leaves_out``: contacts that cannot
    be sent to get no message, whatever the reason, even if nobody is left. ``stored``: what is stored of them;
    ``None``: nobody has looked yet.

    Raises:
        ContactsNeeded: nobody has looked, and a text names stored contacts.
        ApiError: 422 that names what cannot be sent; then nothing of the request is sent.
    """
    now = datetime.now(UTC)
    mail = MailReader(terms.account_id, terms.public_url, unsubscribe=lane is Lane.BULK)
    shared = read_shared_fields(send, terms.time_zone, now, mail, _link_rules(send, terms, named))
    texts = NamedTexts(named, send, shared) if named else None
    numbers = NumberReader(terms.region, terms.countries)
    values = StoredValues(stored, send, numbers)
    left_out: list[tuple[int, ContactError]] = []
    errors: list[FieldError] = []
    froms: dict[str, str] = {}
    contents: dict[Content, int] = {}  # equal contents are carried once
    messages: list[PageMessage] = []
    requested: dict[str, list[int]] = {}
    contacts: Sequence[AnyContact] = send.contact
    skipped: list[int] = []
    seen: set[str] | None = set() if send.duplicates == "skip" else None
    for index, contact in enumerate(contacts):
        try:
            filled = texts.of(contact) if texts else shared
            contact = values.of(index, contact, filled)
            to, content, cost = read_content(contact, filled, numbers, terms.prices)
            at = _due(contact, terms.time_zone, now) if contact.schedule_at else shared.due
            if seen is not None and _was_seen(to, seen):
                skipped.append(index)
                continue
            placed = partial(_placed, contents, froms, index, contact, send)
            place = placed(content)
            steps = _steps(contact, send, shared, placed, terms, numbers) if contact.fallback or send.fallback else ()
        except ContactError as error:
            if leaves_out or (error.is_skipped and len(left_out) + 1 < len(contacts)):
                left_out.append((index, error))
                continue
            errors.append(error.at(index))
            if len(errors) == MAX_SHOWN:
                raise invalid(errors, all_checked=index + 1 == len(contacts)) from None
            continue
        on_unknown = contact.on_unknown or shared.on_unknown
        messages.append(PageMessage(to, cost, place, at, on_unknown, steps))
        if wanted := _wanted_gateway(contact, shared):
            requested.setdefault(wanted, []).append(len(messages) - 1)
    if errors:
        raise invalid(errors)
    others = [index for index, _ in left_out]
    if not messages and not leaves_out:
        raise invalid([error.at(index) for index, error in left_out[:MAX_SHOWN]])
    if seen is None:
        duplicates = find_duplicates(messages)
        if others:
            places = Duplicates(others=others)
            duplicates = replace(places, indexes=list(map(places.contact_of, duplicates.indexes)))
    else:
        duplicates = Duplicates(skipped, are_skipped=True, others=others)
    names = texts.names_of if texts else shared.template_names
    unknown = find_unknown_fields(send, names, beside, terms.parameters)
    if numbers.has_unknown:
        unknown += numbers.warnings(messages, duplicates.contact_of)
    page = PageContent(list(contents), messages)
    return ReadContacts(
        page,
        requested,
        shared.gateway,
        mail.files,
        froms,
        duplicates,
        of_lane(lane) if send.purpose is None else send.purpose,
        unknown,
        [error.at(index) for index, error in left_out],
        named.version_id if named else None,
        templates_used(page) if isinstance(send, WhatsappSend) else (),
    )


def _link_rules(send: AnySend, terms: Terms, named: NamedTemplate | None) -> LinkRules:
    if send.shorten_links is None and named is None:
        return terms.links
    rules = terms.links.asked(send.shorten_links, named.shorten_links if named else None)
    if send.shorten_links and not rules.base:
        message = "short links need an address that leads here: add a domain at /api/link-domains, or leave this out"
        raise invalid([FieldError(pointer("shorten_links"), "public_url_missing", message)])
    return rules


def _placed(
    contents: dict[Content, int],
    froms: dict[str, str],
    index: int,
    contact: AnyContact,
    send: AnySend,
    content: Content,
) -> int:
    """The place of a content among those of the request. Whom it is from is noted.

    Raises:
        ContactError: the request has too many senders.
    """
    if content.from_address is not None and content.from_address not in froms:
        froms[content.from_address] = _place_of_from(index, content, contact, send)
        if len(froms) > MOST_SENDERS:
            message = f"a request has at most {MOST_SENDERS} different senders: send several requests"
            raise ContactError("from", "too_many_senders", message)
    return contents.setdefault(content, len(contents))


def _place_of_from(index: int, content: Content, contact: AnyContact, send: AnySend) -> str:
    """Where a sender was given: for the contact, for all, or in a fallback."""
    own, wide = (one.from_ if isinstance(one, MailFields) else None for one in (contact, send))
    if own is not None and read_from(own).address == content.from_address:
        return pointer("contact", index, "from")
    if wide is not None and read_from(wide).address == content.from_address:
        return pointer("from")
    return pointer("contact", index, "fallback") if contact.fallback else pointer("fallback")


def _was_seen(recipient: str, seen: set[str]) -> bool:
    count = len(seen)
    seen.add(recipient)
    return len(seen) == count


def _steps(
    contact: AnyContact,
    send: AnySend,
    shared: SharedFields,
    placed: Callable[[Content], int],
    terms: Terms,
    numbers: NumberReader,
) -> tuple[Fallback, ...]:
    return read_steps(
        contact,
        send.fallback or (),
        lambda step: read_content(step, shared.for_steps(), numbers, terms.prices),
        placed,
    )


def _due(contact: AnyContact, zone: str, now: datetime) -> float:
    try:
        return due(contact.schedule_at, zone, now)
    except InvalidSchedule as error:
        raise ContactError("schedule_at", error.code, error.message) from None


def _wanted_gateway(contact: AnyContact, shared: SharedFields) -> str | None:
    session = contact.session_name if isinstance(contact, WhatsappContact) else None
    wanted = contact.gateway_identifier or session or shared.gateway
    return None if wanted == DEFAULT_GATEWAY else wanted
