"""Sender domains: the list, a new one, its DNS records, and what is done with it."""

from typing import Any

from starlette.responses import Response

from panel.account.finding import account_in
from panel.domains import words
from panel.http.client import Refused
from panel.http.errors import NotThere
from panel.http.pages import Pages
from panel.http.view import View
from panel.reputation import reading
from panel.reputation import words as reputation_words

pages = Pages("domains")

HOME = "/panel/domains"


@pages.get("/domains")
async def listing(view: View) -> Response:
    """The newest first."""
    asked: dict[str, Any] = {name: view.query(name) for name in ("state", "domain", "cursor")} | {"limit": 50}
    if view.viewer.account is None:
        asked["user"] = view.query("user")
    found = await view.api.get(view.address("/domains"), asked)
    values = {"domains": found["data"], "next_cursor": found["next_cursor"], "words": words}
    values["may_change"] = _may_change(view)
    return view.page("domains/rows.html" if view.is_fragment else "domains/list.html", **values)


@pages.get("/domains/new")
async def begin(view: View) -> Response:
    """An empty form."""
    if not view.viewer.may("domains:write"):
        raise NotThere
    return view.page("domains/form.html")


@pages.post("/domains/new")
async def add(view: View) -> Response:
    """Add it, and show its records."""
    body: dict[str, Any] = {"domain": view.form.text("domain")}
    try:
        if view.viewer.account is None and (user := await account_in(view, "user", "/user")) is not None:
            body["user"] = user
        made = (await view.api.send("POST", view.address("/domains"), body))["data"]
    except Refused as refused:
        view.form.refused = refused
        return view.page("domains/form.html", refused.status)
    return view.redirect(f"{HOME}/{made['id']}", view.translate("The domain is added. Enter its records, then check."))


@pages.get("/domains/{domain:int}")
async def one(view: View) -> Response:
    """A domain and its records."""
    return await shown(view)


@pages.post("/domains/{domain:int}/check")
async def check(view: View) -> Response:
    """Look now."""
    try:
        found = (await view.api.send("POST", f"{_path(view)}/check"))["data"]
    except Refused as refused:
        view.form.refused = refused
        return await shown(view, refused.status)
    if found["state"] == "verified":
        return view.redirect(_here(view), view.translate("All required records are there: you may send from it."))
    told = view.translate("Not all required records were found. New ones can take a while to be seen.")
    return view.redirect(_here(view), told, "bad")


@pages.post("/domains/{domain:int}/rotate-key")
async def rotate(view: View) -> Response:
    """A second key, with a record of its own."""
    told = view.translate("There is a new key: enter its record, then check.")
    return await _done(view, "POST", f"{_path(view)}/rotate-key", told, _here(view))


@pages.post("/domains/{domain:int}/delete")
async def delete(view: View) -> Response:
    """With its key."""
    return await _done(view, "DELETE", _path(view), view.translate("The domain is deleted."), HOME)


def _path(view: View) -> str:
    return view.address(f"/domains/{view.request.path_params['domain']}")


def _here(view: View) -> str:
    return f"{HOME}/{view.request.path_params['domain']}"


def _may_change(view: View) -> bool:
    return view.viewer.may("domains:write")


async def _done(view: View, method: str, path: str, done: str, after: str) -> Response:
    try:
        await view.api.send(method, path)
    except Refused as refused:
        view.form.refused = refused
        return await shown(view, refused.status)
    return view.redirect(after, done)


async def shown(view: View, status: int = 200) -> Response:
    """Its page."""
    domain = (await view.api.get(_path(view)))["data"]
    return view.page(
        "domains/one.html",
        status,
        domain=domain,
        warm_up=await reading.warm_up_of_domain(view, domain),
        words=words,
        reputation_words=reputation_words,
        may_change=_may_change(view),
    )
