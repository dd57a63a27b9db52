"""The editor: steps are added, changed, moved and removed in the draft, each time as a whole that the API checks."""

from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from panel.automations.forms.conditions import NotReadable
from panel.automations.forms.faults import refusal
from panel.automations.forms.fields import fields_of
from panel.automations.forms.filling import step_from
from panel.automations.forms.page import shown, types_of
from panel.automations.tree import (
    NoSuchPlace,
    Step,
    all_steps,
    find,
    inserted,
    moved,
    new_id,
    pointer_of,
    removed,
    replaced,
)
from panel.automations.words import KINDS
from panel.http.client import Refused
from panel.http.pages import Pages
from panel.http.view import View

pages = Pages("automations", in_account=True)

Definition = dict[str, Any]


async def definition_of(view: View, key: str, version: str = "") -> tuple[dict[str, Any], Definition]:
    """An automation, and a version of it; "": what would be published, its draft, or the version that is."""
    automation = (await view.api.get(f"/api/automations/{key}"))["data"]
    if automation["draft"] is not None and not version:
        return automation, automation["draft"]
    stored = (await view.api.get(f"/api/automations/{key}/versions/{version or automation['version']}"))["data"]
    return automation, stored["definition"]


@pages.get("/automations/{key}/add")
async def choose_kind(view: View) -> Response:
    """Which step is to be added here."""
    await definition_of(view, _key(view))  # it must be there
    return view.page("automations/kinds.html", key=_key(view), place=view.query("place"), kinds=KINDS)


@pages.get("/automations/{key}/add/{kind}")
async def new_step(view: View) -> Response:
    """Its form."""
    _, definition = await definition_of(view, _key(view))
    return await shown(view, definition, {"id": "", "kind": _kind(view)}, place=view.query("place"))


@pages.post("/automations/{key}/add/{kind}")
async def add_step(view: View) -> Response:
    """Put it into the draft; or show the form with a line more or less."""
    automation, definition = await definition_of(view, _key(view))
    kind, place = _kind(view), view.form.text("place")
    blank: Step = {"id": new_id(definition, kind, await _used(view, automation)), "kind": kind}
    if view.form.text("edit"):
        return await shown(view, definition, blank, is_stored=False, place=place)
    changed = definition
    try:
        changed = inserted(definition, place, step_from(view.form, kind, blank, await types_of(view)))
        await _save(view, changed)
    except (NotReadable, Refused, NoSuchPlace) as error:
        wrong = refusal(view, error, fields_of(kind), pointer_of(changed, blank["id"]))
        return await shown(view, definition, blank, is_stored=False, place=place, wrong=wrong, status=422)
    return _back(view, blank["id"], view.translate("The step is added to the draft."))


@pages.get("/automations/{key}/steps/{step}")
async def step_page(view: View) -> Response:
    """A step's form."""
    _, definition = await definition_of(view, _key(view))
    return await shown(view, definition, find(definition, view.request.path_params["step"]))


@pages.post("/automations/{key}/steps/{step}")
async def change_step(view: View) -> Response:
    """Change, move or remove it; or show the form with a line more or less."""
    _, definition = await definition_of(view, _key(view))
    before = find(definition, view.request.path_params["step"])
    if view.form.text("edit"):
        return await shown(view, definition, before, is_stored=False)
    changed = definition
    try:
        changed = await _changed(view, definition, before)
        await _save(view, changed)
    except (NotReadable, Refused) as error:
        wrong = refusal(view, error, fields_of(before["kind"]), pointer_of(changed, before["id"]))
        is_stored = bool(view.form.text("do"))  # it was moved or removed: no field was sent
        return await shown(view, definition, before, is_stored=is_stored, wrong=wrong, status=422)
    return _back(view, before["id"], view.translate("The draft is saved."))


async def _changed(view: View, definition: Definition, before: Step) -> Definition:
    match view.form.text("do"):
        case "up":
            return moved(definition, before["id"], -1)
        case "down":
            return moved(definition, before["id"], 1)
        case "remove":
            return removed(definition, before["id"])
    return replaced(definition, before["id"], step_from(view.form, before["kind"], before, await types_of(view)))


async def _save(view: View, definition: Definition) -> None:
    await view.api.send("PUT", f"/api/automations/{_key(view)}/draft", definition)


async def _used(view: View, automation: dict[str, Any]) -> set[str]:
    """Ids of steps of the version that is published."""
    if automation["version"] is None:
        return set()
    stored = (await view.api.get(f"/api/automations/{automation['key']}/versions/{automation['version']}"))["data"]
    return {step["id"] for step in all_steps(stored["definition"])}


def _back(view: View, step_id: str, notice: str) -> Response:
    return view.redirect(f"/panel/automations/{quote(_key(view))}#step-{step_id}", notice)


def _key(view: View) -> str:
    return str(view.request.path_params["key"])


def _kind(view: View) -> str:
    kind = view.request.path_params["kind"]
    if kind not in KINDS:
        raise NoSuchPlace
    return str(kind)
