"""What is wrong with a form that was sent, by its fields."""

import re
from collections.abc import Iterable

from panel.automations.forms.conditions import NotReadable
from panel.automations.forms.fields import LISTS, Field
from panel.automations.forms.filling import MOST_ARMS
from panel.automations.forms.rows import entered_rows, places_of
from panel.http.client import Refused
from panel.http.forms import Form
from panel.http.view import View

_OF_ARM = ("when", "weight")
"""Members of an arm that its form has."""
_NAMING = ("member_missing", "members", "content")
"""Codes of faults of an object that say which of its members are missing, or do not go together."""


def refusal(view: View, error: Exception, fields: Iterable[Field], pointer: str) -> dict[str, str]:
    """What is wrong, by the field; "" is the whole. ``pointer``: to what the form shows, in the definition."""
    if isinstance(error, Refused):
        view.form.refused = error
        return wrong_at(error, _places(view.form, fields, pointer))
    if isinstance(error, NotReadable):
        told = error.told or "This is not readable: check the quotes, commas and brackets."
        return {error.name: view.translate(told)}
    return {"": view.translate("The automation has changed since: go back, and try again.")}


def wrong_at(refused: Refused, places: dict[str, str]) -> dict[str, str]:
    """What the API says is wrong, by the field. ``places``: of fields, by pointers to their members."""
    found: dict[str, str] = {}
    for error in refused.errors:
        if name := _field_at(error, places):
            found.setdefault(name, error["message"])
    return found


def _field_at(error: dict[str, str], places: dict[str, str]) -> str | None:
    at = error["pointer"]
    if error["code"] in _NAMING:
        named = set(re.findall(r"\w+", error["message"]))
        for place, name in places.items():
            if place.startswith(f"{at}/") and named.intersection(place.removeprefix(at).split("/")):
                return name
    around = [place for place in places if at == place or at.startswith(f"{place}/")]
    return places[max(around, key=len)] if around else None


def _places(form: Form, fields: Iterable[Field], pointer: str) -> dict[str, str]:
    found = {}
    for field in fields:
        at = f"{pointer}/{field.path.replace('.', '/')}"
        found[at] = field.name
        if field.kind in LISTS:
            found |= dict(places_of(entered_rows(form, field), field, at))
    arms = ((f"{pointer}/arms/{index}/{name}", f"arm.{index}.{name}") for index in range(MOST_ARMS) for name in _OF_ARM)
    return found | dict(arms)
