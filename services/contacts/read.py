"""Turns the contacts of a request into a page's content: normalised, priced, each error with its pointer."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import orjson

from domain.audience.named_template import NamedTemplate
from domain.audience.purposes import TRANSACTIONAL, of_lane
from domain.channels import Channel
from domain.errors import MAX_SHOWN, FieldError, invalid, pointer
from domain.lanes import Lane
from domain.links.shortening import NO_LINKS, LinkRules, Shortener
from domain.mail.extras import MailExtras
from domain.mail.tracking import PREFERENCES_FIELD, PREFERENCES_MARK, UNSUBSCRIBE_FIELD, UNSUBSCRIBE_MARK
from domain.messages.fallback import Fallback
from domain.messages.page_content import Content, PageContent, PageMessage
from domain.messages.prices import ONE_EACH, UNDECLARED, Prices, sms_content
from domain.messages.routing import DEFAULT_GATEWAY
from domain.messages.schedule import InvalidSchedule
from domain.recipients import InvalidRecipient, normalise_email
from domain.text.template_errors import InvalidTemplate, MissingField
from services.audience.templates.texts import NamedTexts
from services.contacts.duplicates import MAX_LISTED, NO_DUPLICATES, Duplicates, find_duplicates
from services.contacts.errors import ContactError, SkippedContact
from services.contacts.fallbacks import read_steps
from services.contacts.from_field import MOST_SENDERS, From, InvalidFrom, check_name, read_from
from services.contacts.mail_extras import CONTROLS, InvalidExtra, MailReader
from services.contacts.mail_models import MailFields
from services.contacts.models import (
    MAX_SUBJECT,
    AnyContact,
    AnySend,
    EmailContact,
    SmsContact,
    WhatsappContact,
    WhatsappSend,
    WhatsappTemplate,
)
from services.contacts.numbers import NumberReader
from services.contacts.shared_fields import SharedFields, SharedText, due, read_shared_fields
from services.contacts.stored_values import Stored, StoredValues
from services.contacts.unknown_fields import UnknownField, find_unknown_fields
from services.whatsapp.uses import TemplateUsed, templates_used

MAX_SEGMENTS = 10
"""Parts of one SMS: what operators reassemble reliably."""

_MORE_THAN_FITS = MAX_SEGMENTS * 160
"""Longer texts need more parts in any encoding: the rest of a text is not examined."""
_NO_EXTRAS = MailExtras()
_T = TypeVar("_T")
_NOTHING: Mapping[str, object] = {}
_LINKS = {UNSUBSCRIBE_FIELD: UNSUBSCRIBE_MARK, PREFERENCES_FIELD: PREFERENCES_MARK}


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
            to, content, cost = _read(contact, filled, numbers, terms.prices)
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
        lambda step: _read(step, shared.for_steps(), numbers, terms.prices),
        placed,
    )


def _read(contact: AnyContact, shared: SharedFields, numbers: NumberReader, prices: Prices) -> tuple[str, Content, int]:
    """Recipient, content and price in credits of one contact."""
    match contact:
        case EmailContact():
            to, content = _read_email(contact, shared)
            return to, content, prices.of(Channel.EMAIL, to, 1 + (len(content.mail.cc) if content.mail else 0))
        case SmsContact():
            to, content, parts = _read_sms(contact, shared, numbers)
            return to, content, prices.of(Channel.SMS, to, parts)
        case WhatsappContact():
            to, content = _read_whatsapp(contact, shared, numbers)
            return to, content, prices.of(Channel.WHATSAPP, to, category=_category(content.template))


def _read_email(contact: EmailContact, shared: SharedFields) -> tuple[str, Content]:
    to = _recipient("email", lambda: normalise_email(contact.email))
    extras = _extra(partial(shared.mail.read, contact)).without_repeats(to)
    known = _LINKS if extras.unsubscribe else {}
    subject = _subject(contact, shared)
    from_ = _extra(partial(shared.mail.read_from, contact))
    name = _sender_name(contact.sender_name, from_)
    html, text = contact.message or contact.body, ""
    if contact.message and contact.body:
        text = contact.body
    elif not html:
        html, text = _fill(shared.text, contact, known), _fill(shared.alternative, contact, known) or ""
    if not html:
        raise ContactError("message", "missing", "give the email's HTML in 'message'")
    is_text_only = shared.is_text_only and not (contact.message or contact.body)
    styled = None if is_text_only else _extra(partial(shared.mail.style, contact, html))
    return to, Content(
        body=html if is_text_only else text,
        html=styled,
        subject=subject,
        sender=name,
        mail=None if extras == _NO_EXTRAS else extras,
        from_address=from_.address if from_ else None,
        utm=shared.links.utm if extras.clicks else (),
    )


def _sender_name(given: str | None, from_: From | None) -> str | None:
    """The name that is shown as the sender: the contact's ``sender_name``, or that in ``from``."""
    if not given:
        return from_.name if from_ else None
    try:
        check_name(given, from_.address if from_ else None)
    except InvalidFrom as error:
        raise ContactError("sender_name", error.code, error.message) from None
    return given


def _extra(read: Callable[[], _T]) -> _T:
    try:
        return read()
    except InvalidExtra as error:
        raise ContactError(error.path, error.code, error.message) from None


