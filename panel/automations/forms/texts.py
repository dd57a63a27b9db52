"""Members of steps as texts of a form, and back."""

from collections.abc import Mapping
from typing import Any

import orjson

from panel.automations.forms.conditions import NotReadable
from panel.automations.forms.fields import Field
from panel.http.forms import Form
from panel.rendering.words import _

_NO_NUMBER = _("A whole number.")


def text_of(value: Any, kind: str) -> str:
    """A value as a field of this kind shows it."""
    if value is None:
        return ""
    if kind == "json":
        return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    if kind == "words" and value:
        return ", ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def value_from(form: Form, field: Field) -> Any:
    """What a form has; ``None``: the field is empty.

    Raises:
        NotReadable: it must be JSON, or a number, and is none.
    """
    text = form.raw(field.name).strip()
    if not text:
        return None
    if field.kind == "json":
        return _json(field.name, text)
    if field.kind == "words":
        return [part.strip() for part in text.split(",") if part.strip()]
    if field.kind == "flag":
        return text == "true"
    if field.kind == "number":
        if not (text.isascii() and text.isdigit()):
            raise NotReadable(field.name, _NO_NUMBER)
        return int(text)
    return text


def member(holder: Mapping[str, Any], path: str) -> Any:
    """What stands there; ``None``: nothing."""
    first, _dot, rest = path.partition(".")
    value = holder.get(first)
    return value if not rest else member(value, rest) if isinstance(value, dict) else None


def put(holder: dict[str, Any], path: str, value: Any) -> None:
    """Set a member, or take it away; what is empty then goes as well."""
    first, _dot, rest = path.partition(".")
    if rest:
        inner = dict(holder[first]) if isinstance(holder.get(first), dict) else {}
        put(inner, rest, value)
        value = inner or None
    if value is None:
        holder.pop(first, None)
    else:
        holder[first] = value


def _json(name: str, text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise NotReadable(name) from None
