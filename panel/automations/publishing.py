"""Publishing: what it would change for those inside, before anybody does it."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from panel.automations.editing import definition_of
from panel.automations.tree import all_steps
from panel.http.client import Refused
from panel.http.pages import Pages
from panel.http.view import View

pages = Pages("automations", in_account=True)

MODES = ("version", "patch")
PEOPLE = ("pin", "migrate", "drain")
_MAP = "map."
"""Before the id of a step that is removed: where those at it go on."""


@pages.get("/automations/{key}/publish")
async def report(view: View) -> Response:
    """The report of a dry run."""
    return await _shown(view, view.request.query_params, view.query("mode"))


@pages.post("/automations/{key}/publish")
async def publish(view: View) -> Response:
    """Let it count."""
    form, key = view.form, view.request.path_params["key"]
    body = _body(form.texts(), form.text("mode"))
    body |= form.given("note") | ({"approve": True} if form.flag("approve") else {})
    try:
        await view.api.send("POST", f"/api/automations/{key}/publish", body)
    except Refused as refused:
        form.refused = refused
        return await _shown(view, form.texts(), form.text("mode"), refused.status)
    return view.redirect(f"/panel/automations/{key}", view.translate("It is published, and counts from now on."))


async def _shown(view: View, given: Mapping[str, str], mode: str, status: int = 200) -> Response:
    """``given``: what the form has."""
    key = view.request.path_params["key"]
    told: dict[str, Any] | None = None
    if not mode:  # a patch if that is enough: it changes the least for who is inside
        told = await _tried(view, key, _body({}, "patch"))
        mode = "patch" if told else "version"
    body = _body(given, mode)
    if told is None:
        told = await _tried(view, key, body)
    automation, definition = await definition_of(view, key)
    values = {"automation": automation, "told": told, "mode": body["mode"], "modes": MODES, "peoples": PEOPLE}
    values |= {"people": body.get("people", PEOPLE[0]), "map": body.get("map", {})}
    steps = [step["id"] for step in all_steps(definition)]
    return view.page("automations/publish.html", status, **values, steps=steps)


async def _tried(view: View, key: str, body: dict[str, Any]) -> dict[str, Any] | None:
    """What it would do; ``None``: the form tells why it cannot be done."""
    try:
        return dict((await view.api.send("POST", f"/api/automations/{key}/publish", body, {"dry_run": "true"}))["data"])
    except Refused as refused:
        if refused.status not in (409, 422):
            raise
        view.form.refused = refused
        return None


def _body(given: Mapping[str, str], mode: str) -> dict[str, Any]:
    body: dict[str, Any] = {"mode": mode if mode in MODES else MODES[0]}
    people = given.get("people", "")
    if body["mode"] == "version":
        body["people"] = people if people in PEOPLE else PEOPLE[0]
    if body.get("people") == "migrate":
        chosen = {name.removeprefix(_MAP): value for name, value in given.items() if name.startswith(_MAP) and value}
        body |= {"map": chosen} if chosen else {}
    return body
