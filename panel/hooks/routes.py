"""Hooks: addresses that other systems post to, the posts that came, and where values stand in them."""

from typing import Any
from urllib.parse import quote

import orjson
from starlette.responses import Response

from panel.hooks.places import places
from panel.http.client import Refused
from panel.http.forms import Form
from panel.http.pages import Pages
from panel.http.view import View

pages = Pages("hooks", in_account=True)

NAMED = ("email", "phone", "whatsapp", "external_id")
"""Values of a map that name the contact."""


@pages.get("/hooks")
async def listing(view: View) -> Response:
    """All of the account."""
    found = await view.api.get("/api/hooks", {"cursor": view.query("cursor"), "limit": 50})
    return view.page("hooks/list.html", hooks=found["data"], next_cursor=found["next_cursor"])


@pages.get("/hooks/new")
async def new(view: View) -> Response:
    """Which system posts, and what the hook is called."""
    view.form = Form(values={"preset": view.query("preset") or "generic"})
    return await _new(view)


@pages.post("/hooks/new")
async def make(view: View) -> Response:
    """Make it: its address and its secret are shown once."""
    body = view.form.given("name", "preset")
    try:
        made = (await view.api.send("POST", "/api/hooks", body))["data"]
    except Refused as refused:
        view.form.refused = refused
        return await _new(view, refused.status)
    return view.page("hooks/made.html", hook=made)


@pages.get("/hooks/{key}")
async def one(view: View) -> Response:
    """What came, and what is made of it."""
    return await _shown(view)


@pages.post("/hooks/{key}")
async def change(view: View) -> Response:
    """Save the map, or have posts become samples for a while."""
    form, path = view.form, _address(view)
    try:
        match form.text("do"):
            case "remove":
                await view.api.send("DELETE", path)
                return view.redirect("/panel/hooks", view.translate("The hook is removed."))
            case "test" | "work":
                await view.api.send("PATCH", path, {"testing": form.text("do") == "test"})
            case "rotate":
                return view.page("hooks/made.html", hook=(await view.api.send("POST", f"{path}/rotate", {}))["data"])
            case "rotate-secret":
                made = (await view.api.send("POST", f"{path}/rotate-secret", {}))["data"]
                return view.page("hooks/made.html", hook=made)
            case "suggest":
                view.form = Form(values=_values((await view.api.send("POST", f"{path}/suggest", {}))["data"]))
                return await _shown(view, fresh=False)
            case _:
                await view.api.send("PATCH", path, {"map": _map(form)})
    except Refused as refused:
        form.refused = refused
        return await _shown(view, refused.status, fresh=False)
    return view.redirect(f"/panel/hooks/{quote(view.request.path_params['key'])}", view.translate("Saved."))


async def look(view: View, key: str) -> bytes:
    """The newest sample of a hook, to see whether there is another one."""
    return (await view.api.call("GET", f"/api/hooks/{key}/samples")).body


async def _new(view: View, status: int = 200) -> Response:
    presets = (await view.api.get("/api/hooks/presets"))["data"]
    chosen = next((one for one in presets if one["key"] == view.form.text("preset")), None)
    return view.page("hooks/new.html", status, presets=presets, chosen=chosen)


async def _shown(view: View, status: int = 200, *, fresh: bool = True) -> Response:
    path = _address(view)
    hook = (await view.api.get(path))["data"]
    samples = (await view.api.get(f"{path}/samples"))["data"]
    if fresh:
        view.form = Form(values=_values(hook["map"] or {}))
    tried: dict[str, Any] | None = None
    if samples:
        try:
            tried = (await view.api.send("POST", f"{path}/try", {"map": _map(view.form)}))["data"]
        except Refused:  # the map is not complete yet: its fields say so when it is saved
            tried = None
    event = {name: _text(value) for name, value in tried["event"].items()} if tried else {}
    newest = samples[0] if samples else None
    values = {"hook": hook, "sample": newest, "tried": tried, "named": NAMED}
    found = places(newest["body"]) if newest else []
    return view.page("hooks/one.html", status, places=found, pretty=_pretty(newest), event=event, **values)


def _values(stored: dict[str, Any]) -> dict[str, Any]:
    """A map as the form has it: lines for fields and values of the event."""
    named = {name: _rule(stored.get(name)) for name in NAMED}
    lines = {
        name: "\n".join(f"{key} = {_rule(rule)}" for key, rule in (stored.get(name) or {}).items())
        for name in ("fields", "event")
    }
    return named | lines


def _rule(rule: Any) -> str:
    return ", ".join(rule) if isinstance(rule, list) else rule or ""


def _map(form: Form) -> dict[str, Any] | None:
    found: dict[str, Any] = {name: _places(text) for name in NAMED if (text := form.text(name))}
    for name in ("fields", "event"):
        rules = [line.partition("=") for line in form.raw(name).split("\n") if "=" in line]
        if rules:
            found[name] = {key.strip(): _places(place) for key, _, place in rules}
    return found or None


def _places(text: str) -> str | list[str]:
    several = [part.strip() for part in text.split(",") if part.strip()]
    return several[0] if len(several) == 1 else several


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _pretty(sample: dict[str, Any] | None) -> str:
    return orjson.dumps(sample["body"], option=orjson.OPT_INDENT_2).decode() if sample else ""


def _address(view: View) -> str:
    return f"/api/hooks/{view.request.path_params['key']}"
