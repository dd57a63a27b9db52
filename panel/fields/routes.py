"""What an account keeps of contacts besides the usual: custom fields; and for what it sends: purposes."""

from typing import Any

from starlette.responses import Response

from panel.http.client import Refused
from panel.http.pages import Pages
from panel.http.view import View
from panel.rendering.words import _

pages = Pages("fields", in_account=True)

TYPES = {
    "text": _("Text"),
    "number": _("Number"),
    "boolean": _("Yes or no"),
    "date": _("Date"),
    "time": _("Date and time"),
}
CHANNELS = ("email", "sms", "whatsapp")
DEFAULTS = {
    "opt_in": _("Only who agreed gets them"),
    "opt_out": _("All get them, but for who refused"),
}


@pages.get("/fields")
async def listing(view: View) -> Response:
    """Both, each with a form for another one."""
    return await _shown(view)


@pages.post("/fields/add")
async def add_field(view: View) -> Response:
    """Another field: its key and its type stay."""
    return await _done(view, "POST", "/api/contact-fields", view.form.given("key", "type", "label"))


@pages.post("/fields/{key}")
async def change_field(view: View) -> Response:
    """Call it otherwise, or delete it with its values."""
    path = f"/api/contact-fields/{view.request.path_params['key']}"
    if view.form.text("do") == "delete":
        return await _done(view, "DELETE", path)
    return await _done(view, "PATCH", path, {"label": view.form.text("label")})


@pages.post("/purposes/add")
async def add_purpose(view: View) -> Response:
    """Another purpose."""
    body: dict[str, Any] = view.form.given("key", "name", "default")
    return await _done(view, "POST", "/api/purposes", body | {"channels": view.form.many("channels") or list(CHANNELS)})


@pages.post("/purposes/{key}")
async def change_purpose(view: View) -> Response:
    """Its name, its channels and what holds without an answer; or remove it."""
    path = f"/api/purposes/{view.request.path_params['key']}"
    if view.form.text("do") == "delete":
        return await _done(view, "DELETE", path)
    body: dict[str, Any] = {**view.form.given("name", "default"), "public": view.form.flag("public")}
    return await _done(view, "PATCH", path, body | {"channels": view.form.many("channels") or list(CHANNELS)})


async def _done(view: View, method: str, path: str, body: Any = None) -> Response:
    try:
        await view.api.send(method, path, body)
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    return view.redirect("/panel/fields", view.translate("Saved."))


async def _shown(view: View, status: int = 200) -> Response:
    fields = (await view.api.get("/api/contact-fields"))["data"]
    purposes = (await view.api.get("/api/purposes"))["data"]
    values = {"fields": fields, "purposes": purposes, "types": TYPES, "channels": CHANNELS, "defaults": DEFAULTS}
    return view.page("fields/list.html", status, **values)
