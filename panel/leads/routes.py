"""Leads, and the sources that they come from."""

from typing import Any

from starlette.responses import Response

from panel.http.client import Refused
from panel.http.forms import Form
from panel.http.pages import Pages
from panel.http.view import View

pages = Pages("leads", in_account=True)

KINDS = ("meta", "google", "linkedin", "form")
STATES = ("received", "fetching", "parked", "done", "duplicate", "invalid", "failed", "test")
CREDENTIALS = ("token", "app_secret", "client_id", "client_secret")
UPDATES = ("fill_empty", "overwrite", "keep")
_STEERED = ("park", "resume", "check", "backfill")


@pages.get("/leads")
async def listing(view: View) -> Response:
    """The newest first."""
    query = {name: view.query(name) for name in ("state", "source", "cursor")} | {"limit": 50}
    found = await view.api.get("/api/leads", query)
    values = {"leads": found["data"], "next_cursor": found["next_cursor"], "states": STATES}
    return view.page("leads/list.html", **values)


@pages.get("/leads/sources")
async def sources(view: View) -> Response:
    """Where they come from."""
    found = await view.api.get("/api/lead-sources", {"cursor": view.query("cursor"), "limit": 50})
    return view.page("leads/sources.html", sources=found["data"], next_cursor=found["next_cursor"], kinds=KINDS)


@pages.get("/leads/sources/new")
async def new_source(view: View) -> Response:
    """The form of a kind."""
    view.form = Form(values={"kind": view.query("kind") or "form"})
    return await _source_form(view)


@pages.post("/leads/sources/new")
async def make_source(view: View) -> Response:
    """Make it; what we chose for it is shown once."""
    form = view.form
    body = _body(form) | {"kind": form.text("kind"), "name": form.text("name")}
    try:
        made = (await view.api.send("POST", "/api/lead-sources", body))["data"]
    except Refused as refused:
        form.refused = refused
        return await _source_form(view, refused.status)
    return view.page("leads/made.html", source=made)


@pages.get("/leads/sources/{source}")
async def source(view: View) -> Response:
    """A source, and what it does with leads."""
    return await _shown(view)


@pages.post("/leads/sources/{source}")
async def change_source(view: View) -> Response:
    """Save what it does with leads."""
    path = f"/api/lead-sources/{view.request.path_params['source']}"
    try:
        if view.form.text("do") == "remove":
            await view.api.send("DELETE", path)
            return view.redirect("/panel/leads/sources", view.translate("The source is removed."))
        await view.api.send("PATCH", path, _body(view.form) | view.form.given("name"))
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    return view.redirect(f"/panel/leads/sources/{view.request.path_params['source']}", view.translate("Saved."))


@pages.post("/leads/sources/{source}/{action}")
async def steer(view: View) -> Response:
    """Park it, have it go on, check it, or fetch what was missed."""
    name, action = view.request.path_params["source"], view.word("action", *_STEERED)
    body: dict[str, Any] | None = {"subscribe": True} if action == "check" else None
    try:
        told = await view.api.send("POST", f"/api/lead-sources/{name}/{action}", body)
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    if action == "check" and told:
        return await _shown(view, checked=told["data"])
    return view.redirect(f"/panel/leads/sources/{name}", view.translate("Done."))


@pages.get("/leads/{lead}")
async def one(view: View) -> Response:
    """A lead: what was answered, and what became of it."""
    lead = (await view.api.get(f"/api/leads/{view.request.path_params['lead']}"))["data"]
    return view.page("leads/one.html", lead=lead)


@pages.post("/leads/{lead}/replay")
async def replay(view: View) -> Response:
    """Take it once more."""
    lead = view.request.path_params["lead"]
    try:
        await view.api.send("POST", f"/api/leads/{lead}/replay")
    except Refused as refused:
        if refused.status in (403, 404):
            raise
        return view.redirect(f"/panel/leads/{lead}", refused.message, "bad")
    return view.redirect(f"/panel/leads/{lead}", view.translate("It is taken once more."))


async def _source_form(view: View, status: int = 200) -> Response:
    return view.page("leads/new.html", status, kinds=KINDS, **await _choices(view))


async def _shown(view: View, status: int = 200, checked: dict[str, Any] | None = None) -> Response:
    found = (await view.api.get(f"/api/lead-sources/{view.request.path_params['source']}"))["data"]
    if view.form.refused is None:
        view.form = Form(values=_values(found))
    return view.page("leads/source.html", status, source=found, checked=checked, **await _choices(view))


async def _choices(view: View) -> dict[str, Any]:
    automations = (await view.api.get("/api/automations", {"limit": 200}))["data"]
    templates = (await view.api.get("/api/templates", {"limit": 200}))["data"]
    return {"automations": automations, "templates": templates, "updates": UPDATES, "secrets": CREDENTIALS}


def _values(source: dict[str, Any]) -> dict[str, Any]:
    lists = {name: ", ".join(source[name] or []) for name in ("tags", "groups", "origins", "forms")}
    reply, notify = source["reply"] or {}, source["notify"] or {}
    mapping = "\n".join(f"{rule['from']} = {rule['to']}" for rule in source["mapping"] or [] if "from" in rule)
    told = {"reply_template": reply.get("template"), "reply_channel": reply.get("channel")}
    return {**source, **lists, **told, "notify_emails": ", ".join(notify.get("emails", [])), "mapping_lines": mapping}


def _body(form: Form) -> dict[str, Any]:
    body: dict[str, Any] = dict(form.given("page_id", "owner", "country", "update", "automation", "honeypot"))
    for name in ("tags", "groups", "origins", "forms"):
        body[name] = form.words(name) or None
    body["automation"] = body.get("automation")
    secrets = {name: text for name in CREDENTIALS if (text := form.raw(f"secret.{name}"))}
    if secrets:
        body["credentials"] = secrets
    rules = [line.partition("=") for line in form.raw("mapping_lines").split("\n") if "=" in line]
    body["mapping"] = [{"from": asked.strip(), "to": to.strip()} for asked, _, to in rules] or None
    template, channel = form.text("reply_template"), form.text("reply_channel")
    body["reply"] = {"template": template} | ({"channel": channel} if channel else {}) if template else None
    emails = form.words("notify_emails")
    body["notify"] = {"emails": emails} if emails else None
    return body
