"""Roles: what their staff may do."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from panel.http.answers import told
from panel.http.client import Refused
from panel.http.errors import NotThere
from panel.http.pages import Pages
from panel.http.view import View
from panel.staff.words import SUBJECTS

pages = Pages("roles")

_ROLES = "/api/admin/v1/roles"
_FURTHER = {"messages:reveal": "Read recipients and texts as they are."}
"""Permissions that change what a route answers."""


@pages.get("/roles")
async def listing(view: View) -> Response:
    """Each permission, and which role has it."""
    roles, permissions = await _all(view)
    return view.page("staff/roles.html", roles=roles, groups=_grouped(permissions, roles), subjects=SUBJECTS)


@pages.get("/roles/{role}")
async def one(view: View) -> Response:
    """A role as a list of boxes; ``new`` has no name yet."""
    return await _shown(view)


@pages.post("/roles/{role}")
async def change(view: View) -> Response:
    """Save what is ticked."""
    name = view.request.path_params["role"]
    name = view.form.text("name") if name == "new" else name
    body = {"permissions": view.form.many("permissions")}
    try:
        answer = await view.staff_api.call("PUT", f"{_ROLES}/{quote(name or ' ', safe='')}", body)
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status)
    return view.redirect("/panel/roles", told(view, answer, view.translate("The role is saved.")))


@pages.post("/roles/{role}/delete")
async def delete(view: View) -> Response:
    """Only one that nobody has."""
    try:
        await view.staff_api.send("DELETE", f"{_ROLES}/{quote(view.request.path_params['role'], safe='')}")
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, refused.status, stored=True)
    return view.redirect("/panel/roles", view.translate("The role is deleted."))


async def _all(view: View) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    roles = (await view.staff_api.get(_ROLES))["data"]
    return roles, (await view.staff_api.get("/api/admin/v1/permissions"))["data"]


async def _shown(view: View, status: int = 200, stored: bool = False) -> Response:
    roles, permissions = await _all(view)
    name = view.request.path_params["role"]
    role = next((one for one in roles if one["name"] == name), None)
    if role is None and name != "new":
        raise NotThere
    posted = view.request.method == "POST" and not stored
    chosen = view.form.many("permissions") if posted else role["permissions"] if role else []
    groups = _grouped(permissions, roles)
    return view.page("staff/role.html", status, role=role, chosen=set(chosen), groups=groups, subjects=SUBJECTS)


def _grouped(permissions: Sequence[Mapping[str, str]], roles: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """What each permission is for, by subject. Roles may have some that no route needs by itself, or for one object."""
    told = {permission: "" for role in roles for permission in role["permissions"]}
    told |= {one["permission"]: one["description"] for one in permissions}
    groups: dict[str, dict[str, str]] = {}
    for permission, description in sorted(told.items()):
        groups.setdefault(permission.partition(":")[0], {})[permission] = description or _FURTHER.get(permission, "")
    return groups
