"""One's own password, second factor and sessions."""

from typing import Any

import segno
from starlette.responses import Response

from panel.http.client import Refused
from panel.http.forms import Form
from panel.http.pages import ENROL, Pages
from panel.http.view import View
from panel.security.words import device

pages = Pages("security")


@pages.get("/security")
async def security(view: View) -> Response:
    """All of it on one page."""
    return await _shown(view)


@pages.post("/security/password")
async def change_password(view: View) -> Response:
    """All other sessions end."""
    form = view.form
    body = {"password": form.raw("password"), "new_password": form.raw("new_password")}
    return await _done(
        view, "/api/auth/password", body, view.translate("Your password is changed. All other sessions have ended.")
    )


@pages.post("/security/totp")
async def begin_totp(view: View) -> Response:
    """Show the secret, once."""
    try:
        begun = (await view.staff_api.send("POST", "/api/auth/totp", {"password": view.form.raw("password")}))["data"]
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    return _enrolling(view, begun["secret"], begun["uri"])


@pages.post("/security/totp/confirm")
async def confirm_totp(view: View) -> Response:
    """By the first code. The recovery codes are shown once."""
    form = view.form
    try:
        made = await view.staff_api.send("POST", "/api/auth/totp/confirm", {"code": form.text("code")})
    except Refused as refused:
        form.refused = refused
        return _enrolling(view, form.text("secret"), form.text("uri"), refused.status)
    return view.page("security/codes.html", codes=made["data"]["recovery_codes"])


@pages.post("/security/totp/disable")
async def disable_totp(view: View) -> Response:
    """It takes the password and a code."""
    body = {"password": view.form.raw("password"), "code": view.form.text("code")}
    return await _done(view, "/api/auth/totp/disable", body, view.translate("You log in without a second factor now."))


@pages.post("/security/sessions/{session}/end")
async def end_session(view: View) -> Response:
    """In every process at once; ``others`` are all but this one."""
    session = view.request.path_params["session"]
    path = "/api/auth/sessions" if session == "others" else f"/api/auth/sessions/{session}"
    await view.staff_api.send("DELETE", path)
    return view.redirect(ENROL, view.translate("It has ended."))


async def _done(view: View, path: str, body: dict[str, str], notice: str) -> Response:
    try:
        await view.staff_api.send("POST", path, body)
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    return view.redirect(ENROL, notice)


async def _shown(view: View, status: int = 200) -> Response:
    me = (await view.staff_api.get("/api/auth/me"))["data"]
    sessions: list[dict[str, Any]] = []
    if not view.viewer.must_enrol:
        sessions = (await view.staff_api.get("/api/auth/sessions"))["data"]
    return view.page("security/security.html", status, me=me, sessions=sessions, clean=Form(), device=device)


def _enrolling(view: View, secret: str, uri: str, status: int = 200) -> Response:
    picture = segno.make(uri, error="m").svg_inline(border=2, scale=4, svgclass="qr", lineclass=None, omitsize=True)
    return view.page("security/enrol.html", status, secret=secret, uri=uri, picture=picture)
