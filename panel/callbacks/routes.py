"""Callback endpoints: the list, one with its deliveries, and what is done with it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.responses import Response

from panel.callbacks import words
from panel.http.client import Refused
from panel.http.forms import Form
from panel.http.pages import Pages
from panel.http.view import View

pages = Pages("callbacks")

HOME = "/panel/callbacks"
_MOST_HOURS = 720


@pages.get("/callbacks")
async def listing(view: View) -> Response:
    """Of an account ten at most; staff sees those of all."""
    asked: dict[str, Any] = {}
    if view.viewer.account is None:
        asked = {name: view.query(name) for name in ("user", "state", "cursor")} | {"limit": 50}
    found = await view.api.get(view.address("/callbacks"), asked)
    values = {"endpoints": found["data"], "next_cursor": found["next_cursor"], "words": words}
    return view.page("callbacks/rows.html" if view.is_fragment else "callbacks/list.html", **values)


@pages.get("/callbacks/new")
async def begin(view: View) -> Response:
    """An empty form."""
    return _form(view, [])


@pages.post("/callbacks/new")
async def register(view: View) -> Response:
    """Register it, and show its secret once."""
    try:
        made = (await view.api.send("POST", "/api/callbacks", _body(view)))["data"]
    except Refused as refused:
        view.form.refused = refused
        return _form(view, view.form.many("event"), refused.status)
    return _secret(view, made["id"], made["secret"])


@pages.get("/callbacks/{callback:uuid}")
async def one(view: View) -> Response:
    """An endpoint and its deliveries."""
    return await _shown(view)


@pages.get("/callbacks/{callback:uuid}/change")
async def edit(view: View) -> Response:
    """A form with what is stored."""
    endpoint = (await view.api.get(f"/api/callbacks/{_id(view)}"))["data"]
    view.form = Form(values=endpoint)
    return _form(view, endpoint["events"] or [], endpoint=endpoint)


@pages.post("/callbacks/{callback:uuid}/change")
async def change(view: View) -> Response:
    """Its address, its events, its description."""
    try:
        await view.api.send("PATCH", f"/api/callbacks/{_id(view)}", _body(view))
    except Refused as refused:
        view.form.refused = refused
        return _form(view, view.form.many("event"), refused.status, {"id": _id(view)})
    return view.redirect(f"{HOME}/{_id(view)}", view.translate("The callback is changed."))


@pages.post("/callbacks/{callback:uuid}/rotate")
async def rotate(view: View) -> Response:
    """A new secret, shown once."""
    body = {"overlap_hours": _number(view.form.text("overlap_hours"), 24)}
    try:
        made = (await view.api.send("POST", f"/api/callbacks/{_id(view)}/rotate", body))["data"]
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    return _secret(view, _id(view), made["secret"], until=made["former_until"])


@pages.post("/callbacks/{callback:uuid}/deliveries/{delivery:uuid}/replay")
async def replay_one(view: View) -> Response:
    """Make a delivery again."""
    path = view.address(f"/callbacks/{_id(view)}/deliveries/{view.request.path_params['delivery']}/replay")
    return await _done(view, "POST", path, None, view.translate("It is posted again."))


@pages.post("/callbacks/{callback:uuid}/replay")
async def replay(view: View) -> Response:
    """Make those again that failed."""
    hours = min(_number(view.form.text("hours"), 24), _MOST_HOURS)
    body = {"since": (datetime.now(UTC) - timedelta(hours=hours)).isoformat()}
    try:
        done = (await view.api.send("POST", f"/api/callbacks/{_id(view)}/replay", body))["data"]
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    told = view.translate("Deliveries that are made again: %(count)s", count=done["count"])
    return view.redirect(f"{HOME}/{_id(view)}", told)


@pages.post("/callbacks/{callback:uuid}/test")
async def test(view: View) -> Response:
    """Post a test event."""
    told = view.translate("A test is posted: its delivery appears below.")
    return await _done(view, "POST", f"/api/callbacks/{_id(view)}/test", None, told)


@pages.post("/callbacks/{callback:uuid}/enable")
async def enable(view: View) -> Response:
    """What is pending is posted then."""
    return await _switch(view, True, view.translate("The callback is switched on."))


@pages.post("/callbacks/{callback:uuid}/disable")
async def disable(view: View) -> Response:
    """Nothing is posted."""
    return await _switch(view, False, view.translate("The callback is switched off."))


@pages.post("/callbacks/{callback:uuid}/delete")
async def delete(view: View) -> Response:
    """Remove it, with what is pending."""
    done = view.translate("The callback is deleted.")
    return await _done(view, "DELETE", f"/api/callbacks/{_id(view)}", None, done, HOME)


def _id(view: View) -> str:
    return str(view.request.path_params["callback"])


def _number(text: str, usual: int) -> int:
    return int(text) if text.isdigit() else usual


def _body(view: View) -> dict[str, Any]:
    form = view.form
    return {
        "url": form.text("url"),
        "description": form.text("description"),
        "events": form.many("event") if form.text("which") == "some" else None,
    }


async def _switch(view: View, enabled: bool, done: str) -> Response:
    if view.viewer.account is None:
        path = f"/api/admin/v1/callbacks/{_id(view)}/{'enable' if enabled else 'disable'}"
        return await _done(view, "POST", path, None, done)
    return await _done(view, "PATCH", f"/api/callbacks/{_id(view)}", {"enabled": enabled}, done)


async def _done(view: View, method: str, path: str, body: Any, done: str, after: str = "") -> Response:
    try:
        await view.api.send(method, path, body)
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    return view.redirect(after or f"{HOME}/{_id(view)}", done)


async def _shown(view: View, status: int = 200) -> Response:
    path = view.address(f"/callbacks/{_id(view)}")
    asked = {"state": view.query("state"), "cursor": view.query("cursor"), "limit": 50}
    found = await view.api.get(f"{path}/deliveries", asked)
    values = {"deliveries": found["data"], "next_cursor": found["next_cursor"], "words": words, "id": _id(view)}
    values["may_change"] = view.viewer.may("callbacks:write")
    if view.is_fragment:
        return view.page("callbacks/deliveries.html", **values)
    endpoint = (await view.api.get(path))["data"]
    return view.page("callbacks/one.html", status, endpoint=endpoint, **values)


def _form(view: View, chosen: list[str], status: int = 200, endpoint: dict[str, Any] | None = None) -> Response:
    if not view.viewer.account:
        return view.choose_account()
    which = view.form.text("which") or ("some" if chosen else "all")
    return view.page("callbacks/form.html", status, chosen=chosen, which=which, endpoint=endpoint, words=words)


def _secret(view: View, id_: str, secret: str, until: str | None = None) -> Response:
    answer = view.page("callbacks/secret.html", id=id_, secret=secret, until=until)
    answer.headers["Cache-Control"] = "no-store"
    return answer
