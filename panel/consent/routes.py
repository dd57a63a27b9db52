"""What addresses consented to, with its proof, and who gets no more messages."""

from typing import Any

from starlette.responses import Response

from panel.consent.words import REASONS
from panel.contacts.routes import purposes_of
from panel.http.client import Refused
from panel.http.pages import Pages
from panel.http.view import View

pages = Pages("consent", in_account=True)

PAGE, SUPPRESSIONS = "/panel/consent", "/panel/consent/suppressions"
_CONSENTS, _SUPPRESSIONS = "/api/consents", "/api/suppressions"
_CHANNELS = ("email", "sms", "whatsapp")
_AT_A_TIME = 50


@pages.get("/consent")
async def address(view: View) -> Response:
    """Of one address, and a form to record what somebody chose."""
    return await _address(view)


@pages.post("/consent")
async def record(view: View) -> Response:
    """Record a choice."""
    form = view.form
    given: dict[str, Any] = form.given("channel", "recipient", "purpose", "state", "text_shown")
    try:
        await view.api.send("POST", _CONSENTS, {"consents": [given | {"source": form.text("source") or "panel"}]})
    except Refused as refused:
        form.refused = refused
        return await _address(view, refused.status)
    return view.redirect(view.here(channel=given["channel"], q=given["recipient"]), view.translate("It is recorded."))


@pages.get("/consent/suppressions")
async def listing(view: View) -> Response:
    """The newest first, filtered by what the address says."""
    return await _listed(view)


@pages.post("/consent/suppressions")
async def suppress(view: View) -> Response:
    """Send no more to an address."""
    try:
        await view.api.send("POST", _SUPPRESSIONS, view.form.given("channel", "recipient", "reason"))
    except Refused as refused:
        view.form.refused = refused
        return await _listed(view, refused.status)
    return view.redirect(SUPPRESSIONS, view.translate("This address gets no more messages."))


@pages.post("/consent/suppressions/remove")
async def allow(view: View) -> Response:
    """Send to it again: it was confirmed in the menu."""
    try:
        await view.api.send("POST", f"{_SUPPRESSIONS}/remove", view.form.given("channel", "recipient"))
    except Refused as refused:
        view.form.refused = refused
        return await _listed(view, refused.status)
    return view.redirect(SUPPRESSIONS, view.translate("This address can get messages again."))


async def _address(view: View, status: int = 200) -> Response:
    channel, recipient = view.form.text("channel") or view.query("channel"), view.query("q")
    found: list[dict[str, Any]] = []
    problem = None
    if recipient:
        channel = channel or ("email" if "@" in recipient else "sms")
        try:
            found = (await view.api.get(_CONSENTS, {"channel": channel, "recipient": recipient}))["data"]
        except Refused as refused:
            if refused.status != 422:
                raise
            status, problem = 422, refused.message
    values = {"addresses": found, "channel": channel, "channels": _CHANNELS, "problem": problem}
    return view.page("consent/address_page.html", status, purposes=await purposes_of(view), **values)


async def _listed(view: View, status: int = 200) -> Response:
    asked = {"channel": view.query("channel"), "recipient": view.query("q"), "reason": view.query("reason")}
    paging = {"cursor": view.query("cursor"), "limit": _AT_A_TIME}
    problem = None
    found: dict[str, Any] = {"data": [], "next_cursor": None}
    try:
        found = await view.api.get(_SUPPRESSIONS, asked | paging)
    except Refused as refused:
        if refused.status != 422:
            raise
        status, problem = 422, refused.message
    values: dict[str, Any] = {"suppressions": found["data"], "next_cursor": found["next_cursor"], "reasons": REASONS}
    if view.is_fragment and view.query("cursor"):
        return view.page("consent/rows.html", **values)
    return view.page("consent/suppressions.html", status, channels=_CHANNELS, problem=problem, **values)
