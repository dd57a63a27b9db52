"""Phones that send SMS: paired by a code, with their SIMs, their caps and how they are."""

from typing import Any

from starlette.responses import Response

from panel.http.client import Refused
from panel.http.forms import Form
from panel.http.pages import Pages
from panel.http.view import View

pages = Pages("devices")

_CAPS = ("per_minute", "per_hour", "per_day", "unique_per_month")
PRESETS = ("consumer", "business", "m2m")


@pages.get("/devices")
async def listing(view: View) -> Response:
    """All phones, and codes that nobody has used yet."""
    found = await view.api.get(view.address("/devices"), {"cursor": view.query("cursor"), "limit": 50})
    tokens = (await view.api.get(view.address("/devices/tokens"), {"limit": 50}))["data"]
    open_ones = [one for one in tokens if one["state"] == "usable"]
    values = {"devices": found["data"], "next_cursor": found["next_cursor"], "tokens": open_ones}
    return view.page("devices/list.html", **values)


@pages.post("/devices/pair")
async def pair(view: View) -> Response:
    """A code that pairs one phone, shown once."""
    body = {"kind": "code"} if view.form.text("app") == "smsgate" else {}
    try:
        made = await view.api.send("POST", view.address("/devices/tokens"), body, {"qr": "svg"})
    except Refused as refused:
        if refused.status == 403:
            raise
        return view.redirect("/panel/devices", refused.message, "bad")
    return view.page("devices/pair.html", token=made["data"][0], app=view.form.text("app"))


@pages.post("/devices/tokens/{token}/revoke")
async def revoke_token(view: View) -> Response:
    """A code that is not to be used any more."""
    await view.api.send("DELETE", view.address(f"/devices/tokens/{view.request.path_params['token']}"))
    return view.redirect("/panel/devices", view.translate("The code cannot be used any more."))


@pages.get("/devices/{device}")
async def one(view: View) -> Response:
    """A phone."""
    return await _shown(view)


@pages.post("/devices/{device}")
async def change(view: View) -> Response:
    """Its name; or end its session for good."""
    path = view.address(f"/devices/{view.request.path_params['device']}")
    try:
        if view.form.text("do") == "revoke":
            await view.api.send("POST", f"{path}/revoke")
        else:
            await view.api.send("PATCH", path, {"name": view.form.text("name")})
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    return view.redirect(f"/panel/devices/{view.request.path_params['device']}", view.translate("Saved."))


@pages.post("/devices/{device}/sims/{sim}")
async def change_sim(view: View) -> Response:
    """What a SIM may send."""
    device, sim = view.request.path_params["device"], view.request.path_params["sim"]
    try:
        await view.api.send("PATCH", view.address(f"/devices/{device}/sims/{sim}"), _sim(view.form))
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    return view.redirect(f"/panel/devices/{device}", view.translate("Saved."))


async def look(view: View, device: str) -> bytes:
    """What its page shows, to see whether it changed; without a device: the list."""
    path = f"/devices/{device}" if device else "/devices"
    return (await view.api.call("GET", view.address(path))).body


def _sim(form: Form) -> dict[str, Any]:
    if form.text("do") in ("enable", "disable"):
        return {"enabled": form.text("do") == "enable"}
    if form.text("preset"):
        return {"preset": form.text("preset")}
    caps: dict[str, Any] = {name: int(text) if (text := form.text(name)).isdigit() else None for name in _CAPS}
    countries = [part.strip().upper() for part in form.text("countries").split(",") if part.strip()]
    return caps | {"countries": countries} | form.given("label", "number")


async def _shown(view: View, status: int = 200) -> Response:
    path = view.address(f"/devices/{view.request.path_params['device']}")
    device = (await view.api.get(path))["data"]
    return view.page("devices/one.html", status, device=device, presets=PRESETS, caps=_CAPS)
