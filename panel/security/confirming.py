"""Typing one's password once more."""

from starlette.responses import RedirectResponse, Response

from panel.http.client import Refused
from panel.http.confirmation import PASSWORD, confirmation
from panel.http.errors import NotThere
from panel.http.pages import Pages
from panel.http.view import View

pages = Pages("security")


@pages.post("/confirm")
async def confirm(view: View) -> Response:
    """Send on what waited for it."""
    to = view.query("to")
    if not to.startswith("/panel/") or to.startswith("/panel/confirm"):
        raise NotThere
    try:
        await view.staff_api.send("POST", "/api/auth/confirm", {"password": view.form.raw(PASSWORD)})
    except Refused as refused:
        view.form.refused = refused
        return confirmation(view, to, refused.status)
    return RedirectResponse(to, 307)  # with the same form: browsers send it again
