"""Requests for credits, as staff decides on them."""

from typing import Any

from starlette.responses import Response

from panel.credits import words
from panel.http.answers import allowed_data, told
from panel.http.client import Refused
from panel.http.downloads import Download
from panel.http.pages import Pages
from panel.http.values import number
from panel.http.view import View

pages = Pages("credit-requests")

_REQUESTS = "/api/admin/v1/credits/requests"
_AT_A_TIME = 50


@pages.get("/credit-requests")
async def listing(view: View) -> Response:
    """The newest first."""
    query: dict[str, Any] = {name: view.query(name) for name in ("state", "channel", "user", "cursor")}
    found = await view.staff_api.get(_REQUESTS, query | {"limit": _AT_A_TIME})
    values = {"requests": found["data"], "next_cursor": found["next_cursor"], "request_words": words}
    return view.page("credits/request_rows.html" if view.is_fragment else "credits/requests.html", **values)


@pages.get("/credit-requests/{request:int}")
async def one(view: View) -> Response:
    """What was asked for, by whom, with what proof."""
    return await _shown(view)


@pages.get("/credit-requests/{request:int}/proof")
async def proof(view: View) -> Response:
    """The file that came with it, always as a download."""
    return Download(view.staff_api, f"{_address(view)}/proof")


@pages.post("/credit-requests/{request:int}/{decision}")
async def decide(view: View) -> Response:
    """Approve it, maybe with another amount, or reject it with a reason."""
    form, decision = view.form, view.word("decision", "approve", "reject")
    body: dict[str, Any] = {"reason": form.text("reason")}
    approves = decision == "approve"
    if approves:
        body["amount"] = number(form.text("amount"))
    try:
        answer = await view.staff_api.call("POST", _address(view) + ("/approve" if approves else "/reject"), body)
    except Refused as refused:
        form.refused = refused
        return await _shown(view, refused.status)
    done = view.translate("The credits are granted.") if approves else view.translate("The request is rejected.")
    return view.redirect("/panel/credit-requests?state=pending", told(view, answer, done))


async def _shown(view: View, status: int = 200) -> Response:
    found = (await view.staff_api.get(_address(view)))["data"]
    user = await allowed_data(view.staff_api, f"/api/admin/v1/users/{found['user_id']}")
    wallets = await allowed_data(view.staff_api, f"/api/admin/v1/users/{found['user_id']}/credits")
    look = words.REQUESTS[found["state"]]
    return view.page("credits/request.html", status, found=found, user=user, credits=wallets, look=look)


def _address(view: View) -> str:
    return f"{_REQUESTS}/{view.request.path_params['request']}"
