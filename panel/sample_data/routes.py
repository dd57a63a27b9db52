"""An account is filled with sample data, and emptied of it."""

from starlette.responses import Response

from panel.http.pages import Pages
from panel.http.view import View

pages = Pages("home", in_account=True)

_PATH = "/api/sample-data"
_BACK = ("/panel/contacts", "/panel/groups", "/panel/segments", "/panel/templates", "/panel/automations")


@pages.post("/sample-data")
async def fill(view: View) -> Response:
    """Then show the page on which it was asked for."""
    await view.api.send("POST", _PATH)
    back = view.form.text("back")
    told = view.translate(
        "Sample contacts, a group, a segment, a template and an automation are here. Nothing is sent."
    )
    return view.redirect(back if back in _BACK else _BACK[0], told)


@pages.post("/sample-data/remove")
async def remove(view: View) -> Response:
    """What was changed since stays."""
    await view.api.send("DELETE", _PATH)
    return view.redirect("/panel/", view.translate("The sample data is gone. What you changed of it is still here."))
