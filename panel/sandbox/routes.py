"""What the sandbox gateways delivered: an inbox for trying things out."""

from starlette.responses import HTMLResponse, Response

from panel.http.headers import MAIL_POLICY
from panel.http.pages import Pages
from panel.http.view import View

pages = Pages("sandbox")

_MESSAGES = "/api/admin/v1/sandbox/messages"


@pages.get("/sandbox")
async def inbox(view: View) -> Response:
    """The newest first; one of them opened."""
    query = {"cursor": view.query("cursor"), "limit": 30, "reveal": "true" if _reveals(view) else None}
    found = await view.staff_api.get(_MESSAGES, query)
    messages = found["data"]
    opened = next((one for one in messages if str(one["id"]) == view.query("open")), None)
    values = {"messages": messages, "next_cursor": found["next_cursor"], "opened": opened, "reveals": _reveals(view)}
    return view.page("sandbox/inbox.html", **values)


@pages.get("/sandbox/mail/{uid}")
async def mail(view: View) -> Response:
    """The content of a mail by itself, for a frame that nothing gets out of."""
    found = await view.staff_api.get(_MESSAGES, {"uid": view.request.path_params["uid"], "reveal": "true"})
    html = next((one["html"] for one in found["data"] if one.get("html")), "")
    return HTMLResponse(html, headers={"Content-Security-Policy": MAIL_POLICY})


async def look(view: View, _: str) -> bytes:
    """The newest, to see whether there is another one."""
    return (await view.staff_api.call("GET", _MESSAGES, query={"limit": 1})).body


def _reveals(view: View) -> bool:
    return "messages:reveal" in view.viewer.permissions
