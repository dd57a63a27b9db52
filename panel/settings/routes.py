"""The settings of the install."""

from typing import Any

from starlette.responses import Response

from panel.http.client import Refused
from panel.http.errors import NotThere
from panel.http.pages import Pages
from panel.http.values import number
from panel.http.view import View
from panel.settings.fields import GROUPS, changes

pages = Pages("settings")

SETTINGS = "/api/admin/v1/settings"
_MAIL_TEXTS = ("host", "security", "username", "from_address", "from_name")


@pages.get("/settings")
async def first(view: View) -> Response:
    """The first group."""
    return await _shown(view, "general")


@pages.get("/settings/{group}")
async def group(view: View) -> Response:
    """A group of them; ``mail`` is the server for the system's own mail."""
    return await _shown(view, view.request.path_params["group"])


@pages.post("/settings/mail")
async def mail(view: View) -> Response:
    """The mail server; its password stays if none is entered."""
    form = view.form
    if form.flag("remove"):
        body: dict[str, Any] | None = None
    else:
        body = {name: form.text(name) for name in _MAIL_TEXTS if form.text(name)}
        if (port := number(form.text("port"))) is not None:
            body["port"] = port
        if form.raw("password"):
            body["password"] = form.raw("password")
    return await _saved(view, "mail", {"system_mail": body})


@pages.post("/settings/mail/test")
async def test_mail(view: View) -> Response:
    """Send one now."""
    try:
        sent = await view.staff_api.send("POST", f"{SETTINGS}/system-mail/test", {"to": view.form.text("to")})
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, "mail", refused.status)
    found = sent["data"]
    if found["outcome"] == "accepted":
        told = view.translate("The server took the mail to %(to)s.", to=found["to"])
        return view.redirect("/panel/settings/mail", told)
    told = view.translate("The server did not take it: %(why)s", why=found["reason"] or found["outcome"])
    return view.redirect("/panel/settings/mail", told, "bad")


@pages.post("/settings/{group}")
async def change(view: View) -> Response:
    """Save what was changed of a group."""
    name = view.request.path_params["group"]
    if name not in GROUPS:
        raise NotThere
    stored = (await view.staff_api.get(SETTINGS))["data"]
    return await _saved(view, name, changes(name, view.form, stored))


async def _saved(view: View, name: str, body: dict[str, Any]) -> Response:
    try:
        if body:
            await view.staff_api.send("PATCH", SETTINGS, body)
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, name, refused.status)
    return view.redirect(f"/panel/settings/{name}", view.translate("It is saved."))


async def _shown(view: View, name: str, status: int = 200) -> Response:
    if name not in GROUPS and name != "mail":
        raise NotThere
    found = (await view.staff_api.get(SETTINGS))["data"]
    posted = view.form.refused is not None
    values: dict[str, Any] = {"settings": found, "groups": GROUPS, "group": name, "posted": posted}
    return view.page("settings/mail.html" if name == "mail" else "settings/group.html", status, **values)
