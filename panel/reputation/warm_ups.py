"""Warm-ups of gateways and sender domains: how they stand, and the form on the pages of both."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import Response

from panel.domains.routes import shown as domain_shown
from panel.gateways.routes import shown as gateway_shown
from panel.http.client import Refused
from panel.http.pages import Pages
from panel.http.values import number
from panel.http.view import View

gateway_pages = Pages("gateways")
domain_pages = Pages("domains")

_Shown = Callable[[View, int], Awaitable[Response]]


@gateway_pages.post("/gateways/{gateway:uuid}/warm-up")
async def of_gateway(view: View) -> Response:
    """Begin it, change it, or end it."""
    return await _put(view, f"/gateways/{view.request.path_params['gateway']}", gateway_shown)


@domain_pages.post("/domains/{domain:int}/warm-up")
async def of_domain(view: View) -> Response:
    """The same for everything from a domain."""
    return await _put(view, f"/domains/{view.request.path_params['domain']}", domain_shown)


async def _put(view: View, place: str, shown: _Shown) -> Response:
    path, form = f"{view.address(place)}/warm-up", view.form
    try:
        if form.text("do") == "end":
            await view.api.send("DELETE", path)
            return view.redirect(f"/panel{place}", view.translate("The warm-up has ended: there is no cap any more."))
        body: dict[str, Any] = {"ladder": form.text("ladder"), "tier": number(form.text("tier"))}
        if view.viewer.account is None:
            body["pinned"] = form.flag("pinned")
        await view.api.send("PUT", path, body)
    except Refused as refused:
        form.refused = refused
        return await shown(view, refused.status)
    return view.redirect(f"/panel{place}", view.translate("Saved. What is not transactional keeps to the caps."))
