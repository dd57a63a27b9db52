"""How the install is doing, and the switch that pauses all sending."""

import asyncio
from typing import Any

from starlette.responses import Response

from panel.account.finding import account_in
from panel.http.answers import allowed_data
from panel.http.client import Refused
from panel.http.pages import Pages
from panel.http.view import View
from panel.system import words

pages = Pages("system")

_ADMIN = "/api/admin/v1"
_TYPED = "PAUSE"


@pages.get("/system")
async def overview(view: View) -> Response:
    """Accounts, workers, alerts and pauses."""
    return await _shown(view)


@pages.post("/system/pause")
async def pause(view: View) -> Response:
    """All sending, a channel's, or a user's. What concerns everybody must be meant."""
    form = view.form
    is_meant = bool(form.text("user")) or form.text("typed") == _TYPED
    try:
        body = await _scope(view) | {"reason": form.text("reason")}
        await view.staff_api.send("POST", f"{_ADMIN}/pause-sending", body, None if is_meant else {"dry_run": "true"})
    except Refused as refused:
        form.refused = refused
        return await _shown(view, refused.status)
    if not is_meant:
        return view.page("system/pause.html", mistyped=bool(form.text("typed")), typed=_TYPED)
    return view.redirect("/panel/system", view.translate("Sending is paused. What is accepted waits."))


@pages.post("/system/resume")
async def resume(view: View) -> Response:
    """What waited is sent."""
    try:
        await view.staff_api.send("POST", f"{_ADMIN}/resume-sending", await _scope(view))
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    return view.redirect("/panel/system", view.translate("Sending goes on."))


async def _scope(view: View) -> dict[str, Any]:
    body = {"user": await account_in(view, "user", "/user"), **view.form.given("channel", "gateway")}
    return {name: value for name, value in body.items() if value is not None}


async def _shown(view: View, status: int = 200) -> Response:
    overview, alerts, pauses = await asyncio.gather(
        view.staff_api.get(f"{_ADMIN}/overview"),
        allowed_data(view.staff_api, f"{_ADMIN}/alerts"),
        allowed_data(view.staff_api, f"{_ADMIN}/pause-sending"),
    )
    found = overview["data"]
    queues = len({queue for worker in found["workers"] for queue in worker["queues"]})
    values = {"found": found, "alerts": alerts, "pauses": pauses, "queues": queues, "words": words}
    return view.page("system/overview.html", status, **values)
