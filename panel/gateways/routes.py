"""Gateways: the list, one with its health, and what is done with it."""

from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from panel.account.finding import account_in
from panel.gateways import order, words
from panel.http.client import Refused
from panel.http.errors import NotThere
from panel.http.pages import Pages
from panel.http.view import View
from panel.reputation import reading
from panel.reputation import words as reputation_words

pages = Pages("gateways")

HOME = "/panel/gateways"
_MOST = 200
_ACTIONS = ("pause", "drain", "resume")


@pages.get("/gateways")
async def listing(view: View) -> Response:
    """By channel, in the order in which they are tried."""
    asked = {"channel": view.query("channel"), "limit": _MOST}
    if view.viewer.account is None:
        asked |= {name: view.query(name) for name in ("state", "owner", "type")}
    else:  # the list of an account is short, and has no filters
        del asked["channel"]
    asked["cursor"] = view.query("cursor")
    found = await view.api.get(view.address("/gateways"), asked)
    wanted = [one for one in found["data"] if view.query("channel") in ("", one["channel"])]
    wanted, more = order.in_order(view, wanted), found["next_cursor"]
    is_whole = not more and not any(view.query(name) for name in ("state", "owner", "type", "cursor"))
    moves = order.moves(view, wanted, lambda one: _is_movable(view, one)) if is_whole else {}
    values = {"gateways": wanted, "next_cursor": more, "words": words, "moves": moves}
    return view.page("gateways/list.html", may_add=_may_add(view), **values)


@pages.post("/gateways/{gateway:uuid}/move")
async def move(view: View) -> Response:
    """Try it before the one above it, or after the one below it."""
    channel, step = view.form.text("channel"), -1 if view.form.text("do") == "up" else 1
    found = (await view.api.get(view.address("/gateways"), {"limit": _MOST}))["data"]
    one = next((gateway for gateway in found if gateway["id"] == _id(view)), None)
    back = f"{HOME}?{urlencode({'channel': channel})}" if channel else HOME
    if one is None or not _is_movable(view, one):
        raise NotThere
    try:
        for gateway, number in order.moved(view, found, one, step).items():
            await view.api.send("PATCH", view.address(f"/gateways/{gateway}"), {"priority": number})
    except Refused as refused:
        return view.redirect(back, refused.message, "bad")
    return view.redirect(back, view.translate("The order is changed."))


@pages.get("/gateways/named/{identifier:path}")
async def named(view: View) -> Response:
    """That of an identifier, which is what messages have of it; the list if several or none are called so."""
    wanted = view.request.path_params["identifier"]
    found = (await view.api.get(view.address("/gateways"), {"limit": _MOST}))["data"]
    ids = [one["id"] for one in found if one["identifier"] == wanted]
    return view.redirect(f"{HOME}/{ids[0]}" if len(ids) == 1 else HOME)


@pages.get("/gateways/{gateway:uuid}")
async def one(view: View) -> Response:
    """A gateway: whether it works, and what it was asked of late."""
    return await shown(view)


@pages.post("/gateways/{gateway:uuid}/test")
async def test(view: View) -> Response:
    """Send a real message through it, and show its answer."""
    path = _path(view)
    try:
        trial = (await view.api.send("POST", f"{path}/test", {"to": view.form.text("to")}))["data"]
    except Refused as refused:
        view.form.refused = refused
        return await shown(view, refused.status)
    return await shown(view, trial=trial)


@pages.post("/gateways/{gateway:uuid}/delete")
async def delete(view: View) -> Response:
    """For good."""
    try:
        await view.api.send("DELETE", _path(view))
    except Refused as refused:
        view.form.refused = refused
        return await shown(view, refused.status)
    return view.redirect(HOME, view.translate("The gateway is deleted."))


@pages.post("/gateways/{gateway:uuid}/share")
async def share(view: View) -> Response:
    """Let an account send through it."""
    try:
        account = await account_in(view, "account", "/account")
    except Refused as refused:
        view.form.refused = refused
        return await shown(view, refused.status)
    return await _share(view, "PUT", str(account or ""), view.translate("The account may send through it now."))


@pages.post("/gateways/{gateway:uuid}/unshare/{account:int}")
async def unshare(view: View) -> Response:
    """End that."""
    account = str(view.request.path_params["account"])
    return await _share(view, "DELETE", account, view.translate("The account no longer sends through it."))


@pages.post("/gateways/{gateway:uuid}/{action}")
async def steer(view: View) -> Response:
    """Pause it, drain it, or use it again."""
    action = view.word("action", "on", *_ACTIONS)
    try:
        if action == "on":
            await view.api.send("PATCH", _path(view), {"enabled": True})
        else:
            await view.api.send("POST", f"{_path(view)}/{action}")
    except Refused as refused:
        view.form.refused = refused
        return await shown(view, refused.status)
    done = {
        "pause": view.translate("The gateway is paused."),
        "drain": view.translate("The gateway takes no new messages."),
        "resume": view.translate("The gateway is used again."),
        "on": view.translate("The gateway is switched on."),
    }
    return view.redirect(f"{HOME}/{_id(view)}", done[action])


def is_changeable(view: View, gateway: dict[str, Any]) -> bool:
    """Whether this viewer may change it: the API decides, this only hides what it would refuse."""
    return bool(gateway["own"]) if view.viewer.account else view.viewer.may("gateways:write")


async def find(view: View) -> dict[str, Any]:
    """A gateway with its configuration; without it if it is only shared with the account.

    Raises:
        Refused: there is none.
    """
    try:
        found = dict((await view.api.get(_path(view)))["data"])
    except Refused as refused:
        if refused.code != "gateway_not_yours":
            raise
        listed = (await view.api.get("/api/gateways", {"limit": _MOST}))["data"]
        found = next(dict(gateway) for gateway in listed if gateway["id"] == _id(view))
    return {"own": False, "config": None, "shared_with": [], "managed_by": None, "number": None} | found


def _is_movable(view: View, gateway: dict[str, Any]) -> bool:
    return is_changeable(view, gateway) and not gateway.get("managed_by")


def _may_add(view: View) -> bool:
    return view.viewer.may("gateways:write")


def _id(view: View) -> str:
    return str(view.request.path_params["gateway"])


def _path(view: View) -> str:
    return view.address(f"/gateways/{_id(view)}")


async def _share(view: View, method: str, account: str, done: str) -> Response:
    if not account.isdigit():
        return view.redirect(f"{HOME}/{_id(view)}", view.translate("Name an account."), "bad")
    try:
        await view.api.send(method, f"{_path(view)}/shares/{account}")
    except Refused as refused:
        view.form.refused = refused
        return await shown(view, refused.status)
    return view.redirect(f"{HOME}/{_id(view)}", done)


async def shown(view: View, status: int = 200, trial: dict[str, Any] | None = None) -> Response:
    """Its page. ``trial``: what a test message came to."""
    gateway = await find(view)
    health = (await view.api.get(f"{_path(view)}/health"))["data"]
    state = words.state_of(gateway["enabled"], gateway["mode"], gateway["breaker"])
    changeable = is_changeable(view, gateway)
    return view.page(
        "gateways/one.html",
        status,
        gateway=gateway,
        health=health,
        reputation=await reading.of_gateway(view, gateway["id"]),
        reputation_words=reputation_words,
        state=state,
        words=words,
        trial=trial,
        may_change=changeable and not gateway["managed_by"],
        may_steer=changeable if view.viewer.account else view.viewer.may("gateways:pause"),
        may_delete=(changeable if view.viewer.account else view.viewer.may("gateways:delete"))
        and not gateway["managed_by"],
    )
