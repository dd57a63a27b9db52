"""Work that takes longer than a request: how far it is, and what came of it.

An account sees what was begun in it, staff all of it, on the same pages.
"""

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from panel.http.client import Answer, Api, Refused
from panel.http.downloads import Download
from panel.http.pages import Pages
from panel.http.view import View
from panel.operations import words

own = Pages("own-operations", in_account=True)
all_of_them = Pages("operations")

_AT_A_TIME = 30


@dataclass(frozen=True, slots=True)
class Range:
    """Those of an account, or all."""

    name: str
    page: str
    path: str
    """In the API."""

    def api(self, view: View) -> Api:
        """As whom it is asked for."""
        return view.api if self is OWN else view.staff_api

    def one(self, view: View) -> str:
        """Where the API has the operation of this page."""
        return f"{self.path}/{view.request.path_params['operation']}"


OWN = Range("own", "/panel/operations", "/api/operations")
ALL = Range("all", "/panel/system/operations", "/api/admin/v1/operations")


@own.get("/operations")
async def own_listing(view: View) -> Response:
    """Those of the account, the newest first."""
    return await _listed(view, OWN)


@own.post("/operations/export")
async def export(view: View) -> Response:
    """All data of the account, as files."""
    try:
        begun = (await view.api.send("POST", "/api/export"))["data"]
    except Refused as refused:
        view.form.refused = refused
        return await _listed(view, OWN, refused.status)
    return view.redirect(f"{OWN.page}/{begun['id']}", view.translate("The export has begun."))


@own.get("/operations/{operation}")
async def own_one(view: View) -> Response:
    """How far it is."""
    return await _shown(view, OWN)


@own.get("/operations/{operation}/result")
async def own_result(view: View) -> Response:
    """The files that it made."""
    return Download(view.api, f"{OWN.one(view)}/result")


@own.post("/operations/{operation}/cancel")
async def cancel_own(view: View) -> Response:
    """It ends before its next slice; what is done stays."""
    return await _cancelled(view, OWN)


@all_of_them.get("/system/operations")
async def listing(view: View) -> Response:
    """All of the install, the newest first."""
    return await _listed(view, ALL)


@all_of_them.get("/system/operations/{operation}")
async def one(view: View) -> Response:
    """How far it is."""
    return await _shown(view, ALL)


@all_of_them.get("/system/operations/{operation}/result")
async def result(view: View) -> Response:
    """The files that it made."""
    return Download(view.staff_api, f"{ALL.one(view)}/result")


@all_of_them.post("/system/operations/{operation}/cancel")
async def cancel(view: View) -> Response:
    """The same, by staff."""
    return await _cancelled(view, ALL)


async def look(view: View, what: str) -> bytes:
    """What a list (``own/``), or the page of one (``own/<id>``), shows, to see whether it changed."""
    name, _, place = what.partition("/")
    within = ALL if name == ALL.name else OWN
    if place.startswith("?"):
        answer = await _page(view, within, {"state": place.removeprefix("?")})
    else:
        answer = await within.api(view).call("GET", f"{within.path}/{place}")
    return answer.body


async def _page(view: View, within: Range, query: dict[str, Any]) -> Answer:
    return await within.api(view).call("GET", within.path, query=query | {"limit": _AT_A_TIME})


async def _listed(view: View, within: Range, status: int = 200) -> Response:
    names = ("state", "kind", "cursor") if within is OWN else ("state", "kind", "user", "cursor")
    found = (await _page(view, within, {name: view.query(name) for name in names})).json
    is_more = view.is_fragment and view.query("cursor")
    return view.page(
        "operations/rows.html" if is_more else "operations/list.html",
        status,
        operations=found["data"],
        next_cursor=found["next_cursor"],
        within=within,
        words=words,
    )


async def _cancelled(view: View, within: Range) -> Response:
    try:
        await within.api(view).send("POST", f"{within.one(view)}/cancel")
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, within, refused.status)
    page = f"{within.page}/{view.request.path_params['operation']}"
    return view.redirect(page, view.translate("It is cancelled. What was done stays."))


async def _shown(view: View, within: Range, status: int = 200) -> Response:
    found = (await within.api(view).get(within.one(view)))["data"]
    look = words.STATES[found["state"]]
    return view.page("operations/one.html", status, found=found, look=look, within=within, words=words)
