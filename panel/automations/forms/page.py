"""The page of a step's form: its fields, its conditions and ways, and values to insert."""

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from starlette.responses import Response

from panel.automations.forms.conditions import JOINS, edited, entered, lines_of
from panel.automations.forms.fields import HEADINGS, MORE, Field, fields_of, headings_of
from panel.automations.forms.filling import MOST_ARMS, WITH_ARMS, conditions_of, rows_of, values_of
from panel.automations.forms.rows import Row
from panel.automations.forms.suggesting import suggestions
from panel.automations.testing.examples import KINDS as EXAMPLES
from panel.automations.testing.examples import Example, Offer, example_of, first_of, offers
from panel.automations.testing.values import names_of
from panel.automations.tree import Step, all_steps
from panel.automations.words import KINDS
from panel.http.client import Refused
from panel.http.forms import Form
from panel.http.view import View
from panel.segments import words as condition_words

_SENDING = ("send", "call")
_OWN_TEXTS = ("email", "phone", "whatsapp", "external_id", "first_name", "last_name", "language", "country")


async def types_of(view: View) -> dict[str, str]:
    """Of fields of contacts, as conditions name them."""
    fields = (await view.api.get("/api/contact-fields"))["data"]
    return {f"contact.{name}": "text" for name in _OWN_TEXTS} | {f"contact.{one['key']}": one["type"] for one in fields}


async def shown(
    view: View,
    definition: dict[str, Any],
    step: Step,
    *,
    is_stored: bool = True,
    place: str = "",
    wrong: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    """``is_stored``: with what is stored; otherwise the form that was sent is shown again."""
    key, kind, fields = view.request.path_params["key"], step["kind"], fields_of(step["kind"])
    found, types, suggested = await asyncio.gather(
        offers(view, key, definition), types_of(view), suggestions(view, fields)
    )
    edit = view.form.text("edit")
    conditions = conditions_of(step if is_stored else None, view.form, fields, types)
    rows = rows_of(step if is_stored else None, view.form, fields, edit)
    arms = _stored_arms(step, types) if is_stored else _entered_arms(view.form)
    arms = arms if kind in WITH_ARMS else []
    if is_stored:
        refused, view.form = view.form.refused, Form(values=values_of(step, fields))
        view.form.refused = refused
    named, _, what = edit.partition("|")
    if named in conditions:
        conditions[named] = edited(conditions[named], what)
    if named == "arms":
        arms = _rearranged(arms, what)
    for index, arm in enumerate(arms):
        if named == f"arm.{index}.when":
            arm["when"] = edited(arm["when"], what)
    values = {"step": step, "kind": KINDS[kind], "fields": fields, "arms": arms, "conditions": conditions}
    headings = headings_of(fields)
    opened = {heading for heading, inside in headings.items() if _is_open(view.form, heading, inside, rows)}
    opened |= {field.behind for field in fields if _is_at(field, [*(wrong or {}), edit])}
    values |= {"headings": headings, "icons": HEADINGS, "opened": opened, "rows": rows}
    values |= {"key": key, "place": place, "wrong": wrong or {}, "edit": edit, "joins": JOINS, "suggested": suggested}
    values |= await choices(view, definition, found)
    return view.page("automations/step.html", status, words=condition_words, **values)


def _is_open(form: Form, heading: str, inside: Sequence[Field], rows: Mapping[str, Sequence[Row]]) -> bool:
    """Whether something is set that is not said by the step alone, and is not to be overlooked."""
    return heading != MORE and any(form.text(field.name) or rows.get(field.name) for field in inside)


def _is_at(field: Field, names: Iterable[str]) -> bool:
    """Whether one of these names is that of the field, or begins with it."""
    return any(re.match(rf"{re.escape(field.name)}(?![^.|])", name) for name in names)


async def choices(view: View, definition: dict[str, Any], found: list[Offer]) -> dict[str, Any]:
    """Names to choose from, with what they are in an example: the one of ``?from=``, or the best."""
    wanted = next((offer for offer in found if offer.key == view.query("from")), None)
    example: Example | None = await (example_of(view, wanted) if wanted else first_of(view, found))
    contact, fields, groups = await asyncio.gather(
        _contact(view, example), view.api.get("/api/contact-fields"), view.api.get("/api/groups", {"limit": 100})
    )
    sending = [step["id"] for step in all_steps(definition) if step["kind"] in _SENDING]
    return {
        "names": names_of(definition, example, contact, fields["data"]),
        "offers": found,
        "offer_kinds": EXAMPLES,
        "groups": groups["data"],
        "sending": sending,
    }


async def _contact(view: View, example: Example | None) -> Mapping[str, Any]:
    """Who the example is about."""
    if example is None:
        return {}
    if isinstance(example.contact, dict):
        return example.contact
    try:
        return dict((await view.api.get(f"/api/contacts/{example.contact}"))["data"])
    except Refused:  # deleted since
        return {}


def _stored_arms(step: Step, types: Mapping[str, str]) -> list[dict[str, Any]]:
    """Of a branch or a split, and an empty one to fill in; two of a new step. ``was``: which of the stored it is."""
    stored = step.get("arms") or []
    shown_arms = [
        {
            "was": str(index),
            "name": arm.get("name", ""),
            "weight": arm.get("weight", ""),
            "when": lines_of(arm.get("when"), types),
        }
        for index, arm in enumerate(stored)
    ]
    blank = [_blank(types) for _ in range(1 if stored else 2)]
    return (shown_arms + blank)[:MOST_ARMS]


def _blank(types: Mapping[str, str]) -> dict[str, Any]:
    return {"was": "", "name": "", "weight": "", "when": lines_of(None, types)}


def _entered_arms(form: Form) -> list[dict[str, Any]]:
    return [
        {name: form.text(f"arm.{index}.{name}") for name in ("was", "name", "weight")}
        | {"when": entered(form, f"arm.{index}.when")}
        for index in range(MOST_ARMS)
        if form.flag(f"arm.{index}.name")
    ]


def _rearranged(arms: list[dict[str, Any]], what: str) -> list[dict[str, Any]]:
    """With a way further up or down, one less, or one more: ``up.1``, ``down.0``, ``remove.2``, ``add``."""
    action, _, number = what.partition(".")
    if action == "add" and len(arms) < MOST_ARMS:
        return [*arms, _blank({})]
    if not number.isdigit() or int(number) >= len(arms):
        return arms
    index = int(number)
    others = [*arms[:index], *arms[index + 1 :]]
    if action in ("up", "down"):
        others.insert(max(0, index + (1 if action == "down" else -1)), arms[index])
        return others
    return others if action == "remove" else arms
