"""What needs attention: a page, and the count at the bell of every page."""

from typing import Any

import orjson
from starlette.responses import Response

from panel.attention import words
from panel.http.client import Refused
from panel.http.pages import Pages
from panel.http.view import View

pages = Pages()
bell_pages = Pages(unattended=True)


@pages.get("/attention")
async def listing(view: View) -> Response:
    """All of it, the worst first."""
    return view.page("attention/list.html", items=await items_of(view), words=words)


@bell_pages.get("/attention/bell")
async def bell(view: View) -> Response:
    """How many kinds of things need it: asked for by every page when it was loaded, and as it changes."""
    return view.page("attention/bell.html", items=await items_of(view))


async def look(view: View, _: str) -> bytes:
    """What there is, to see whether that changed."""
    return orjson.dumps([(item["kind"], item["id"], item["count"]) for item in await items_of(view)])


async def items_of(view: View) -> list[dict[str, Any]]:
    """What the API tells this viewer; nothing if the role may not see it."""
    try:
        return list((await view.api.get(view.address("/attention")))["data"])
    except Refused as refused:
        if refused.status != 403:
            raise
        return []
