"""Groups: the list, and one with its members."""

from typing import Any

from starlette.responses import Response

from panel.http.client import Refused
from panel.http.forms import Form
from panel.http.pages import Pages
from panel.http.view import View

pages = Pages("groups", in_account=True)

_GROUPS, _PAGE = "/api/groups", "/panel/groups"
_AT_A_TIME = 50
_FEW = 10


@pages.get("/groups")
async def listing(view: View) -> Response:
    """By their keys."""
    return await _listed(view)


@pages.post("/groups")
async def add(view: View) -> Response:
    """Make one."""
    try:
        made = (await view.api.send("POST", _GROUPS, view.form.given("name", "key")))["data"]
    except Refused as refused:
        view.form.refused = refused
        return await _listed(view, refused.status)
    return view.redirect(f"{_PAGE}/{made['key']}", view.translate("The group is made. Add somebody to it."))


@pages.get("/groups/{group}")
async def one(view: View) -> Response:
    """Its members, and a search for more."""
    return await _shown(view)


@pages.post("/groups/{group}")
async def rename(view: View) -> Response:
    """Its key stays."""
    path = f"{_GROUPS}/{view.request.path_params['group']}"
    return await _done(view, "PATCH", path, {"name": view.form.text("name")}, view.translate("The group is renamed."))


@pages.post("/groups/{group}/delete")
async def delete(view: View) -> Response:
    """It was confirmed in the menu. Its members stay."""
    begun = await view.api.send("DELETE", f"{_GROUPS}/{view.request.path_params['group']}")
    if begun["data"]["operation"] is None:
        return view.redirect(_PAGE, view.translate("The group is deleted. Its contacts stay."))
    return view.redirect(_PAGE, view.translate("The group is deleted. Its contacts stay; they leave it one by one."))


@pages.post("/groups/{group}/{action}")
async def move(view: View) -> Response:
    """Add contacts, or take them out."""
    group, is_added = view.request.path_params["group"], view.word("action", "add", "remove") == "add"
    path = f"{_GROUPS}/{group}/{'add' if is_added else 'remove'}"
    notice = (
        view.translate("It is in the group now.") if is_added else view.translate("It is not in the group any more.")
    )
    return await _done(view, "POST", path, {"contacts": view.form.many("contact")}, view.translate(notice))


async def _done(view: View, method: str, path: str, body: dict[str, Any], notice: str) -> Response:
    try:
        answered = (await view.api.send(method, path, body))["data"]
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    page = f"{_PAGE}/{view.request.path_params['group']}"
    if answered.get("full"):
        return view.redirect(page, view.translate("This contact is in 50 groups already: it was not added."), "bad")
    return view.redirect(page, notice)


async def _listed(view: View, status: int = 200) -> Response:
    found = await view.api.get(_GROUPS, {"cursor": view.query("cursor"), "limit": _AT_A_TIME})
    values = {"groups": found["data"], "next_cursor": found["next_cursor"]}
    if view.is_fragment and view.request.method == "GET":
        return view.page("groups/rows.html", **values)
    return view.page("groups/list.html", status, **values)


async def _shown(view: View, status: int = 200) -> Response:
    group = (await view.api.get(f"{_GROUPS}/{view.request.path_params['group']}"))["data"]
    asked = {"group": group["key"], "cursor": view.query("cursor"), "limit": _AT_A_TIME}
    found = await view.api.get("/api/contacts", asked)
    values = {"group": group, "contacts": found["data"], "next_cursor": found["next_cursor"]}
    if view.is_fragment and view.query("cursor"):
        return view.page("groups/members.html", **values)
    wanted = view.query("q")
    searched = (await view.api.get("/api/contacts", {"q": wanted, "limit": _FEW}))["data"] if wanted else []
    others = [one for one in searched if group["key"] not in one["groups"]]
    if view.form.refused is None:
        view.form = Form(values={"name": group["name"]})
    return view.page("groups/one.html", status, found=others, are_all_in=bool(searched) and not others, **values)
