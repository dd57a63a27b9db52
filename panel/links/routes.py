"""Short links: the domains that they begin with, and what is done with links where nothing else says so."""

from typing import Any

from starlette.responses import Response

from panel.domains import words
from panel.http.client import Refused
from panel.http.pages import Pages
from panel.http.values import listed
from panel.http.view import View

pages = Pages("links", in_account=True)

HOME = "/panel/links"
_DOMAINS, _SETTINGS = "/api/link-domains", "/api/link-settings"
UTM = ("source", "medium", "campaign", "term", "content")


@pages.get("/links")
async def listing(view: View) -> Response:
    """Domains, and the settings."""
    return await _listed(view)


@pages.post("/links")
async def add(view: View) -> Response:
    """Add a domain, and show its records."""
    try:
        made = (await view.api.send("POST", _DOMAINS, {"domain": view.form.text("domain")}))["data"]
    except Refused as refused:
        view.form.refused = refused
        return await _listed(view, refused.status)
    return view.redirect(f"{HOME}/{made['id']}", view.translate("The domain is added. Enter its records, then check."))


@pages.post("/links/settings")
async def settings(view: View) -> Response:
    """All of the form at once."""
    form = view.form
    body: dict[str, Any] = {"shorten_links": form.flag("shorten_links"), "keep_links": listed(form.raw("keep_links"))}
    body["utm"] = {name: form.text(f"utm_{name}") or None for name in UTM}
    try:
        await view.api.send("PUT", _SETTINGS, body)
    except Refused as refused:
        form.refused = refused
        return await _listed(view, refused.status, body)
    return view.redirect(HOME, view.translate("Saved. It counts from the next request on."))


@pages.get("/links/{domain:int}")
async def one(view: View) -> Response:
    """A domain and its records."""
    return await _shown(view)


@pages.post("/links/{domain:int}/check")
async def check(view: View) -> Response:
    """Look now."""
    try:
        found = (await view.api.send("POST", f"{_path(view)}/check"))["data"]
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    here = f"{HOME}/{found['id']}"
    if found["state"] == "verified":
        return view.redirect(here, view.translate("Both records are there: new short links begin with this domain."))
    told = view.translate("Not all required records were found. New ones can take a while to be seen.")
    return view.redirect(here, told, "bad")


@pages.post("/links/{domain:int}/delete")
async def delete(view: View) -> Response:
    """Its links lead nowhere from then on."""
    try:
        await view.api.send("DELETE", _path(view))
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    return view.redirect(HOME, view.translate("The domain is deleted."))


def _path(view: View) -> str:
    return f"{_DOMAINS}/{view.request.path_params['domain']}"


async def _listed(view: View, status: int = 200, entered: dict[str, Any] | None = None) -> Response:
    """``entered``: settings that were refused."""
    found = await view.api.get(_DOMAINS, {"cursor": view.query("cursor"), "limit": 50})
    stored = entered or (await view.api.get(_SETTINGS))["data"]
    wrong = view.form.problem if entered else None
    values = {"domains": found["data"], "next_cursor": found["next_cursor"], "settings": stored, "utm": UTM}
    return view.page("links/list.html", status, wrong=wrong, words=words, **values)


async def _shown(view: View, status: int = 200) -> Response:
    domain = (await view.api.get(_path(view)))["data"]
    return view.page("links/one.html", status, domain=domain, words=words)
