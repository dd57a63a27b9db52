"""The API log: what programs sent, and what they were answered."""

from typing import Any

from starlette.responses import Response

from panel.http.errors import NotThere
from panel.http.pages import Pages
from panel.http.view import View
from panel.requests import words

pages = Pages("requests")

_PASSED_ON = ("status", "method", "path", "key", "request_id", "occurred_after", "occurred_before")


@pages.get("/requests")
async def listing(view: View) -> Response:
    """The newest first, filtered by what the address says."""
    asked: dict[str, Any] = {name: view.query(name) for name in _PASSED_ON}
    asked |= {"cursor": view.query("cursor"), "limit": 50}
    if view.viewer.account is None:
        asked["user"] = view.query("user")
    if not asked["path"].startswith("/"):  # it may be an id of a request as well
        asked["request_id"], asked["path"] = asked["request_id"] or asked["path"], ""
    found = await view.api.get(view.address("/requests"), asked)
    values = {"requests": found["data"], "next_cursor": found["next_cursor"], "words": words}
    return view.page("requests/rows.html" if view.is_fragment else "requests/list.html", **values)


@pages.get("/requests/{request}")
async def one(view: View) -> Response:
    """One of them: all that is kept."""
    asked = {"request_id": view.request.path_params["request"], "limit": 1}
    found = (await view.api.get(view.address("/requests"), asked))["data"]
    if not found:
        raise NotThere
    url = view.request.url
    line = words.as_curl(f"{url.scheme}://{url.netloc}", found[0])
    return view.page("requests/one.html", entry=found[0], line=line, words=words)
