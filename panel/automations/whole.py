"""What lets contacts in, and the whole definition as JSON: what the editor has no form for."""

from typing import Any

import orjson
from starlette.responses import Response

from panel.automations.editing import definition_of
from panel.automations.step_forms import TRIGGER_FIELDS, NotReadable, trigger_from, values_of
from panel.automations.words import TRIGGERS
from panel.http.client import Refused
from panel.http.errors import NotThere
from panel.http.forms import Form
from panel.http.pages import Pages
from panel.http.view import View

pages = Pages("automations", in_account=True)


@pages.get("/automations/{key}/trigger")
async def trigger_page(view: View) -> Response:
    """The first trigger; with ``?kind=`` another one in its place."""
    _, definition = await definition_of(view, _key(view))
    before = _first(definition)
    kind = view.query("kind") or before["kind"]
    if kind not in TRIGGER_FIELDS:
        raise NotThere
    view.form = Form(values=values_of(before if before["kind"] == kind else {}, TRIGGER_FIELDS[kind]))
    return _shown(view, kind)


@pages.post("/automations/{key}/trigger")
async def change_trigger(view: View) -> Response:
    """Save it in the draft."""
    _, definition = await definition_of(view, _key(view))
    kind = view.form.text("kind")
    if kind not in TRIGGER_FIELDS:
        raise NotThere
    try:
        trigger = trigger_from(view.form, kind, _first(definition))
        await _save(view, _with_first(definition, trigger))
    except NotReadable as error:
        return _shown(view, kind, {error.name: view.translate("This is not readable: check quotes and brackets.")})
    except Refused as refused:
        view.form.refused = refused
        return _shown(view, kind)
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


def _shown(view: View, kind: str, wrong: dict[str, str] | None = None) -> Response:
    status = 422 if wrong or view.form.refused else 200
    values = {"key": _key(view), "kind": kind, "kinds": TRIGGERS, "fields": TRIGGER_FIELDS[kind], "wrong": wrong or {}}
    return view.page("automations/trigger.html", status, **values)


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