def _subject(contact: EmailContact, shared: SharedFields) -> str:
    subject = contact.subject or _fill(shared.subject, contact)
    if not subject:
        raise ContactError("subject", "missing", "give the email's subject in 'subject'")
    if len(subject) > MAX_SUBJECT:
        raise ContactError("subject", "too_long", f"a subject has at most {MAX_SUBJECT} characters")
    _refuse_controls("subject", subject)
    return subject


def _read_sms(contact: SmsContact, shared: SharedFields, numbers: NumberReader) -> tuple[str, Content, int]:
    to = _recipient("number", lambda: numbers.read(contact.number))
    text = _text(contact, "body") or _fill(shared.text, contact)
    if not text:
        raise ContactError("body", "missing", "give the text in 'body'")
    shortener = Shortener(shared.links)
    begins = shortener.shorten(text)[:_MORE_THAN_FITS]  # all of it, unless it is refused
    content, parts = sms_content(begins, contact.sender_id, force_unicode=contact.sms_type == "unicode")
    if parts > MAX_SEGMENTS:
        raise ContactError("body", "too_long", f"the text needs more than {MAX_SEGMENTS} parts: shorten it")
    _refuse_controls("sender_id", contact.sender_id or "")
    return to, replace(content, links=shortener.links) if shortener.links else content, parts


def _category(template: str | None) -> str:
    """As its price depends on it; ``template`` as JSON."""
    return (orjson.loads(template).get("category") or UNDECLARED) if template else "service"


def _written(template: WhatsappTemplate) -> dict[str, Any]:
    return template.model_dump(exclude={"category"} if template.category is None else None)


def _read_whatsapp(contact: WhatsappContact, shared: SharedFields, numbers: NumberReader) -> tuple[str, Content]:
    to = _recipient("number", lambda: numbers.read(contact.number))
    text = _text(contact, "message") or (None if contact.template else _fill(shared.text, contact))
    of_template = None
    if shared.provider and not (text or contact.template or contact.media):
        of_template = shared.provider.fill(lambda one: _fill(one, contact) or "")
    if bool(contact.media) != bool(contact.url):
        raise ContactError("url" if contact.media else "media", "missing", "'media' and 'url' belong together")
    if contact.template and contact.media:
        raise ContactError("template", "ambiguous", "give either a template or media, not both")
    if not (text or contact.media or contact.template or of_template):
        raise ContactError("message", "missing", "give a text in 'message', or 'media' and 'url', or a 'template'")
    written = _written(contact.template) if contact.template else of_template
    shortener = Shortener(shared.links)
    body = shortener.shorten(text) if text else ""
    if written and shared.links.shorten:
        written = _with_short_links(written, shortener)
    template = orjson.dumps(written).decode() if written else None
    return to, Content(
        body=body, media_type=contact.media, media_url=contact.url, template=template, links=shortener.links
    )


def _with_short_links(template: dict[str, Any], shortener: Shortener) -> dict[str, Any]:
    """A template of the provider with short links in the texts that are filled into it; its own buttons lead on."""

    def parameter(one: Any) -> Any:
        is_text = isinstance(one, dict) and one.get("type") == "text" and isinstance(one.get("text"), str)
        return {**one, "text": shortener.shorten(one["text"])} if is_text else one

    def component(one: dict[str, Any]) -> dict[str, Any]:
        given = one.get("parameters")
        is_filled = one.get("type") in ("header", "body", "HEADER", "BODY") and isinstance(given, list)
        return {**one, "parameters": list(map(parameter, given))} if is_filled and given else one

    return {**template, "components": list(map(component, template.get("components", [])))}


def _recipient(field: str, normalise: Callable[[], str]) -> str:
    try:
        return normalise()
    except InvalidRecipient as error:
        raise ContactError(field, error.code, error.message) from None


def _text(contact: SmsContact | WhatsappContact, name: str) -> str | None:
    if contact.body and contact.message and contact.body != contact.message:
        raise ContactError(name, "ambiguous", "'body' and 'message' differ: give the text once")
    return contact.body or contact.message


def _fill(shared: SharedText | None, contact: AnyContact, known: Mapping[str, object] = _NOTHING) -> str | None:
    """The request's text for a contact, if there is one. The contact's own fields win over what is ``known``."""
    if shared is None:
        return None
    try:
        return shared.fill({**known, **contact.fields()})
    except MissingField as error:
        name = error.name
        advice = f"add it, or write {{{{ {name} | default: '…' }}}} there"
        message = f"{shared.described} needs {name!r}, which this contact has not: {advice}"
        raise (SkippedContact if shared.skips else ContactError)(name, "missing_field", message) from None
    except InvalidTemplate as error:
        message = f"{shared.described} cannot be filled from this contact: {error}"
        raise ContactError("", "template_failed", message) from None


def _refuse_controls(name: str, value: str) -> None:
    if CONTROLS.search(value):
        raise ContactError(name, "control_character", "control characters and line breaks are not allowed here")


def _due(contact: AnyContact, zone: str, now: datetime) -> float:
    try:
        return due(contact.schedule_at, zone, now)
    except InvalidSchedule as error:
        raise ContactError("schedule_at", error.code, error.message) from None


def _wanted_gateway(contact: AnyContact, shared: SharedFields) -> str | None:
    session = contact.session_name if isinstance(contact, WhatsappContact) else None
    wanted = contact.gateway_identifier or session or shared.gateway
    return None if wanted == DEFAULT_GATEWAY else wanted
