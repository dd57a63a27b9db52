"""The provider of identities at which staff logs in."""

from typing import Any

from starlette.responses import Response

from panel.http.answers import told
from panel.http.client import Refused
from panel.http.forms import Form
from panel.http.pages import Pages
from panel.http.values import listed
from panel.http.view import View
from panel.settings.fields import GROUPS
from panel.settings.routes import SETTINGS

pages = Pages("settings")

HERE = "/panel/settings/oidc"
_OIDC = "/api/admin/v1/oidc"
_CALLBACK = "/api/auth/oidc/callback"
_TEXTS = ("issuer", "client_id", "group_claim")
_FLAGS = ("enabled", "allow_private_network")


@pages.get("/settings/oidc")
async def shown(view: View) -> Response:
    """Its form; an empty one if there is none."""
    return await _shown(view)


@pages.post("/settings/oidc")
async def change(view: View) -> Response:
    """Save it; the client's secret stays if none is entered."""
    form = view.form
    body: dict[str, Any] = {name: form.text(name) or None for name in _TEXTS}
    body |= {name: form.flag(name) for name in _FLAGS}
    body |= {"roles": _roles(form.raw("roles")), "email_domains": listed(form.raw("email_domains"))}
    if form.raw("client_secret"):
        body["client_secret"] = form.raw("client_secret")
    return await _done(view, "PATCH", body, view.translate("It is saved."))


@pages.post("/settings/oidc/remove")
async def remove(view: View) -> Response:
    """Members stay, and log in with a password."""
    return await _done(view, "DELETE", None, view.translate("The provider is removed."))


def _roles(text: str) -> list[dict[str, str]]:
    """Of lines ``group = role``; a line without a role is left to the API to refuse."""
    lines = (line.rpartition("=") if "=" in line else (line, "", "") for line in text.splitlines() if line.strip())
    return [{"group": group.strip(), "role": role.strip()} for group, _, role in lines]


async def _done(view: View, method: str, body: Any, done: str) -> Response:
    try:
        answer = await view.staff_api.call(method, _OIDC, body)
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    return view.redirect(HERE, told(view, answer, done))


async def _stored(view: View) -> dict[str, Any] | None:
    try:
        return dict((await view.staff_api.get(_OIDC))["data"])
    except Refused as refused:
        if refused.status != 404:
            raise
        return None


async def _shown(view: View, status: int = 200) -> Response:
    stored, settings = await _stored(view), (await view.staff_api.get(SETTINGS))["data"]
    if view.form.refused is None:
        values: dict[str, Any] = {"group_claim": "groups", "enabled": True, **(stored or {})}
        values["roles"] = "\n".join(f"{one['group']} = {one['role']}" for one in values.get("roles", ()))
        values["email_domains"] = "\n".join(values.get("email_domains", ()))
        view.form = Form(values=values)
    address = f"{settings['public_url'] or view.request.url.scheme + '://' + view.request.url.netloc}{_CALLBACK}"
    shown: dict[str, Any] = {"settings": settings, "groups": GROUPS, "group": "oidc", "provider": stored}
    return view.page("settings/oidc.html", status, address=address, **shown)
