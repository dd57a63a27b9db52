"""How messages are received, by account: rates of bad reports, warnings, pauses, warm-ups."""

import asyncio
from typing import Any

from starlette.responses import Response

from panel.http.client import Refused
from panel.http.pages import Pages
from panel.http.view import View
from panel.reputation import words
from panel.users.routes import address, tab

own = Pages("reputation", in_account=True)
of_users = Pages("users")


@own.get("/reputation")
async def shown(view: View) -> Response:
    """The account's own."""
    reputation, gateways, domains = await asyncio.gather(
        view.api.get("/api/reputation"),
        view.api.get("/api/gateways", {"limit": 200}),
        view.api.get("/api/domains", {"limit": 200}),
    )
    names: dict[Any, str] = {one["id"]: one["identifier"] for one in gateways["data"]}
    names |= {one["id"]: one["domain"] for one in domains["data"]}
    return view.page("reputation/own.html", found=reputation["data"], names=names, words=words)


@of_users.get("/users/{account:int}/reputation")
async def of_user(view: View) -> Response:
    """A user's, as the user sees it; and what may be done to it."""
    return await _of_user(view)


@of_users.post("/users/{account:int}/reputation")
async def set_guard(view: View) -> Response:
    """What follows bad reports; "": as for all."""
    body = {"guard": view.form.text("guard") or None}
    try:
        await view.staff_api.send("PUT", f"{address(view)}/reputation", body)
    except Refused as refused:
        view.form.refused = refused
        return await _of_user(view, refused.status)
    return view.redirect(f"/panel/users/{view.request.path_params['account']}/reputation", view.translate("Saved."))


async def _of_user(view: View, status: int = 200) -> Response:
    found = (await view.staff_api.get(f"{address(view)}/reputation"))["data"]
    return await tab(view, "reputation", status, found=found, names={}, words=words)
