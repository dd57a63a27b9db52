"""What a template looks like for a recipient: rendered as a send would, without sending. Pure computation."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from domain.audience.contacts.contact import Contact
from domain.audience.named_template import NamedTemplate
from domain.channels import Channel
from domain.errors import InvalidError
from domain.lanes import Lane
from domain.links.shortening import ShortLinks
from domain.mail.html_safety import links_in
from domain.messages.page_content import Content
from domain.text.segments import count_segments
from services.audience.contacts.values import values_of
from services.audience.templates.texts import variables_of
from services.contacts.models import CONTACT_MODELS, SEND_MODELS
from services.contacts.read import Terms, read_contacts
from services.contacts.stored_values import NAME

MAX_LINKS = 50
_LONG_SUBJECT = 70
"""Characters that clients show, about."""
_ADDRESS: dict[Channel, dict[str, Any]] = {Channel.EMAIL: {"email": "preview@example.com"}}
_NUMBER: dict[str, Any] = {"number": "+14155550123"}


def preview(
    named: Mapping[str, NamedTemplate],
    variables: Mapping[str, Any],
    language: str | None,
    terms: Terms,
    contact: Contact | None = None,
) -> dict[str, Any]:
    """By channel what a recipient with these variables would get, and what may be wrong with it.

    ``contact``: a stored one. It has what a campaign gives to it, and ``contact``; ``variables`` win.
    """
    shown: dict[str, Any] = {}
    for channel, one in named.items():
        all_ = _of(contact, Channel(channel)) | dict(variables) if contact else variables
        wanted = language or (contact.language if contact else None)
        shown[channel] = _channel(Channel(channel), one, all_, wanted, terms)
    return shown


def _of(contact: Contact, channel: Channel) -> dict[str, Any]:
    """What texts may say of a stored contact, and its address."""
    values = values_of(contact)
    number = contact.whatsapp or contact.phone if channel is Channel.WHATSAPP else contact.phone
    address = {"number": number} if number and channel is not Channel.EMAIL else {}
    own = {name: value for name, value in values.items() if name not in ("fields", "tags")}
    return contact.fields | own | {NAME: values} | address


def _channel(
    channel: Channel, named: NamedTemplate, variables: Mapping[str, Any], language: str | None, terms: Terms
) -> dict[str, Any]:
    chosen = named.choose(language)
    usual = _ADDRESS.get(channel, _NUMBER)
    given = {name: variables[name] for name in usual if isinstance(variables.get(name), str)}
    contact = contact_of(channel, variables) | usual | given | {"language": chosen}
    body = {"template": named.key, "contact": [contact]}
    missing = sorted(name for name in variables_of(named, chosen) if _is_missing(contact.get(name)))
    shown: dict[str, Any] = {"language": chosen, "missing": [name for name in missing if name not in named.fallbacks]}
    try:
        send = SEND_MODELS[channel].model_validate(body)
        read = read_contacts(send, terms, Lane.TRANSACTIONAL, named=replace(named, version_id=0))
    except InvalidError as error:
        return shown | {"errors": [{"code": one.code, "message": one.message} for one in error.fields]}
    (message,), content = read.content.messages, read.content.contents[0]
    return shown | {"errors": [], "credits": message.price} | tell(channel, content)


def tell(channel: Channel, content: Content) -> dict[str, Any]:
    """What a message says, and what may be wrong with it."""
    told = _TELL[channel](content)
    return told | {"short_links": _saved(content, content.links)} if content.links else told


def _saved(content: Content, links: ShortLinks) -> dict[str, Any]:
    """Where the short links of a text lead, and what they save beside their targets."""
    full = links.unshortened(content.body)
    before, after = (count_segments(text).parts for text in (full, content.body))
    return {
        "targets": list(links.targets),
        "characters_saved": len(full) - len(content.body),
        "segments_saved": before - after,
    }


def contact_of(channel: Channel, variables: Mapping[str, Any]) -> dict[str, Any]:
    """A contact that has these variables, and no texts or options of its own."""
    known = {field.alias or name for name, field in CONTACT_MODELS[channel].model_fields.items()}
    return {name: value for name, value in variables.items() if name not in known}


def _is_missing(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _email(content: Content) -> dict[str, Any]:
    links = list(links_in(content.html or ""))
    subject = content.subject or ""
    warnings = []
    if len(subject) > _LONG_SUBJECT:
        warnings.append(f"the subject has {len(subject)} characters: many clients cut it")
    plain = [link for link in links if link.startswith("http:")]
    warnings += [f"the link {plain[0][:200]!r} is not encrypted"] if plain else []
    return {
        "subject": subject,
        "html": content.html,
        "text": content.body or None,
        "links": links[:MAX_LINKS],
        "warnings": warnings,
    }


def _sms(content: Content) -> dict[str, Any]:
    segments = count_segments(content.body)
    warnings = []
    if segments.encoding == "ucs2" and segments.parts > 1:
        warnings.append("a character outside of the GSM alphabet makes its parts short: 67 characters instead of 153")
    return {
        "text": content.body,
        "encoding": segments.encoding,
        "segments": segments.parts,
        "warnings": warnings,
    }


def _whatsapp(content: Content) -> dict[str, Any]:
    return {"text": content.body or None, "template": content.template, "warnings": []}


_TELL = {Channel.EMAIL: _email, Channel.SMS: _sms, Channel.WHATSAPP: _whatsapp}
