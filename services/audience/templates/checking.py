"""Checks of a template's texts when it is saved: all that can be known without a recipient. Pure computation."""

import re
from collections.abc import Iterator
from typing import Any

from domain.errors import FieldError, InvalidError, invalid, pointer
from domain.mail.html_safety import unsafe_part
from domain.text.template_errors import InvalidTemplate
from domain.text.templates import compile_template
from services.audience.templates.models import KEY, TemplateBody

MAX_MARKUP = 60_000
"""Characters of markup of all texts of a template together: each is compiled, some µs for each."""

_MARKUP = re.compile(r"\{[{%][^{}]{0,600}")
_KEY = re.compile(KEY)
_Place = tuple[str | int, ...]


def check_key(key: str) -> None:
    """Refuse what cannot be the key of a template.

    Raises:
        InvalidError: it cannot.
    """
    if not _KEY.fullmatch(key):
        raise InvalidError("template_key", "a key has up to 64 lower-case letters, digits, '-' and '_'", "/template")


def texts_of(body: TemplateBody) -> Iterator[tuple[_Place, str, bool]]:
    """The texts of a template: place, text, and whether it is HTML."""
    for language, email in body.email.items():
        for name in ("subject", "html", "mjml", "text", "preheader"):
            if text := getattr(email, name):
                yield ("email", language, name), text, name in ("html", "mjml")
    for language, sms in body.sms.items():
        yield ("sms", language, "message"), sms.message, False
    for language, whatsapp in body.whatsapp.items():
        if whatsapp.text:
            yield ("whatsapp", language, "text"), whatsapp.text, False
        if whatsapp.template:
            place = ("whatsapp", language, "template", "components")
            yield from ((path, text, False) for path, text in strings_in(whatsapp.template.components, place))


def strings_in(value: Any, place: _Place) -> Iterator[tuple[_Place, str]]:
    """All strings in a JSON value, with their places."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from strings_in(inner, (*place, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from strings_in(inner, (*place, index))


def check_body(body: TemplateBody) -> InvalidError | None:
    """What is wrong with the texts, if anything; returned, not raised: it may run in a process of its own."""
    errors: list[FieldError] = []
    markup = 0
    for place, text, is_html in texts_of(body):
        markup += sum(map(len, _MARKUP.findall(text)))
        if markup > MAX_MARKUP:
            message = f"all texts together have more than {MAX_MARKUP} characters of markup: make several templates"
            errors.append(FieldError(pointer(*place), "template_too_large", message))
            break
        if error := check_text(place, text, html=is_html):
            errors.append(error)
        if place[-1] == "mjml" and "mj-include" in text.lower():
            errors.append(FieldError(pointer(*place), "mjml_include", "mj-include is not allowed: write it out"))
        if len(errors) >= 20:
            break
    return invalid(errors) if errors else None


def check_text(place: _Place, text: str, *, html: bool) -> FieldError | None:
    """What is wrong with one text."""
    try:
        compile_template(text, html=html)
    except InvalidTemplate as error:
        return FieldError(pointer(*place), "invalid_template", f"not a template: {error}")
    if html and (unsafe := unsafe_part(text)):
        return FieldError(pointer(*place), "html_refused", f"line {unsafe[0]}: {unsafe[1]} is not allowed in emails")
    return None
