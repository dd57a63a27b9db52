"""The composer: one message to one or a few people."""

from typing import Any

from markupsafe import escape
from starlette.responses import Response

from panel.http.client import Refused
from panel.http.forms import Form
from panel.http.pages import Pages
from panel.http.view import View

pages = Pages("send", in_account=True)

CHANNELS = ("sms", "email", "whatsapp")


@pages.get("/send")
async def compose(view: View) -> Response:
    """An empty form, or one with what the address gives."""
    view.form = Form(values=dict(view.request.query_params))
    return await _shown(view)


@pages.post("/send")
async def send(view: View) -> Response:
    """Send it."""
    channel = _channel(view)
    try:
        answered = await view.api.send("POST", f"/api/{channel}/send", _body(view.form, channel))
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    accepted = answered["data"]
    if len(accepted) == 1:
        page = f"/panel/messages/{accepted[0]['uid']}?channel={channel}"
        return view.redirect(page, view.translate("The message was accepted."))
    return view.redirect("/panel/messages", view.translate("%(count)s messages were accepted.", count=len(accepted)))


@pages.post("/send/estimate")
async def estimate(view: View) -> Response:
    """What it would look like, and cost."""
    channel = _channel(view)
    told: dict[str, Any] | None = None
    try:
        told = (await view.api.send("POST", f"/api/{channel}/estimate", _body(view.form, channel)))["data"]
    except Refused as refused:
        if refused.status != 422:
            raise
        view.form.refused = refused
    return view.page("send/preview.html", channel=channel, told=told)


async def _shown(view: View, status: int = 200) -> Response:
    channel = _channel(view)
    gateways = (await view.api.get("/api/gateways"))["data"]
    credit = (await view.api.get("/api/credits"))["data"].get(channel)
    usable = [one for one in gateways if one["channel"] == channel and one["enabled"]]
    return view.page("send/compose.html", status, channel=channel, gateways=usable, credit=credit, told=None)


def _channel(view: View) -> str:
    wanted = view.form.text("channel") or view.query("channel")
    return wanted if wanted in CHANNELS else CHANNELS[0]


def _body(form: Form, channel: str) -> dict[str, Any]:
    """As the API takes it. What is the same for all recipients is given once."""
    named = "email" if channel == "email" else "number"
    recipients = [line.strip() for line in form.raw("to").replace(",", "\n").replace(";", "\n").split("\n")]
    shared: dict[str, Any] = form.given("gateway_identifier", "schedule_at", "purpose")
    if channel == "email":
        shared |= {"subject": form.text("subject"), "message": _html(form.raw("message"))} | form.given("sender_name")
    else:
        shared |= {"message": form.raw("message")}
    return shared | {"contact": [{named: to} for to in recipients if to]}


def _html(text: str) -> str:
    """Plain text as a mail; whoever writes HTML gets it as it is."""
    if text.lstrip().startswith("<"):
        return text
    paragraphs = (str(escape(part)).replace("\n", "<br>\n") for part in text.strip().split("\n\n"))
    return "\n".join(f"<p>{part}</p>" for part in paragraphs)
