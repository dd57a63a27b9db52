"""Batches: requests and campaigns of more messages than a page has, with their progress."""

from starlette.responses import Response

from panel.http.client import Refused
from panel.http.pages import Pages
from panel.http.view import View
from panel.messages import words

pages = Pages("batches")

_STEERED = ("pause", "resume", "cancel")
LIVE = ("scheduled", "running", "processing", "queued", "cancelling")


@pages.get("/batches")
async def listing(view: View) -> Response:
    """The newest first."""
    asked = {"cursor": view.query("cursor"), "limit": 50}
    if view.viewer.account is None:
        asked["user"] = view.query("user")
    found = await view.api.get(view.address("/batches"), asked)
    return view.page("batches/list.html", batches=found["data"], next_cursor=found["next_cursor"])


@pages.get("/batches/{uid}")
async def one(view: View) -> Response:
    """How far it is, what it waits for, and what came of its messages."""
    return await _shown(view)


@pages.post("/batches/{uid}/{action}")
async def steer(view: View) -> Response:
    """Pause, resume or cancel it."""
    uid, action = view.request.path_params["uid"], view.word("action", *_STEERED)
    try:
        await view.api.send("POST", view.address(f"/batches/{uid}/{action}"))
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    return view.redirect(f"/panel/batches/{uid}", view.translate("Done."))


async def look(view: View, uid: str) -> bytes:
    """What its page shows, to see whether it changed."""
    return (await view.api.call("GET", view.address(f"/batches/{uid}"))).body


async def _shown(view: View, status: int = 200) -> Response:
    batch = (await view.api.get(view.address(f"/batches/{view.request.path_params['uid']}")))["data"]
    return view.page("batches/one.html", status, batch=batch, words=words)
