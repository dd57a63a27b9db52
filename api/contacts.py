"""From the contacts of a request to the content of a page: normalised, priced, each error with its pointer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from api.body import pointer
from api.errors import FieldError, invalid
from api.send_models import AnyContact, EmailContact, SmsContact, WhatsappContact
from domain.page_content import Content, PageContent, PageMessage
from domain.recipients import InvalidRecipient, normalise_email, normalise_number
from domain.routing import DEFAULT_GATEWAY
from domain.schedule import InvalidSchedule, parse_schedule_at
from domain.segments import count_segments

MAX_SEGMENTS = 10
"""Parts of one SMS: what operators put together again reliably."""

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Terms:
    """What of the account and the install decides how contacts are read."""

    time_zone: str
    region: str | None
    """Region of numbers without country code; ``None``: such numbers are refused."""
    free: bool
    """Messages of admin keys cost nothing."""


@dataclass(frozen=True, slots=True)
class ReadContacts:
    """Contacts ready to become a page."""

    content: PageContent
    requested: dict[str, list[int]]
    """Gateways that were named: identifier → indexes."""


class _ContactError(ValueError):
    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.code = code
        self.message = message


def read_contacts(contacts: Sequence[AnyContact], terms: Terms) -> ReadContacts:
    """Read all contacts of a request.

    Raises:
        ApiError: 422 that names each contact that cannot be sent; then none of them is.
    """
    now = datetime.now(UTC)
    errors: list[FieldError] = []
    contents: dict[Content, int] = {}  # equal contents are carried once
    messages: list[PageMessage] = []
    requested: dict[str, list[int]] = {}
    for index, contact in enumerate(contacts):
        try:
            to, content, price = _read(contact, terms.region)
            due = _due(contact, terms.time_zone, now)
        except _ContactError as error:
            errors.append(FieldError(pointer("contact", index, error.field), error.code, error.message))
            continue
        place = contents.setdefault(content, len(contents))
        messages.append(PageMessage(to, 0 if terms.free else price, place, due, contact.on_unknown))
        if wanted := _wanted_gateway(contact):
            requested.setdefault(wanted, []).append(index)
    if errors:
        raise invalid(errors)
    return ReadContacts(PageContent(list(contents), messages), requested)


def _read(contact: AnyContact, region: str | None) -> tuple[str, Content, int]:
    """Recipient, content and price in credits of one contact."""
    match contact:
        case EmailContact():
            return _read_email(contact)
        case SmsContact():
            return _read_sms(contact, region)
        case WhatsappContact():
            return _read_whatsapp(contact, region)


def _read_email(contact: EmailContact) -> tuple[str, Content, int]:
    try:
        to = normalise_email(contact.email)
    except InvalidRecipient as error:
        raise _ContactError("email", error.code, error.message) from None
    _refuse_controls("subject", contact.subject)
    _refuse_controls("sender_name", contact.sender_name or "")
    html = contact.message or contact.body
    if not html:
        raise _ContactError("message", "missing", "give the email's HTML in 'message'")
    text = contact.body if contact.message and contact.body else ""
    return to, Content(body=text, html=html, subject=contact.subject, sender=contact.sender_name), 1


def _read_sms(contact: SmsContact, region: str | None) -> tuple[str, Content, int]:
    to = _number(contact.number, region)
    text = _text(contact, "body")
    if text is None:
        raise _ContactError("body", "missing", "give the text in 'body'")
    segments = count_segments(text, force_unicode=contact.sms_type == "unicode")
    if segments.parts > MAX_SEGMENTS:
        raise _ContactError(
            "body", "too_long", f"the text needs {segments.parts} parts; {MAX_SEGMENTS} is the most: shorten it"
        )
    _refuse_controls("sender_id", contact.sender_id or "")
    content = Content(body=text, sender=contact.sender_id, unicode=segments.encoding == "ucs2")
    return to, content, segments.parts


def _read_whatsapp(contact: WhatsappContact, region: str | None) -> tuple[str, Content, int]:
    to = _number(contact.number, region)
    text = _text(contact, "message")
    if bool(contact.media) != bool(contact.url):
        raise _ContactError("url" if contact.media else "media", "missing", "'media' and 'url' belong together")
    if contact.template and contact.media:
        raise _ContactError("template", "ambiguous", "give either a template or media, not both")
    if not (text or contact.media or contact.template):
        raise _ContactError("message", "missing", "give a text in 'message', or 'media' and 'url', or a 'template'")
    template = orjson.dumps(contact.template.model_dump()).decode() if contact.template else None
    return to, Content(body=text or "", media_type=contact.media, media_url=contact.url, template=template), 1


def _number(value: object, region: str | None) -> str:
    try:
        return normalise_number(value, region)
    except InvalidRecipient as error:
        raise _ContactError("number", error.code, error.message) from None


def _text(contact: SmsContact | WhatsappContact, name: str) -> str | None:
    if contact.body and contact.message and contact.body != contact.message:
        raise _ContactError(name, "ambiguous", "'body' and 'message' differ: give the text once")
    return contact.body or contact.message


def _refuse_controls(name: str, value: str) -> None:
    """A line break would start a new header; no header needs any other control character."""
    if _CONTROLS.search(value):
        raise _ContactError(name, "control_character", "control characters and line breaks are not allowed here")


def _due(contact: AnyContact, zone: str, now: datetime) -> float:
    """When the message is due, in Unix seconds; 0: at once."""
    if not contact.schedule_at:
        return 0.0
    try:
        at = parse_schedule_at(contact.schedule_at, zone, now)
    except InvalidSchedule as error:
        raise _ContactError("schedule_at", error.code, error.message) from None
    return at.timestamp() if at > now else 0.0


def _wanted_gateway(contact: AnyContact) -> str | None:
    session = contact.session_name if isinstance(contact, WhatsappContact) else None
    wanted = contact.gateway_identifier or session
    return None if wanted == DEFAULT_GATEWAY else wanted
