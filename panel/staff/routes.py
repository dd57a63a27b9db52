"""Staff: who runs the install, and with which role."""

from typing import Any

from starlette.responses import Response

from panel.http.answers import allowed_data, told, waits_for_approval
from panel.http.client import Refused
from panel.http.errors import NotThere
from panel.http.forms import Form
from panel.http.pages import Pages
from panel.http.values import local_time
from panel.http.view import View

pages = Pages("staff")

_STAFF = "/api/admin/v1/staff"
_AT_A_TIME = 100


@pages.get("/staff")
async def listing(view: View) -> Response:
    """All of them."""
    found = await view.staff_api.get(_STAFF, {"cursor": view.query("cursor"), "limit": _AT_A_TIME})
    values = {"people": found["data"], "next_cursor": found["next_cursor"]}
    return view.page("staff/rows.html" if view.is_fragment else "staff/list.html", **values)


@pages.get("/staff/add")
async def adding(view: View) -> Response:
    """A form."""
    if "staff:write" not in view.viewer.permissions:
        raise NotThere
    return await _adding(view)


@pages.post("/staff/add")
async def add(view: View) -> Response:
    """Somebody new, who is invited next."""
    form = view.form
    body: dict[str, Any] = {name: form.text(name) for name in ("name", "email", "role")}
    body |= {"totp_required": form.flag("totp_required"), "expires_at": local_time(form, "expires_at")}
    try:
        answer = await view.staff_api.call("POST", _STAFF, body)
    except Refused as refused:
        form.refused = refused
        return await _adding(view, refused.status)
    if waits_for_approval(answer):
        return view.redirect("/panel/staff", told(view, answer, ""))
    done = view.translate("They are added. Invite them, so that they can set a password.")
    return view.redirect(f"/panel/staff/{answer.data['id']}", done)


@pages.get("/staff/{person:int}")
async def one(view: View) -> Response:
    """Somebody, as a form."""
    return await _shown(view)


@pages.post("/staff/{person:int}")
async def change(view: View) -> Response:
    """Name, role, and how they log in."""
    form = view.form
    body: dict[str, Any] = form.given("name", "role")
    body |= {"totp_required": form.flag("totp_required"), "expires_at": local_time(form, "expires_at")}
    try:
        answer = await view.staff_api.call("PATCH", _address(view), body)
    except Refused as refused:
        form.refused = refused
        return await _shown(view, refused.status)
    return view.redirect(_page(view), told(view, answer, view.translate("It is changed.")))


@pages.post("/staff/{person:int}/invite")
async def invite(view: View) -> Response:
    """The link is shown once."""
    try:
        made = (await view.staff_api.send("POST", f"{_address(view)}/invite"))["data"]
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    url = view.request.url
    link = f"{url.scheme}://{url.netloc}/panel/reset?token={made['token']}"
    return view.page("staff/invited.html", made=made, link=link, back=_page(view))


@pages.post("/staff/{person:int}/{action}")
async def act(view: View) -> Response:
    """Remove them, or their second factor."""
    removes = view.word("action", "remove", "reset-totp") == "remove"
    call = ("DELETE", _address(view)) if removes else ("POST", f"{_address(view)}/reset-totp")
    try:
        await view.staff_api.send(*call)
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    if removes:
        return view.redirect("/panel/staff", view.translate("They are removed: keys and sessions have ended."))
    return view.redirect(_page(view), view.translate("The second factor is removed."))


async def _adding(view: View, status: int = 200) -> Response:
    roles = await allowed_data(view.staff_api, "/api/admin/v1/roles")
    return view.page("staff/add.html", status, roles=[role["name"] for role in roles or ()])


async def _shown(view: View, status: int = 200) -> Response:
    person = (await view.staff_api.get(_address(view)))["data"]
    if not view.form.refused:
        expires = person["expires_at"]
        view.form = Form(values=person | {"expires_at": expires[:16] if expires else ""})
    roles = await allowed_data(view.staff_api, "/api/admin/v1/roles")
    names = [role["name"] for role in roles or ()]
    return view.page("staff/person.html", status, person=person, roles=names or [person["role"]])


def _address(view: View) -> str:
    return f"{_STAFF}/{view.request.path_params['person']}"


def _page(view: View) -> str:
    return f"/panel/staff/{view.request.path_params['person']}"
