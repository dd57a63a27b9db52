"""How the install is doing, and the switch that pauses all sending."""

import asyncio
from typing import Any

from starlette.responses import Response

from panel.http.answers import allowed_data
from panel.http.client import Refused
from panel.http.pages import Pages
from panel.http.values import number
from panel.http.view import View
from panel.system import words

pages = Pages("system")

_ADMIN = "/api/admin/v1"


@pages.get("/system")
async def overview(view: View) -> Response:
    """Accounts, workers, alerts and pauses."""
    return await _shown(view)


@pages.post("/system/pause")
async def pause(view: View) -> Response:
    """All sending, a channel's, or a user's."""
    try:
        await view.staff_api.send(
            "POST", f"{_ADMIN}/pause-sending", _scope(view) | {"reason": view.form.text("reason")}
        )
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    return view.redirect("/panel/system", view.translate("Sending is paused. What is accepted waits."))


@pages.post("/system/resume")
async def resume(view: View) -> Response:
    """What waited is sent."""
    try:
        await view.staff_api.send("POST", f"{_ADMIN}/resume-sending", _scope(view))
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    return view.redirect("/panel/system", view.translate("Sending goes on."))


def _scope(view: View) -> dict[str, Any]:
    body = {"user": number(view.form.text("user")), **view.form.given("channel", "gateway")}
    return {name: value for name, value in body.items() if value is not None}


async def _shown(view: View, status: int = 200) -> Response:
    overview, alerts, pauses = await asyncio.gather(
        view.staff_api.get(f"{_ADMIN}/overview"),
        allowed_data(view.staff_api, f"{_ADMIN}/alerts"),
        allowed_data(view.staff_api, f"{_ADMIN}/pause-sending"),
    )
    found = overview["data"]
    queues: dict[str, int] = {}
    for worker in found["workers"]:
        for queue in worker["queues"]:
            queues[queue] = queues.get(queue, 0) + 1
    values = {"found": found, "alerts": alerts, "pauses": pauses, "queues": queues, "words": words}
    return view.page("system/overview.html", status, **values)
