"""What was published of an automation, and taking it as the draft again."""

from urllib.parse import quote

from starlette.responses import Response

from panel.automations import words
from panel.http.client import Refused
from panel.http.pages import Pages
from panel.http.view import View

pages = Pages("automations", in_account=True)


@pages.get("/automations/{key}/versions")
async def listing(view: View) -> Response:
    """The newest first, with who published each."""
    return await _shown(view)


@pages.post("/automations/{key}/versions")
async def take(view: View) -> Response:
    """Have the draft be one of them: nothing that is published changes."""
    key = view.request.path_params["key"]
    try:
        await view.api.send("POST", f"/api/automations/{key}/draft", {"version": view.form.text("version")})
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    told = view.translate("The draft is as version %(version)s was.", version=view.form.text("version"))
    return view.redirect(f"/panel/automations/{quote(key)}", told)


async def _shown(view: View, status: int = 200) -> Response:
    path = f"/api/automations/{view.request.path_params['key']}"
    automation = (await view.api.get(path))["data"]
    found = await view.api.get(f"{path}/versions", {"cursor": view.query("cursor"), "limit": 50})
    values = {"automation": automation, "versions": found["data"], "next_cursor": found["next_cursor"]}
    return view.page("automations/versions.html", status, words=words, **values)
