"""What people wrote: replies and other messages that came in."""

from starlette.responses import Response

from panel.http.client import Refused
from panel.http.forms import Form
from panel.http.pages import Pages
from panel.http.view import View

pages = Pages("replies")

_WORDS = ("stop", "start", "help")


@pages.get("/replies")
async def listing(view: View) -> Response:
    """The newest first."""
    query = {name: view.query(name) for name in ("channel", "cursor")} | {"limit": 50}
    found = await view.api.get(view.address("/inbound"), query)
    template = "replies/rows.html" if view.is_fragment else "replies/list.html"
    return view.page(template, messages=found["data"], next_cursor=found["next_cursor"])


@pages.get("/replies/keywords")
async def keywords(view: View) -> Response:
    """Words by which people opt out and in, and what they are answered."""
    return await _shown(view)


@pages.post("/replies/keywords")
async def change(view: View) -> Response:
    """Save them."""
    form = view.form
    words = {name: form.words(name) for name in _WORDS}
    replies = {name: text for name in _WORDS if (text := form.raw(f"reply.{name}").strip())}
    try:
        await view.api.send("PUT", "/api/inbound/keywords", {**words, "replies": replies})
    except Refused as refused:
        form.refused = refused
        return await _shown(view, refused.status)
    return view.redirect("/panel/replies/keywords", view.translate("Saved."))


async def _shown(view: View, status: int = 200) -> Response:
    if view.viewer.account is None:
        return view.choose_account()
    stored = (await view.api.get("/api/inbound/keywords"))["data"]
    if view.form.refused is None:
        replies = {f"reply.{name}": stored["replies"].get(name, "") for name in _WORDS}
        view.form = Form(values={name: ", ".join(stored[name]) for name in _WORDS} | replies)
    return view.page("replies/keywords.html", status, words=_WORDS)
