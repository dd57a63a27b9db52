"""The gallery of types, and the forms to add and to change a gateway."""

from typing import Any

from starlette.responses import Response

from panel.account.finding import account_in
from panel.gateways import words
from panel.gateways.fields import Field, entered, fields_of, shown_values
from panel.gateways.routes import HOME, find, is_changeable
from panel.http.client import Refused
from panel.http.errors import NotThere
from panel.http.forms import Form
from panel.http.pages import Pages
from panel.http.view import View

pages = Pages("gateways")

_CHANNELS = ("email", "sms", "whatsapp")
_MARKED = {f"/{name}" for name in ("identifier", "priority", "rate", "on_unknown", "from", "owner", "share_with")}
"""Places of the body, besides the configuration, that have a field."""
_LAST = ("http", "sandbox")
"""Types that stand at the end of the gallery."""


@pages.get("/gateways/new")
async def gallery(view: View) -> Response:
    """All types, by channel."""
    types = await _types(view)
    by_channel = {
        channel: sorted((one for one in types if one["channel"] == channel), key=lambda one: one["type"] in _LAST)
        for channel in _CHANNELS
        if view.query("channel") in ("", channel)
    }
    return view.page("gateways/gallery.html", by_channel=by_channel, words=words)


@pages.get("/gateways/new/{channel}/{type}")
async def begin(view: View) -> Response:
    """An empty form."""
    kind = await _type(view, view.request.path_params["channel"], view.request.path_params["type"])
    fields = _fields(view, kind)
    view.form = Form(values=shown_values(fields, None) | {"priority": "100", "on_unknown": "hold", "from": "fixed"})
    return await _form(view, kind, fields)


@pages.post("/gateways/new/{channel}/{type}")
async def add(view: View) -> Response:
    """Add it. It can be tested on its page."""
    kind = await _type(view, view.request.path_params["channel"], view.request.path_params["type"])
    fields = _fields(view, kind)
    form = view.form
    body: dict[str, Any] = {"channel": kind["channel"], "type": kind["type"], "config": entered(fields, form)}
    body |= _common(view, kind) | ({"rate": form.text("rate")} if form.text("rate") else {})
    try:
        if view.viewer.account is None:
            body |= await _accounts(view)
        made = (await view.api.send("POST", view.address("/gateways"), body))["data"]
    except Refused as refused:
        form.refused = refused
        return await _form(view, kind, fields, refused.status)
    return view.redirect(
        f"{HOME}/{made['id']}", view.translate("The gateway is added. Send a test message through it.")
    )


@pages.get("/gateways/{gateway:uuid}/change")
async def edit(view: View) -> Response:
    """A form with what is stored; of secrets only that they are set."""
    gateway = await find(view)
    if not is_changeable(view, gateway):
        return view.redirect(f"{HOME}/{gateway['id']}", view.translate("Only its owner may change it."), "bad")
    kind = await _type(view, gateway["channel"], gateway["type"])
    fields = _fields(view, kind)
    view.form = Form(values=shown_values(fields, gateway["config"]) | _stored(gateway))
    return await _form(view, kind, fields, gateway=gateway)


@pages.post("/gateways/{gateway:uuid}/change")
async def change(view: View) -> Response:
    """Change what differs."""
    gateway = await find(view)
    kind = await _type(view, gateway["channel"], gateway["type"])
    fields = _fields(view, kind)
    body = _common(view, kind) | {"rate": view.form.text("rate") or None, "enabled": view.form.flag("enabled")}
    if config := entered(fields, view.form, gateway["config"]):
        body["config"] = config
    try:
        await view.api.send("PATCH", view.address(f"/gateways/{gateway['id']}"), body)
    except Refused as refused:
        view.form.refused = refused
        return await _form(view, kind, fields, refused.status, gateway)
    return view.redirect(f"{HOME}/{gateway['id']}", view.translate("The gateway is changed, from its next message on."))


async def _accounts(view: View) -> dict[str, Any]:
    """Whose it is, and who else may send through it."""
    owner, other = await account_in(view, "owner", "/owner"), await account_in(view, "share_with", "/share_with")
    return ({} if owner is None else {"owner": owner}) | ({} if other is None else {"share_with": [other]})


def _common(view: View, kind: dict[str, Any]) -> dict[str, Any]:
    form = view.form
    body: dict[str, Any] = {"identifier": form.text("identifier"), "on_unknown": form.text("on_unknown") or "hold"}
    body["priority"] = _number(form.text("priority") or "100")
    if view.viewer.account is None and kind["channel"] == "email":
        body["from"] = form.text("from") or "fixed"
    return body


def _stored(gateway: dict[str, Any]) -> dict[str, Any]:
    same = {name: gateway.get(name) for name in ("identifier", "priority", "on_unknown", "from", "enabled")}
    return same | {"rate": words.rate_text(gateway["per_second"])}


def _number(text: str) -> int | str:
    """What is not a number is left to the API to refuse."""
    return int(text) if text.removeprefix("-").isdigit() else text


def _fields(view: View, kind: dict[str, Any]) -> list[Field]:
    return fields_of(kind["schema"], with_private=view.viewer.account is None, words=view.from_api)


async def _types(view: View) -> list[dict[str, Any]]:
    return list((await view.api.get(view.address("/gateway-types")))["data"])


async def _type(view: View, channel: str, name: str) -> dict[str, Any]:
    for kind in await _types(view):
        if (kind["channel"], kind["type"]) == (channel, name):
            return kind
    raise NotThere


async def _form(
    view: View, kind: dict[str, Any], fields: list[Field], status: int = 200, gateway: dict[str, Any] | None = None
) -> Response:
    config = (gateway or {}).get("config") or {}
    marked = {field.pointer for field in fields} | _MARKED
    errors = view.form.refused.errors if view.form.refused else []
    return view.page(
        "gateways/form.html",
        status,
        kind=kind,
        fields=fields,
        gateway=gateway,
        words=words,
        all_marked=bool(errors) and all(one["pointer"] in marked for one in errors),
        is_set={name for name, value in config.items() if value == {"set": True}},
    )
