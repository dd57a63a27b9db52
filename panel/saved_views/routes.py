"""Saved views: a row above each list with filters, and a page on which they are renamed and deleted.

They are of whoever has logged in, and of the account whose list it is: a filter may name something of it.
"""

from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.responses import Response

from panel.http.client import Refused
from panel.http.errors import NotThere
from panel.http.pages import Pages
from panel.http.view import View
from panel.rendering.words import _

pages = Pages()

_API, HOME = "/api/views", "/panel/views"
LISTS = {
    "messages": _("Messages"),
    "replies": _("Replies"),
    "failures": _("Failures"),
    "contacts": _("Contacts"),
    "leads": _("Leads"),
    "requests": _("API log"),
    "users": _("Users"),
    "audit": _("Audit log"),
}
"""Pages with filters, by the last part of their address."""


@pages.get("/views")
async def listing(view: View) -> Response:
    """All of this account, or of all accounts."""
    return await _listed(view)


@pages.get("/views/row")
async def row(view: View) -> Response:
    """Those of a list, and the form that keeps what is filtered by now."""
    name = _list_named(view.query("list"))
    query = _filter_of(view.query("query"))
    found = await view.staff_api.get(_API, {"page": _page_of(view, name)})
    values = {"list": name, "query": query, "views": found["data"]}
    return view.page("saved_views/row.html", **values)


@pages.post("/views")
async def save(view: View) -> Response:
    """Keep a filter, and show it."""
    name = _list_named(view.form.text("list"))
    query = _filter_of(view.form.text("query"))
    body = {"page": _page_of(view, name), "name": view.form.text("name"), "query": query}
    try:
        await view.staff_api.send("POST", _API, body)
    except Refused as refused:
        view.form.refused = refused
        return await _listed(view, refused.status)
    return view.redirect(f"/panel/{name}" + (f"?{query}" if query else ""), view.translate("The view is saved."))


@pages.post("/views/{view:int}/rename")
async def rename(view: View) -> Response:
    """Its filter stays."""
    return await _change(view, "PATCH", {"name": view.form.text("name")}, view.translate("The view has another name."))


@pages.post("/views/{view:int}/delete")
async def delete(view: View) -> Response:
    """What it shows stays."""
    return await _change(view, "DELETE", None, view.translate("The view is gone."))


async def _change(view: View, method: str, body: Any, told: str) -> Response:
    try:
        await view.staff_api.send(method, f"{_API}/{view.request.path_params['view']}", body)
    except Refused as refused:
        view.form.refused = refused
        return await _listed(view, refused.status)
    return view.redirect(HOME, told)


async def _listed(view: View, status: int = 200) -> Response:
    every = (await view.staff_api.get(_API))["data"]
    found = {name: [one for one in every if one["page"] == _page_of(view, name)] for name in LISTS}
    return view.page("saved_views/list.html", status, lists=LISTS, found=found)


def _page_of(view: View, name: str) -> str:
    account = view.viewer.account
    return name if account is None else f"{name}@{account.id}"


def _list_named(name: str) -> str:
    if name not in LISTS:
        raise NotThere
    return name


def _filter_of(query: str) -> str:
    """Without what is of one page of the list."""
    kept = [(name, value) for name, value in QueryParams(query).multi_items() if value and name != "cursor"]
    return urlencode(kept)
