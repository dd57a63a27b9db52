"""Work that takes longer than a request: how far it is, and what came of it."""

from typing import Any

from starlette.responses import Response

from panel.http.client import Refused
from panel.http.downloads import Download
from panel.http.pages import Pages
from panel.http.view import View
from panel.system import words

pages = Pages("operations")

_OPERATIONS = "/api/admin/v1/operations"
_AT_A_TIME = 50


@pages.get("/system/operations")
async def listing(view: View) -> Response:
    """The newest first."""
    query: dict[str, Any] = {name: view.query(name) for name in ("state", "kind", "user", "cursor")}
    found = await view.staff_api.get(_OPERATIONS, query | {"limit": _AT_A_TIME})
    values = {"operations": found["data"], "next_cursor": found["next_cursor"], "words": words}
    return view.page("system/operation_rows.html" if view.is_fragment else "system/operations.html", **values)


@pages.get("/system/operations/{operation}")
async def one(view: View) -> Response:
    """How far it is."""
    return await _shown(view)


@pages.get("/system/operations/{operation}/result")
async def result(view: View) -> Response:
    """The files that it made."""
    return Download(view.staff_api, f"{_address(view)}/result")


@pages.post("/system/operations/{operation}/cancel")
async def cancel(view: View) -> Response:
    """It ends before its next slice; what is done stays."""
    try:
        await view.staff_api.send("POST", f"{_address(view)}/cancel")
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    page = f"/panel/system/operations/{view.request.path_params['operation']}"
    return view.redirect(page, view.translate("It is cancelled. What was done stays."))


async def _shown(view: View, status: int = 200) -> Response:
    found = (await view.staff_api.get(_address(view)))["data"]
    return view.page("system/operation.html", status, found=found, look=words.OPERATIONS[found["state"]], words=words)


def _address(view: View) -> str:
    return f"{_OPERATIONS}/{view.request.path_params['operation']}"
