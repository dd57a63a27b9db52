"""Publishing: what it would change for those inside, before anybody does it."""

from typing import Any

from starlette.responses import Response

from panel.http.client import Refused
from panel.http.pages import Pages
from panel.http.view import View

pages = Pages("automations", in_account=True)

MODES = ("version", "patch")
PEOPLE = ("pin", "drain")


@pages.get("/automations/{key}/publish")
async def report(view: View) -> Response:
    """The report of a dry run."""
    return await _shown(view, view.query("mode"), view.query("people"))


@pages.post("/automations/{key}/publish")
async def publish(view: View) -> Response:
    """Let it count."""
    form, key = view.form, view.request.path_params["key"]
    mode, people = _chosen(form.text("mode"), form.text("people"))
    try:
        await view.api.send("POST", f"/api/automations/{key}/publish", _body(mode, people, form.text("note")))
    except Refused as refused:
        form.refused = refused
        return await _shown(view, mode, people, refused.status)
    return view.redirect(f"/panel/automations/{key}", view.translate("It is published, and counts from now on."))


async def _shown(view: View, mode: str, people: str, status: int = 200) -> Response:
    key = view.request.path_params["key"]
    told: dict[str, Any] | None = None
    if not mode:  # a patch if that is enough: it changes the least for who is inside
        told, mode = await _tried(view, key, "patch", "")
        if told is None and mode == "patch":
            mode = "version"
    mode, people = _chosen(mode, people)
    if told is None:
        told, mode = await _tried(view, key, mode, people)
    automation = (await view.api.get(f"/api/automations/{key}"))["data"]
    values = {"automation": automation, "told": told, "mode": mode, "people": people, "modes": MODES, "peoples": PEOPLE}
    return view.page("automations/publish.html", status, **values)


async def _tried(view: View, key: str, mode: str, people: str) -> tuple[dict[str, Any] | None, str]:
    """What it would do; or why it cannot be done, which the form then tells."""
    path = f"/api/automations/{key}/publish"
    try:
        return (await view.api.send("POST", path, _body(mode, people), {"dry_run": "true"}))["data"], mode
    except Refused as refused:
        if refused.status not in (409, 422):
            raise
        view.form.refused = refused
        return None, mode


def _chosen(mode: str, people: str) -> tuple[str, str]:
    return mode if mode in MODES else MODES[0], people if people in PEOPLE else PEOPLE[0]


def _body(mode: str, people: str, note: str = "") -> dict[str, Any]:
    return (
        {"mode": mode} | ({"people": people} if mode == "version" and people else {}) | ({"note": note} if note else {})
    )
