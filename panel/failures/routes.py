"""What fails, by its cause; and beginning it anew once the cause is mended."""

from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from panel.failures import words
from panel.http.client import Refused
from panel.http.pages import Pages
from panel.http.view import View

pages = Pages("failures")

_CAUSE = ("kind", "channel", "gateway", "code", "state", "automation", "step", "lead_source")
_OF_KIND = {
    "message": ("channel", "gateway", "code", "automation", "step", "lead_source"),
    "run": ("code", "automation", "step"),
    "lead": ("code", "state", "lead_source"),
}
"""What of a cause is a filter of its replay: others are refused."""


@pages.get("/failures")
async def listing(view: View) -> Response:
    """Of the last day, the most first."""
    found = await view.api.get(view.address("/failures"), {"kind": view.query("kind"), "limit": 200})
    causes = [{**one, "replay": _replay_of(one)} for one in found["data"]]
    return view.page("failures/list.html", causes=causes, since=found["counted_since"], words=words)


@pages.get("/failures/replay")
async def forecast(view: View) -> Response:
    """What would be begun anew, what it costs, and what is left out."""
    return await _shown(view, _wanted(view.query))


@pages.post("/failures/replay")
async def replay(view: View) -> Response:
    """Begin it."""
    wanted = _wanted(view.form.text)
    try:
        begun = (await view.api.send("POST", view.address("/replay"), wanted))["data"]
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, wanted, refused.status)
    operation = begun.get("operation")
    if operation is not None:
        path = "/panel/system/operations/" if view.viewer.account is None else "/panel/failures/replays/"
        return view.redirect(path + operation["id"], view.translate("It has begun."))
    return view.redirect("/panel/failures", view.translate("It has begun."))


@pages.get("/failures/replays/{operation}")
async def progress(view: View) -> Response:
    """How far a replay of an account's is."""
    found = (await view.api.get(f"/api/operations/{view.request.path_params['operation']}"))["data"]
    return view.page("failures/progress.html", found=found)


async def look(view: View, operation: str) -> bytes:
    """What the page of a replay shows, to see whether it changed."""
    return (await view.api.call("GET", f"/api/operations/{operation}")).body


async def _shown(view: View, wanted: dict[str, Any], status: int = 200) -> Response:
    told: dict[str, Any] | None = None
    try:
        told = (await view.api.send("POST", view.address("/replay"), wanted, {"dry_run": "true"}))["data"]
    except Refused as refused:
        if refused.status not in (404, 409, 422):
            raise
        view.form.refused = refused
    return view.page("failures/replay.html", status, wanted=wanted, told=told, kinds=words.KINDS)


def _wanted(read: Any) -> dict[str, Any]:
    """A cause as the API takes it, from an address or a form."""
    kind = read("kind") if read("kind") in _OF_KIND else "message"
    given = {name: text for name in _OF_KIND[kind] if (text := read(name))}
    if "state" in given:
        given["state"] = [given["state"]]
    return {"kind": kind, "filter": given}


def _replay_of(cause: dict[str, Any]) -> str:
    given = {name: cause[name] for name in _CAUSE if cause.get(name)}
    return f"/panel/failures/replay?{urlencode(given)}"
