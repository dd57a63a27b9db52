"""What one contact gets, and what it costs: recipient, subject, text and whatever else a message holds."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import orjson

from domain.channels import Channel
from domain.links.shortening import Shortener
from domain.mail.extras import MailExtras
from domain.mail.tracking import PREFERENCES_FIELD, PREFERENCES_MARK, UNSUBSCRIBE_FIELD, UNSUBSCRIBE_MARK
from domain.messages.page_content import Content
from domain.messages.prices import UNDECLARED, Prices, sms_content
from domain.recipients import InvalidRecipient, normalise_email
from domain.text.template_errors import InvalidTemplate, MissingField
from services.contacts.errors import ContactError, SkippedContact
from services.contacts.mail.extras import CONTROLS, InvalidExtra
from services.contacts.mail.from_field import From, InvalidFrom, check_name
from services.contacts.models import (
    MAX_SUBJECT,
    AnyContact,
    EmailContact,
    SmsContact,
    WhatsappContact,
    WhatsappTemplate,
)
from services.contacts.numbers import NumberReader
from services.contacts.shared_fields import SharedFields, SharedText

MAX_SEGMENTS = 10
"""Parts of one SMS: what operators reassemble reliably."""

_MORE_THAN_FITS = MAX_SEGMENTS * 160
"""Longer texts need more parts in any encoding: the rest of a text is not examined."""
_NO_EXTRAS = MailExtras()
_T = TypeVar("_T")
_NOTHING: Mapping[str, object] = {}
_LINKS = {UNSUBSCRIBE_FIELD: UNSUBSCRIBE_MARK, PREFERENCES_FIELD: PREFERENCES_MARK}


def read_content(
    contact: AnyContact, shared: SharedFields, numbers: NumberReader, prices: Prices
) -> tuple[str, Content, int]:
    """Recipient, content and price in credits of one contact.

    Raises:
        ContactError: it cannot be sent to.
    """
    match contact:
        case EmailContact():
            to, content = _read_email(contact, shared)
            return to, content, prices.of(Channel.EMAIL, to, 1 + (len(content.mail.cc) if content.mail else 0))
        case SmsContact():
            to, content, parts = _read_sms(contact, shared, numbers)
            return to, content, prices.of(Channel.SMS, to, parts)
        case WhatsappContact():
            to, content = _read_whatsapp(contact, shared, numbers)
            # It is charged once, whichever of both is sent.
            forms = [content.template, content.if_closed] if content.if_closed else [content.template]
            return to, content, max(prices.of(Channel.WHATSAPP, to, category=_category(form)) for form in forms)


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
    unused = {name for name in ("category", "language_fallback") if not getattr(template, name)}
    return template.model_dump(exclude=unused)


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
    if contact.template_if_closed and (contact.template or of_template):
        raise ContactError("template_if_closed", "ambiguous", "a template is sent at any time: leave this one out")
    if not (text or contact.media or contact.template or of_template):
        raise ContactError("message", "missing", "give a text in 'message', or 'media' and 'url', or a 'template'")
    written = _written(contact.template) if contact.template else of_template
    shortener = Shortener(shared.links)
    body = shortener.shorten(text) if text else ""
    if written and shared.links.shorten:
        written = _with_short_links(written, shortener)
    other = _written(contact.template_if_closed) if contact.template_if_closed else None
    if other and shared.links.shorten:
        other = _with_short_links(other, shortener)
    return to, Content(
        body=body,
        media_type=contact.media,
        media_url=contact.url,
        template=orjson.dumps(written).decode() if written else None,
        if_closed=orjson.dumps(other).decode() if other else None,
        links=shortener.links,
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
