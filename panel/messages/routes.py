"""Messages: the list, and the story of one."""

from typing import Any
from uuid import UUID

import orjson
from starlette.responses import Response

from panel.home.figures import CHANNELS
from panel.http.client import Refused
from panel.http.errors import NotThere
from panel.http.pages import Pages
from panel.http.view import View
from panel.messages import words
from panel.messages.timeline import timeline

pages = Pages("messages")

_AT_A_TIME = 50
_PASSED_ON = (
    "channel",
    "user",
    "gateway",
    "code",
    "batch",
    "automation",
    "step",
    "lead_source",
    "created_after",
    "created_before",
)
REVEAL = "messages:reveal"


@pages.get("/messages")
async def listing(view: View) -> Response:
    """The newest first, filtered by what the address says."""
    found = await view.api.get(view.address("/messages"), _query(view))
    values = {"messages": found["data"], "next_cursor": found["next_cursor"], "words": words}
    if view.is_fragment:
        return view.page("messages/rows.html", **values)
    return view.page("messages/list.html", reveals=_reveals(view), **values)


@pages.get("/messages/{uid}")
async def one(view: View) -> Response:
    """A message: what it is, and what happened to it."""
    return await _shown(view)


@pages.post("/messages/{uid}/{action}")
async def act(view: View) -> Response:
    """Cancel, move to another time, send again, or decide what became of it."""
    uid, action = view.request.path_params["uid"], view.request.path_params["action"]
    try:
        done = await _act(view, uid, action)
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, 200 if view.is_fragment else refused.status)
    return view.redirect(f"/panel/messages/{uid}", done)


async def _act(view: View, uid: str, action: str) -> str:
    form = view.form
    if action == "cancel":
        await view.api.send("POST", f"/api/{form.text('channel')}/{uid}/cancel")
        return view.translate("The message is cancelled, or will be at once.")
    if action == "reschedule":
        when = {"schedule_at": form.text("schedule_at")}
        await view.api.send("POST", f"/api/{form.text('channel')}/{uid}/reschedule", when)
        return view.translate("The message is sent at another time.")
    if action == "replay":
        await _message(view, uid)  # the API takes a filter: one that matches nothing is no error
        states = {"state": [form.text("state")]} if form.text("state") else {}
        await view.api.send("POST", view.address("/replay"), {"filter": {"uid": uid} | states})
        return view.translate("The message is sent again, under the same id.")
    if action != "resolve":
        raise NotThere
    await view.staff_api.send("POST", f"/api/admin/v1/messages/{uid}/resolve", {"as": form.text("as")})
    return view.translate("It is settled.")


async def look(view: View, uid: str) -> bytes:
    """What its page shows, to see whether it changed."""
    return orjson.dumps(await _message(view, uid))


async def _shown(view: View, status: int = 200) -> Response:
    message = await _message(view, view.request.path_params["uid"])
    return view.page("messages/one.html", status, message=message, events=timeline(message), words=words)


async def _message(view: View, uid: str) -> dict[str, Any]:
    if view.viewer.account is None:
        reveal = {"reveal": "true"} if _reveals(view) else None
        return dict((await view.api.get(f"/api/admin/v1/messages/{uid}", reveal))["data"])
    listed = (await view.api.get("/api/messages", {"uid": uid}))["data"]
    if not listed:
        return await _unrecorded(view, uid)
    return await _of_channel(view, uid, listed[0]["channel"], listed[0]["batch"])


async def _unrecorded(view: View, uid: str) -> dict[str, Any]:
    """One that was accepted a moment ago, if it is there at all. Its channel may be in the address."""
    *others, last = sorted(CHANNELS, key=lambda one: one == view.query("channel"), reverse=True)
    for channel in others:
        try:
            return await _of_channel(view, uid, channel)
        except Refused as refused:
            if refused.status != 404:
                raise
    return await _of_channel(view, uid, last)


async def _of_channel(view: View, uid: str, channel: str, batch: str | None = None) -> dict[str, Any]:
    found = (await view.api.get(f"/api/get/{channel}/{uid}"))["data"]
    return dict(found) | {"channel": channel, "batch": batch}


def _query(view: View) -> dict[str, Any]:
    asked: dict[str, Any] = {name: view.query(name) for name in _PASSED_ON}
    states = next((states for name, _, states in words.FILTERS if name == view.query("state")), view.query("state"))
    asked |= {"state": states, "cursor": view.query("cursor"), "limit": _AT_A_TIME} | _searched(view.query("q"))
    return asked | ({"reveal": "true"} if _reveals(view) else {})


def _searched(text: str) -> dict[str, str]:
    """One box for all: an id, a number, or an address."""
    try:
        return {"uid": str(UUID(text))}
    except ValueError:
        return {"recipient": text}


def _reveals(view: View) -> bool:
    """Staff see recipients masked, until they ask for them: that is theirs to justify, and is recorded."""
    return view.query("reveal") == "true" and view.viewer.account is None and REVEAL in view.viewer.permissions
