"""The documentation, for everybody who has logged in."""

from starlette.responses import Response

from panel.help import library
from panel.help.rendering import render
from panel.http.errors import NotThere
from panel.http.pages import Pages
from panel.http.view import View

pages = Pages("help")

_MOST_FOUND = 40


@pages.get("/help")
async def index(view: View) -> Response:
    """Its pages in groups, or what a search finds."""
    text = view.query("q")
    found = library.search(text, _MOST_FOUND) if text else []
    return view.page("help/index.html", groups=library.groups(), found=found, text=text)


@pages.get("/help/{page:path}")
async def one(view: View) -> Response:
    """A page with its headings."""
    document = library.documents().get(view.request.path_params["page"])
    if document is None:
        raise NotThere
    body = render(document, view.translate("Copy"), view.translate("Copied"))
    headings = [heading for heading in document.headings if heading.level == 2]
    return view.page("help/page.html", document=document, headings=headings, body=body)
