"""The provider's templates that the messages of a request use, one of each kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from domain.countries import is_in
from domain.messages.page_content import Content, PageContent

MOST_USES = 200
"""Kinds of uses that are checked of a request."""
_US = frozenset({"US"})


@dataclass(frozen=True, slots=True)
class TemplateUsed:
    """A message that uses a template, in the stead of all that use it in the same way."""

    index: int
    """Of the message."""
    template: Mapping[str, Any]
    to_us: bool
    """Whether it is for a number of the USA."""
    field: str = "template"
    """The field of the contact that has it."""


def templates_used(content: PageContent) -> tuple[TemplateUsed, ...]:
    """By kind: name, language, the number and types of parameters, and whether the recipient is in the USA."""
    shapes = {place: one for place, content in enumerate(content.contents) if (one := _used_by(content))}
    found: dict[tuple[Any, bool], TemplateUsed] = {}
    for index, message in enumerate(content.messages) if shapes else ():
        if message.content not in shapes:
            continue
        shape, template, field = shapes[message.content]
        to_us = message.to.startswith("+1") and is_in(message.to, _US)
        if (shape, to_us) not in found and len(found) < MOST_USES:
            found[shape, to_us] = TemplateUsed(index, template, to_us, field)
    return tuple(found.values())


def _used_by(content: Content) -> tuple[Any, Mapping[str, Any], str] | None:
    """Its template as a shape and as an object, and the field that it stands in; a message has one at most."""
    text, field = (content.template, "template") if content.template else (content.if_closed, "template_if_closed")
    if text is None:
        return None
    template = orjson.loads(text)
    return (field, _shape(template)), template, field


def _shape(template: Mapping[str, Any]) -> Any:
    components = template.get("components") or []
    named = [template.get("name"), template.get("language"), template.get("language_fallback")]
    return orjson.dumps([*named, [_kind(one) for one in components]])


def _kind(component: Any) -> Sequence[Any]:
    if not isinstance(component, dict):
        return []
    parameters = component.get("parameters")
    types = [one.get("type") for one in parameters if isinstance(one, dict)] if isinstance(parameters, list) else []
    return [component.get("type"), component.get("sub_type"), component.get("index"), types]
