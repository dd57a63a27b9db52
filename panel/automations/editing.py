"""The editor: steps are added, changed, moved and removed in the draft, each time as a whole that the API checks."""

from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from panel.automations.step_forms import ARMS_SHOWN, CONDITIONS, NotReadable, fields_of, step_from, values_of
from panel.automations.tree import (
    NoSuchPlace,
    Step,
    all_steps,
    find,
    inserted,
    moved,
    new_id,
    removed,
    replaced,
    with_arms,
)
from panel.automations.words import KINDS
from panel.http.client import Refused
from panel.http.forms import Form
from panel.http.pages import Pages
from panel.http.view import View

pages = Pages("automations", in_account=True)

Definition = dict[str, Any]


async def definition_of(view: View, key: str) -> tuple[dict[str, Any], Definition]:
    """An automation, and what would be published: its draft, or the version that is."""
    automation = (await view.api.get(f"/api/automations/{key}"))["data"]
    if automation["draft"] is not None:
        return automation, automation["draft"]
    stored = (await view.api.get(f"/api/automations/{key}/versions/{automation['version']}"))["data"]
    return automation, stored["definition"]


@pages.get("/automations/{key}/add")
async def choose_kind(view: View) -> Response:
    """Which step is to be added here."""
    return view.page("automations/kinds.html", key=_key(view), place=view.query("place"), kinds=KINDS)


@pages.get("/automations/{key}/add/{kind}")
async def new_step(view: View) -> Response:
    """Its form."""
    return _form(view, {"id": "", "kind": _kind(view)}, {}, place=view.query("place"))


@pages.post("/automations/{key}/add/{kind}")
async def add_step(view: View) -> Response:
    """Put it into the draft."""
    automation, definition = await definition_of(view, _key(view))
    kind, place = _kind(view), view.form.text("place")
    blank: Step = {"id": new_id(definition, kind, await _used(view, automation)), "kind": kind}
    try:
        step = with_arms(step_from(view.form, kind, blank), {})
        await _save(view, inserted(definition, place, step))
    except (NotReadable, Refused, NoSuchPlace) as error:
        return _refused(view, blank, error, place=place)
    return _back(view, blank["id"], view.translate("The step is added to the draft."))


@pages.get("/automations/{key}/steps/{step}")
async def step_page(view: View) -> Response:
    """A step's form."""
    _, definition = await definition_of(view, _key(view))
    step = find(definition, view.request.path_params["step"])
    return _form(view, step, values_of(step, fields_of(step["kind"])))


@pages.post("/automations/{key}/steps/{step}")
async def change_step(view: View) -> Response:
    """Change, move or remove it."""
    _, definition = await definition_of(view, _key(view))
    step_id = view.request.path_params["step"]
    before = find(definition, step_id)
    try:
        changed = _changed(view.form, definition, before)
        await _save(view, changed)
    except (NotReadable, Refused) as error:
        return _refused(view, before, error)
    return _back(view, step_id, view.translate("The draft is saved."))


def _changed(form: Form, definition: Definition, before: Step) -> Definition:
    match form.text("do"):
        case "up":
            return moved(definition, before["id"], -1)
        case "down":
            return moved(definition, before["id"], 1)
        case "remove":
            return removed(definition, before["id"])
    return replaced(definition, before["id"], with_arms(step_from(form, before["kind"], before), before))


async def _save(view: View, definition: Definition) -> None:
    await view.api.send("PUT", f"/api/automations/{_key(view)}/draft", definition)


async def _used(view: View, automation: dict[str, Any]) -> set[str]:
    """Ids of steps of the version that is published."""
    if automation["version"] is None:
        return set()
    stored = (await view.api.get(f"/api/automations/{automation['key']}/versions/{automation['version']}"))["data"]
    return {step["id"] for step in all_steps(stored["definition"])}


def _refused(view: View, step: Step, error: Exception, place: str = "") -> Response:
    wrong = {}
    if isinstance(error, Refused):
        view.form.refused = error
    elif isinstance(error, NotReadable):
        wrong[error.name] = view.translate("This is not readable: check the quotes, commas and brackets.")
    else:
        wrong[""] = view.translate("The automation has changed since: go back, and try again.")
    return _form(view, step, None, place=place, wrong=wrong, status=422)


def _form(
    view: View,
    step: Step,
    values: dict[str, Any] | None,
    *,
    place: str = "",
    wrong: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    """``values``: what is stored; ``None``: the form that was sent is shown again."""
    if values is not None:
        view.form = Form(values=values)
    return view.page(
        "automations/step.html",
        status,
        key=_key(view),
        step=step,
        kind=KINDS[step["kind"]],
        fields=fields_of(step["kind"]),
        place=place,
        wrong=wrong or {},
        operators=CONDITIONS,
        more_arms=ARMS_SHOWN,
    )


def _back(view: View, step_id: str, notice: str) -> Response:
    return view.redirect(f"/panel/automations/{quote(_key(view))}#step-{step_id}", notice)


def _key(view: View) -> str:
    return str(view.request.path_params["key"])


def _kind(view: View) -> str:
    kind = view.request.path_params["kind"]
    if kind not in KINDS:
        raise NoSuchPlace
    return str(kind)
