"""What lets contacts in, and the whole definition as JSON: what the editor has no form for."""

from typing import Any

import orjson
from starlette.responses import Response

from panel.automations.editing import definition_of
from panel.automations.forms.conditions import JOINS, NotReadable, edited
from panel.automations.forms.faults import refusal
from panel.automations.forms.fields import TRIGGER_FIELDS
from panel.automations.forms.filling import conditions_of, trigger_from, values_of
from panel.automations.forms.page import choices, types_of
from panel.automations.forms.suggesting import suggestions
from panel.automations.testing.examples import offers
from panel.automations.testing.values import pointers_in
from panel.automations.words import TRIGGERS
from panel.http.client import Refused
from panel.http.errors import NotThere
from panel.http.forms import Form
from panel.http.pages import Pages
from panel.http.view import View
from panel.segments import words as condition_words

pages = Pages("automations", in_account=True)


@pages.get("/automations/{key}/trigger")
async def trigger_page(view: View) -> Response:
    """The first trigger; with ``?kind=`` another one in its place."""
    _, definition = await definition_of(view, _key(view))
    before = _first(definition)
    kind = view.query("kind") or before["kind"]
    if kind not in TRIGGER_FIELDS:
        raise NotThere
    return await _shown(view, definition, kind, stored=before if before["kind"] == kind else {})


@pages.post("/automations/{key}/trigger")
async def change_trigger(view: View) -> Response:
    """Save it in the draft; or show the form with a line more or less."""
    _, definition = await definition_of(view, _key(view))
    kind = view.form.text("kind")
    if kind not in TRIGGER_FIELDS:
        raise NotThere
    if view.form.text("edit"):
        return await _shown(view, definition, kind)
    try:
        trigger = trigger_from(view.form, kind, _first(definition), await types_of(view))
        await _save(view, _with_first(definition, trigger))
    except (NotReadable, Refused) as error:
        pointer = "/triggers/0" if "triggers" in definition else "/trigger"
        return await _shown(view, definition, kind, wrong=refusal(view, error, TRIGGER_FIELDS[kind], pointer))
    return view.redirect(f"/panel/automations/{_key(view)}", view.translate("The draft is saved."))


@pages.get("/automations/{key}/json")
async def json_page(view: View) -> Response:
    """The definition as it is."""
    _, definition = await definition_of(view, _key(view))
    text = orjson.dumps(definition, option=orjson.OPT_INDENT_2).decode()
    view.form = Form(values={"definition": text})
    return view.page("automations/json.html", key=_key(view))


@pages.post("/automations/{key}/json")
async def change_json(view: View) -> Response:
    """Save it as the draft."""
    try:
        await _save(view, orjson.loads(view.form.raw("definition")))
    except orjson.JSONDecodeError as error:
        told = view.translate("This is no JSON, line %(line)s: %(told)s", line=error.lineno, told=error.msg)
        return view.page("automations/json.html", 422, key=_key(view), wrong=told)
    except Refused as refused:
        view.form.refused = refused
        return view.page("automations/json.html", refused.status, key=_key(view))
    return view.redirect(f"/panel/automations/{_key(view)}", view.translate("The draft is saved."))


async def _shown(
    view: View,
    definition: dict[str, Any],
    kind: str,
    *,
    stored: dict[str, Any] | None = None,
    wrong: dict[str, str] | None = None,
) -> Response:
    """``stored``: what is shown; without it the form that was sent."""
    fields, edit = TRIGGER_FIELDS[kind], view.form.text("edit")
    conditions = conditions_of(stored, view.form, fields, await types_of(view))
    named, _, what = edit.partition("|")
    if named in conditions:
        conditions[named] = edited(conditions[named], what)
    if stored is not None:
        view.form = Form(values=values_of(stored, fields))
    found = await offers(view, _key(view), definition)
    values: dict[str, Any] = {
        "key": _key(view),
        "kind": kind,
        "kinds": TRIGGERS,
        "fields": fields,
        "conditions": conditions,
    }
    values |= {"wrong": wrong or {}, "edit": edit, "joins": JOINS, "words": condition_words}
    values["suggested"] = await suggestions(view, fields)
    values |= await choices(view, definition, found)
    values |= {"contact_names": values["names"], "names": pointers_in(found)}
    return view.page("automations/trigger.html", 422 if wrong or view.form.refused else 200, **values)


def _first(definition: dict[str, Any]) -> dict[str, Any]:
    first: dict[str, Any] = (definition.get("triggers") or [definition.get("trigger")])[0]
    return first


def _with_first(definition: dict[str, Any], trigger: dict[str, Any]) -> dict[str, Any]:
    if "triggers" in definition:
        return {**definition, "triggers": [trigger, *definition["triggers"][1:]]}
    return {**definition, "trigger": trigger}


async def _save(view: View, definition: Any) -> None:
    await view.api.send("PUT", f"/api/automations/{_key(view)}/draft", definition)


def _key(view: View) -> str:
    return str(view.request.path_params["key"])
