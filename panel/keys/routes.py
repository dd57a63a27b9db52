"""API keys: the list, a new one, shown once, and what ends one."""

from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.responses import Response

from panel.account.finding import account_in
from panel.http.client import Refused
from panel.http.errors import NotThere
from panel.http.forms import Form
from panel.http.pages import Pages
from panel.http.view import View
from panel.keys import words
from panel.keys.first_request import first_request

pages = Pages("keys")

HOME = "/panel/keys"
_USUAL = ("send", "read")
_MOST_GATEWAYS = 30


@pages.get("/keys")
async def listing(view: View) -> Response:
    """The newest first, revoked ones included."""
    return await _listed(view)


@pages.get("/keys/new")
async def begin(view: View) -> Response:
    """An empty form."""
    if not view.viewer.may("keys:write"):
        raise NotThere
    view.form = Form(values={"kind": "user", "owner": view.query("user")})
    return await _form(view, _USUAL)


@pages.post("/keys/new")
async def make(view: View) -> Response:
    """Make it, and show it once."""
    try:
        made = (await view.api.send("POST", view.address("/keys"), await _body(view)))["data"]
    except Refused as refused:
        view.form.refused = refused
        return await _form(view, view.form.many("scope"), refused.status)
    return _made(view, made)


@pages.post("/keys/{key}/roll")
async def roll(view: View) -> Response:
    """Replace it by one with the same rights."""
    overlap = view.form.text("overlap") or "3600"
    body = {"overlap_seconds": int(overlap) if overlap.isdigit() else overlap}
    try:
        made = (await view.api.send("POST", f"{_path(view)}/roll", body))["data"]
    except Refused as refused:
        view.form.refused = refused
        return await _listed(view, refused.status)
    return _made(view, made, has_replaced=True)


@pages.post("/keys/{key}/revoke")
async def revoke(view: View) -> Response:
    """For good, from its next request on."""
    try:
        await view.api.send("POST", f"{_path(view)}/revoke")
    except Refused as refused:
        view.form.refused = refused
        return await _listed(view, refused.status)
    return view.redirect(HOME, view.translate("The key is revoked. No request with it is answered any more."))


def _path(view: View) -> str:
    return view.address(f"/keys/{view.request.path_params['key']}")


async def _body(view: View) -> dict[str, Any]:
    form = view.form
    is_of_staff = view.viewer.account is None and form.text("kind") == "staff"
    body: dict[str, Any] = {"name": form.text("name")}
    if not is_of_staff:
        narrowed = [*(f"channel:{name}" for name in form.many("channel")), *form.many("gateway")]
        body |= {"scopes": form.many("scope") + narrowed, "test": form.flag("test")}
    if addresses := form.text("ip_allow").replace(",", " ").split():
        body["ip_allow"] = addresses
    if (days := form.text("lifetime")).isdigit():
        body["expires_at"] = (datetime.now(UTC) + timedelta(days=min(int(days), 3_650))).isoformat()
    if view.viewer.account is None:
        body |= (
            {"staff": _number(form.text("owner"))}
            if is_of_staff
            else {"user": await account_in(view, "owner", "/user")}
        )
        body |= form.given("rate_class")
        if cap := form.text("spend_cap"):
            body["spend_cap"] = _number(cap)
    return body


def _number(text: str) -> int | str:
    """What is not a number is left to the API to refuse."""
    return int(text) if text.isdigit() else text


async def _listed(view: View, status: int = 200) -> Response:
    asked: dict[str, Any] = {"cursor": view.query("cursor"), "limit": 50}
    if view.viewer.account is None:
        asked |= {"user": view.query("user"), "staff": view.query("staff")}
    found = await view.api.get(view.address("/keys"), asked)
    values = {"keys": found["data"], "next_cursor": found["next_cursor"], "words": words}
    values["may_change"] = view.viewer.may("keys:write")
    return view.page("keys/rows.html" if view.is_fragment else "keys/list.html", status, **values)


async def _form(view: View, chosen: Any, status: int = 200) -> Response:
    gateways: list[dict[str, Any]] = []
    if view.viewer.account is not None:
        gateways = (await view.api.get("/api/gateways", {"limit": _MOST_GATEWAYS}))["data"]
    return view.page("keys/form.html", status, chosen=chosen, gateways=gateways, words=words)


def _made(view: View, made: dict[str, Any], *, has_replaced: bool = False) -> Response:
    url = view.request.url
    line = first_request(f"{url.scheme}://{url.netloc}", made["key"], made["kind"], made["scopes"])
    answer = view.page("keys/made.html", made=made, line=line, has_replaced=has_replaced)
    answer.headers["Cache-Control"] = "no-store"
    return answer
