"""Campaigns: one template to many, with a forecast before and results as they come."""

from typing import Any

import orjson
from starlette.responses import Response

from panel.http.client import Refused
from panel.http.forms import Form
from panel.http.pages import Pages
from panel.http.view import View

pages = Pages("campaigns", in_account=True)

_STEERED = ("start", "pause", "resume", "cancel", "approve")
LIVE = ("scheduled", "running", "testing", "approval")


@pages.get("/campaigns")
async def listing(view: View) -> Response:
    """The newest first."""
    found = await view.api.get("/api/campaigns", {"cursor": view.query("cursor"), "limit": 50})
    return view.page("campaigns/list.html", campaigns=found["data"], next_cursor=found["next_cursor"])


@pages.get("/campaigns/new")
async def new(view: View) -> Response:
    """Its form."""
    view.form = Form(values={"channel": view.query("channel") or "email", "purpose": "marketing"})
    return await _form(view)


@pages.post("/campaigns/new")
async def create(view: View) -> Response:
    """A draft: nothing is sent yet."""
    try:
        made = (await view.api.send("POST", "/api/campaigns", _body(view.form)))["data"]
    except Refused as refused:
        view.form.refused = refused
        return await _form(view, refused.status)
    return view.redirect(f"/panel/campaigns/{made['id']}", view.translate("The draft is saved. Nothing is sent yet."))


@pages.get("/campaigns/{campaign}")
async def one(view: View) -> Response:
    """What it is, what it would cost, and how it goes."""
    return await _shown(view)


@pages.get("/campaigns/{campaign}/change")
async def change(view: View) -> Response:
    """The form of a draft, with what is stored."""
    campaign = await _campaign(view)
    view.form = Form(values=_values(campaign))
    return await _form(view, campaign=campaign)


@pages.post("/campaigns/{campaign}/change")
async def save(view: View) -> Response:
    """Before its launch: what the form does not have stays as it is."""
    campaign = await _campaign(view)
    try:
        await view.api.send("PATCH", f"/api/campaigns/{campaign['id']}", _changed(view.form, campaign))
    except Refused as refused:
        view.form.refused = refused
        return await _form(view, refused.status, campaign)
    return view.redirect(f"/panel/campaigns/{campaign['id']}", view.translate("Saved."))


@pages.post("/campaigns/{campaign}/{action}")
async def steer(view: View) -> Response:
    """Launch, pause, resume, cancel, approve or delete it."""
    campaign, action = view.request.path_params["campaign"], view.word("action", "delete", *_STEERED)
    path = f"/api/campaigns/{campaign}"
    try:
        if action == "delete":
            await view.api.send("DELETE", path)
            return view.redirect("/panel/campaigns", view.translate("It is deleted."))
        await view.api.send("POST", f"{path}/{action}")
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    return view.redirect(f"/panel/campaigns/{campaign}", view.translate("Done."))


async def look(view: View, campaign: str) -> bytes:
    """What its page shows, to see whether it changed."""
    return orjson.dumps(await _told(view, campaign))


async def _shown(view: View, status: int = 200) -> Response:
    told = await _told(view, view.request.path_params["campaign"])
    return view.page("campaigns/one.html", status, live=LIVE, **told)


async def _told(view: View, campaign: str) -> dict[str, Any]:
    path = f"/api/campaigns/{campaign}"
    found = (await view.api.get(path))["data"]
    told: dict[str, Any] = {"campaign": found, "forecast": None, "results": None, "runs": [], "why_not": ""}
    if found["state"] == "draft":
        try:
            told["forecast"] = (await view.api.send("POST", f"{path}/forecast"))["data"]
        except Refused as refused:
            told["why_not"] = refused.message
        return told
    told["runs"] = (await view.api.get(f"{path}/runs", {"limit": 10}))["data"]
    if told["runs"]:
        told["results"] = (await view.api.get(f"{path}/results"))["data"]
    return told


async def _campaign(view: View) -> dict[str, Any]:
    return dict((await view.api.get(f"/api/campaigns/{view.request.path_params['campaign']}"))["data"])


async def _form(view: View, status: int = 200, campaign: dict[str, Any] | None = None) -> Response:
    channel = view.form.text("channel")
    templates = (await view.api.get("/api/templates", {"limit": 200}))["data"]
    usable = [one for one in templates if channel in one["channels"] and one["version"] and not one["archived_at"]]
    groups = (await view.api.get("/api/groups", {"limit": 200}))["data"]
    segments = (await view.api.get("/api/segments", {"limit": 200}))["data"]
    purposes = (await view.api.get("/api/purposes"))["data"]
    values = {"channel": channel, "templates": usable, "groups": groups, "segments": segments, "purposes": purposes}
    return view.page("campaigns/form.html", status, campaign=campaign, **values)


def _values(campaign: dict[str, Any]) -> dict[str, Any]:
    audience = campaign["audience"]
    return campaign | {
        **{name: audience[name] for name in ("groups", "segments")},
        "tags": ", ".join(audience["tags"]),
        "without": ", ".join(audience["exclude"]["tags"]),
        "whom": "everyone" if audience["everyone"] else "some",
        "always": campaign["send_window"] == "always",
    }


def _changed(form: Form, campaign: dict[str, Any]) -> dict[str, Any]:
    """The form's fields, empty ones too; members that only programs set are kept."""
    body = _body(form)
    cleared = {name: body.get(name) for name in ("schedule_at", "per_minute")}
    known = campaign["audience"]
    exclude = known["exclude"] | {"tags": form.words("without")}
    body |= cleared | {"audience": known | body["audience"] | {"exclude": exclude}}
    if not isinstance(campaign["send_window"], dict):
        body["send_window"] = body.get("send_window")
    return body


def _body(form: Form) -> dict[str, Any]:
    whom = {name: form.many(name) for name in ("groups", "segments")}
    tags = form.words("tags")
    without = form.words("without")
    audience: dict[str, Any] = {**whom, "tags": tags, "everyone": form.text("whom") == "everyone"}
    body: dict[str, Any] = {
        **form.given("name", "channel", "template", "purpose", "schedule_at"),
        "audience": audience | ({"exclude": {"tags": without}} if without else {}),
    }
    if form.text("per_minute").isdigit():
        body["per_minute"] = int(form.text("per_minute"))
    if form.flag("always"):
        body["send_window"] = "always"
    return body
