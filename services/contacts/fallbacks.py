"""Fallbacks of a request: messages to send if an earlier one does not arrive, read like contacts of their channels."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from domain.channels import Channel
from domain.messages.fallback import Fallback, parse_duration
from domain.messages.page_content import Content
from domain.text.template_errors import InvalidTemplate, MissingField
from domain.text.templates import Template, compile_template
from domain.validation.sentences import in_words
from services.contacts.errors import ContactError
from services.contacts.models import CONTACT_MODELS, AnyContact, FallbackStep

_TEXTS = ("message", "body", "subject")
_UNLESS = {"not_delivered": "delivered", "not_read": "read"}

Read = Callable[[AnyContact], tuple[str, Content, int]]
"""Recipient, content and price of a contact. Raises ``ContactError``."""


def read_steps(
    contact: AnyContact, shared: Sequence[FallbackStep], read: Read, place: Callable[[Content], int]
) -> tuple[Fallback, ...]:
    """The steps of a contact, or else those of the whole request, whose texts are filled from the contact.

    ``place`` returns the index of a content in the page.

    Raises:
        ContactError: one of them cannot be sent.
    """
    own = contact.fallback
    steps = shared if own is None else own
    return tuple(_read_step(step, number, contact, read, place, fill=own is None) for number, step in enumerate(steps))


def template_names(shared: Sequence[FallbackStep]) -> frozenset[str] | None:
    """The fields of contacts that the texts of request-wide steps may look at; ``None``: any."""
    names: set[str] = set()
    for step in shared:
        given = step.__pydantic_extra__ or {}
        for text in filter(None, map(given.get, _TEXTS)):
            with suppress(InvalidTemplate):  # no contact used it: it would have been refused
                found = _compiled(text, step.channel is Channel.EMAIL).names if isinstance(text, str) else frozenset()
                if found is None:
                    return None
                names |= found
    return frozenset(names)


def _read_step(
    step: FallbackStep,
    number: int,
    contact: AnyContact,
    read: Read,
    place: Callable[[Content], int],
    *,
    fill: bool,
) -> Fallback:
    at = f"fallback.{number}"
    try:
        after = parse_duration(step.after)
    except ValueError as error:
        raise ContactError(f"{at}.after", "duration", str(error)) from None
    fields = _fields(step, contact, at, fill=fill)
    try:
        as_contact = CONTACT_MODELS[step.channel].model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise ContactError(".".join([at, *map(str, first["loc"])]), first["type"], in_words(first)) from None
    try:
        to, content, price = read(as_contact)
    except ContactError as error:
        raise error.within("fallback", number) from None
    return Fallback(
        step.channel.value,
        after,
        _UNLESS[step.if_],
        to,
        price,
        place(content),
        as_contact.gateway_identifier or None,
    )


def _fields(step: FallbackStep, contact: AnyContact, at: str, *, fill: bool) -> dict[str, Any]:
    """The step as a contact: its own fields, and the contact's address."""
    known = contact.fields()
    address = "email" if step.channel is Channel.EMAIL else "number"
    own: Mapping[str, Any] = step.__pydantic_extra__ or {}
    fields = ({address: known[address]} if known.get(address) else {}) | dict(own)
    if fill:
        for name in _TEXTS:
            if isinstance(text := fields.get(name), str):
                fields[name] = _filled(text, known, f"{at}.{name}", html=step.channel is Channel.EMAIL)
    return fields


def _filled(text: str, known: Mapping[str, object], path: str, *, html: bool) -> str:
    try:
        return _compiled(text, html).render(known)
    except MissingField as error:
        raise ContactError(path, "missing_field", f"needs {error.name!r}, which this contact has not") from None
    except InvalidTemplate as error:
        raise ContactError(path, "invalid_template", f"not a template: {error}") from None


@lru_cache(maxsize=64)
def _compiled(text: str, html: bool) -> Template:
    return compile_template(text, html=html)
