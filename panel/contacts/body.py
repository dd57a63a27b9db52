"""A contact's form, and what the API gets of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from panel.contacts.words import VALUES
from panel.http.forms import Form

CUSTOM = "field."
"""Begins the names of inputs of custom fields."""
_YES, _NO = "yes", "no"


def stored(contact: Mapping[str, Any], fields: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The values of a contact, by the names of the form's inputs."""
    shown = {name: contact[name] or "" for name in VALUES} | {"tags": ", ".join(contact["tags"])}
    for field in fields:
        value = contact["fields"].get(field["key"])
        if value is not None:
            shown[CUSTOM + field["key"]] = _entered(field["type"], value)
    return shown


def body_of(form: Form, fields: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What was entered; what is empty is to be removed."""
    custom = {field["key"]: _value(field["type"], form.text(CUSTOM + field["key"])) for field in fields}
    values: dict[str, Any] = {name: form.text(name) or None for name in VALUES}
    return values | {"tags": words(form.text("tags")), "groups": form.many("groups"), "fields": custom}


def words(text: str) -> list[str]:
    """Several, with commas between them."""
    return [word for part in text.replace("\n", ",").split(",") if (word := part.strip())]


def _entered(kind: str, value: Any) -> str:
    if kind == "boolean":
        return _YES if value else _NO
    return str(value)[:16] if kind == "time" else str(value)


def _value(kind: str, text: str) -> Any:
    if not text:
        return None
    if kind == "boolean":
        return text == _YES
    if kind == "number":
        return _number(text)
    return f"{text}Z" if kind == "time" and len(text) in (16, 19) and text[-1] != "Z" else text


def _number(text: str) -> float | str:
    """What is no number goes to the API as it is: it says what is wrong."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text
