"""Secrets: what steps of automations send or sign with, by name. Their values are never shown again."""

from starlette.responses import Response

from panel.http.client import Refused
from panel.http.pages import Pages
from panel.http.values import listed
from panel.http.view import View

pages = Pages("secrets", in_account=True)

HOME = "/panel/secrets"
_SECRETS = "/api/secrets"


@pages.get("/secrets")
async def listing(view: View) -> Response:
    """By name, with a form for another one."""
    return await _shown(view)


@pages.post("/secrets")
async def put(view: View) -> Response:
    """Another one, or another value of one."""
    form = view.form
    body = {"value": form.raw("value"), "hosts": listed(form.text("hosts"))}
    try:
        await view.api.send("PUT", _address(form.text("name")), body)
    except Refused as refused:
        form.refused = refused
        return await _shown(view, refused.status)
    told = view.translate("The secret is kept. Steps use this value from their next request on.")
    return view.redirect(HOME, told)


@pages.post("/secrets/{name}/delete")
async def delete(view: View) -> Response:
    """Steps that name it fail."""
    try:
        await view.api.send("DELETE", _address(view.request.path_params["name"]))
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    return view.redirect(HOME, view.translate("The secret is deleted."))


def _address(name: str) -> str:
    """Of a name that may be none: the API refuses spaces, but would not see what stands behind a slash."""
    return f"{_SECRETS}/{name.replace('/', ' ') or ' '}"


async def _shown(view: View, status: int = 200) -> Response:
    secrets = (await view.api.get(_SECRETS))["data"]
    replaced = view.form.text("name") or view.query("name")
    return view.page("secrets/list.html", status, secrets=secrets, replaced=replaced)
