"""What waits for a second person, and what must."""

from typing import Any

from starlette.responses import Response

from panel.approvals import words
from panel.http.answers import allowed_data
from panel.http.client import Refused
from panel.http.pages import Pages
from panel.http.values import number
from panel.http.view import View

pages = Pages("approvals")

_APPROVALS = "/api/admin/v1/approvals"
_POLICIES = "/api/admin/v1/approval-policies"
_AT_A_TIME = 50


@pages.get("/approvals")
async def listing(view: View) -> Response:
    """What waits comes first: it is what the page shows if nothing else is asked for."""
    state = view.request.query_params.get("state", "pending")
    query = {"state": "" if state == "all" else state, "cursor": view.query("cursor"), "limit": _AT_A_TIME}
    found = await view.staff_api.get(_APPROVALS, query)
    values = {"approvals": found["data"], "next_cursor": found["next_cursor"], "words": words, "state": state}
    return view.page("approvals/rows.html" if view.is_fragment else "approvals/list.html", **values)


@pages.get("/approvals/policies")
async def policies(view: View) -> Response:
    """Which changes need two people."""
    return await _policies(view)


@pages.post("/approvals/policies/{kind}")
async def policy(view: View) -> Response:
    """Ask for a second person from now on, or no longer."""
    form, address = view.form, f"{_POLICIES}/{view.request.path_params['kind']}"
    try:
        if form.text("needed") == "no":
            await view.staff_api.send("DELETE", address)
        else:
            body = {"above": number(form.text("above"))} if form.text("above") else {}
            await view.staff_api.send("PUT", address, body)
    except Refused as refused:
        form.refused = refused
        return await _policies(view, refused.status)
    return view.redirect("/panel/approvals/policies", view.translate("It is saved."))


@pages.get("/approvals/{approval:int}")
async def one(view: View) -> Response:
    """What was requested, and by whom."""
    return await _shown(view)


@pages.post("/approvals/{approval:int}/{decision}")
async def decide(view: View) -> Response:
    """The change is made at this moment, or never."""
    approves = view.word("decision", "approve", "deny") == "approve"
    address = f"{_APPROVALS}/{view.request.path_params['approval']}"
    try:
        if approves:
            await view.staff_api.send("POST", f"{address}/approve")
        else:
            await view.staff_api.send("POST", f"{address}/deny", {"reason": view.form.text("reason")})
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    done = view.translate("It is approved, and done.") if approves else view.translate("It is denied.")
    return view.redirect(f"/panel/approvals/{view.request.path_params['approval']}", done)


async def _shown(view: View, status: int = 200) -> Response:
    found: dict[str, Any] = (await view.staff_api.get(f"{_APPROVALS}/{view.request.path_params['approval']}"))["data"]
    asker = found["requested_by"]
    is_own = asker.get("type") == "staff" and asker.get("id") == str(view.viewer.id)
    look = words.STATES[found["state"]]
    return view.page("approvals/one.html", status, found=found, look=look, words=words, is_own=is_own)


async def _policies(view: View, status: int = 200) -> Response:
    found = await allowed_data(view.staff_api, _POLICIES)
    return view.page("approvals/policies.html", status, policies=found or [], words=words)
