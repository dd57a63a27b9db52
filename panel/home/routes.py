"""The first page: how sending goes, and what needs attention."""

from starlette.responses import Response

from panel.http.pages import Pages
from panel.http.view import View

pages = Pages("home")


@pages.get("/")
async def home(view: View) -> Response:
    """Of an account, or of the whole install."""
    return view.page("home/home.html")
