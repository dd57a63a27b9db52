"""An account's own credits: wallets, the journal, asking for more, and alerts."""

import asyncio
import base64
from typing import Any

from starlette.datastructures import UploadFile
from starlette.responses import Response

from panel.credits import words as request_words
from panel.http.client import Refused
from panel.http.pages import Pages
from panel.http.values import number
from panel.http.view import View
from panel.users import words

pages = Pages("credits")

CHANNELS = ("sms", "email", "whatsapp")
_AT_A_TIME = 50
_FEW = 10


@pages.get("/credits")
async def overview(view: View) -> Response:
    """Everything about the credits of the account."""
    return await _shown(view)


@pages.post("/credits/requests")
async def ask(view: View) -> Response:
    """Ask the staff for credits."""
    form = view.form
    body: dict[str, Any] = {"channel": form.text("channel"), "amount": number(form.text("amount"))}
    body["note"] = form.text("note")
    if proof := await _proof(view):
        body["proof"] = base64.b64encode(proof).decode()
    try:
        await view.api.send("POST", "/api/credits/requests", body)
    except Refused as refused:
        form.refused = refused
        return await _shown(view, refused.status)
    return view.redirect("/panel/credits#requests", view.translate("Your request waits for a decision."))


@pages.post("/credits/alerts")
async def alert(view: View) -> Response:
    """For each channel an amount, a share of the plan's credits, or nothing."""
    body: dict[str, Any] = {}
    for channel in CHANNELS:
        below = number(view.form.text(f"alert_{channel}"))
        unit = "percent" if view.form.text(f"alert_unit_{channel}") == "percent" else "amount"
        body[channel] = None if below is None else {unit: below}
    try:
        await view.api.send("PUT", "/api/credits/alerts", body)
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    return view.redirect("/panel/credits", view.translate("It is saved."))


async def _shown(view: View, status: int = 200) -> Response:
    if view.viewer.account is None:
        return view.page("credits/own.html", status)
    query = {name: view.query(name) for name in ("kind", "channel", "cursor")} | {"limit": _AT_A_TIME}
    journal = await view.api.get("/api/journal", query)
    values = {"entries": journal["data"], "next_cursor": journal["next_cursor"], "words": words}
    if view.is_fragment and view.request.method == "GET":
        return view.page("credits/rows.html", **values)
    wallets, requests, alerts = await asyncio.gather(
        view.api.get("/api/credits"),
        view.api.get("/api/credits/requests", {"limit": _FEW}),
        view.api.get("/api/credits/alerts"),
    )
    values |= {"credits": wallets["data"], "requests": requests["data"], "alerts": alerts["data"]}
    return view.page("credits/own.html", status, request_words=request_words, channels=CHANNELS, **values)


async def _proof(view: View) -> bytes | None:
    sent = (await view.request.form()).get("proof")
    return await sent.read() if isinstance(sent, UploadFile) else None
