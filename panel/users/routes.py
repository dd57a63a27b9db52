"""Users: the list, and one with all that belongs to it."""

import asyncio
from typing import Any

from starlette.responses import Response

from panel.http.answers import allowed, allowed_data
from panel.http.client import Refused
from panel.http.errors import NotThere
from panel.http.forms import Form
from panel.http.pages import Pages
from panel.http.view import View
from panel.users import words

pages = Pages("users")

USERS = "/api/admin/v1/users"
_AT_A_TIME = 50
_MANY = 200


@pages.get("/users")
async def listing(view: View) -> Response:
    """The newest first."""
    query = {name: view.query(name) for name in ("q", "state", "plan", "cursor")} | {"limit": _AT_A_TIME}
    found = await view.staff_api.get(USERS, query)
    values = {"users": found["data"], "next_cursor": found["next_cursor"], "words": words}
    return view.page("users/rows.html" if view.is_fragment else "users/list.html", **values)


@pages.get("/users/add")
async def adding(view: View) -> Response:
    """A form."""
    if "users:write" not in view.viewer.permissions:
        raise NotThere
    return await _adding(view)


@pages.post("/users/add")
async def add(view: View) -> Response:
    """Make a user."""
    body = view.form.given("email", "name", "plan", "external_id", "time_zone", "region")
    try:
        made = (await view.staff_api.send("POST", USERS, body))["data"]
    except Refused as refused:
        view.form.refused = refused
        return await _adding(view, refused.status)
    return view.redirect(
        f"/panel/users/{made['id']}", view.translate("The user is made. Invite them to set a password.")
    )


@pages.get("/users/{account:int}")
async def one(view: View) -> Response:
    """What a user has."""
    return await overview(view)


@pages.get("/users/{account:int}/journal")
async def journal(view: View) -> Response:
    """Every change of the wallets."""
    names = ("kind", "channel", "occurred_after", "occurred_before", "cursor")
    query = {name: view.query(name) for name in names} | {"limit": _AT_A_TIME}
    found = await view.staff_api.get(f"{address(view)}/journal", query)
    values = {"entries": found["data"], "next_cursor": found["next_cursor"], "words": words}
    if view.is_fragment:
        return view.page("credits/rows.html", **values)
    return await tab(view, "journal", **values)


@pages.get("/users/{account:int}/gateways")
async def gateways(view: View) -> Response:
    """Which of the install's gateways are shared, and the user's own."""
    account = int(view.request.path_params["account"])
    found = (await view.staff_api.get("/api/admin/v1/gateways", {"limit": _MANY}))["data"]
    return await tab(
        view,
        "gateways",
        own=[one for one in found if one["owner"] == account],
        shared=[one for one in found if one["owner"] is None and account in one["shared_with"]],
        others=[one for one in found if one["owner"] is None and account not in one["shared_with"]],
        words=words,
    )


@pages.get("/users/{account:int}/keys")
async def keys(view: View) -> Response:
    """The API keys."""
    return await keys_shown(view)


async def keys_shown(view: View, status: int = 200, made: Any = None) -> Response:
    """``made``: a key that is shown once."""
    query = {"user": view.request.path_params["account"], "limit": _MANY}
    found = (await view.staff_api.get("/api/admin/v1/keys", query))["data"]
    return await tab(view, "keys", status, keys=found, made=made)


@pages.get("/users/{account:int}/guards")
async def guards(view: View) -> Response:
    """What a user's messages may not do."""
    return await guards_shown(view)


async def guards_shown(view: View, status: int = 200) -> Response:
    """With what was entered, if it was refused."""
    found = (await view.staff_api.get(f"{address(view)}/guards"))["data"]
    return await tab(view, "guards", status, guards=found)


@pages.get("/users/{account:int}/change")
async def changing(view: View) -> Response:
    """A form."""
    return await changing_shown(view)


async def changing_shown(view: View, status: int = 200) -> Response:
    """What is stored, or what was entered."""
    user = await _user(view)
    if view.request.method == "GET":
        view.form = Form(values=user)
    return view.page("users/change.html", status, user=user)


@pages.get("/users/{account:int}/{action:str}")
async def confirming(view: View) -> Response:
    """What cannot be undone by a click asks once more."""
    return await confirmation(view, view.request.path_params["action"])


async def confirmation(view: View, action: str, status: int = 200, mistyped: bool = False) -> Response:
    """Of ``suspend``, ``delete`` and ``purge``; for the last two the address is typed once more."""
    if action not in ("suspend", "delete", "purge"):
        raise NotThere
    template = "users/suspend.html" if action == "suspend" else "users/confirm.html"
    return view.page(template, status, user=await _user(view), action=action, mistyped=mistyped)


async def overview(view: View, status: int = 200) -> Response:
    """The first tab: plan, credits, and how good the sending is."""
    base = address(view)
    subscription, wallets, reputation, plans, latest = await asyncio.gather(
        allowed_data(view.staff_api, f"{base}/subscription"),
        allowed_data(view.staff_api, f"{base}/credits"),
        allowed_data(view.staff_api, f"{base}/reputation"),
        allowed_data(view.staff_api, "/api/admin/v1/plans", {"limit": _MANY}),
        allowed(view.staff_api, f"{base}/journal", {"limit": 5}),
    )
    return await tab(
        view,
        "overview",
        status,
        subscription=subscription,
        credits=wallets,
        reputation=reputation,
        plans=plans or [],
        entries=latest["data"] if latest else [],
        words=words,
    )


async def tab(view: View, name: str, status: int = 200, **values: Any) -> Response:
    """A tab of the user's page."""
    user = await _user(view)
    return view.page(f"users/{name}.html", status, user=user, look=words.STATES[user["state"]], tab=name, **values)


def address(view: View) -> str:
    """Of the user in the API."""
    return f"{USERS}/{view.request.path_params['account']}"


async def _user(view: View) -> dict[str, Any]:
    return dict((await view.staff_api.get(address(view)))["data"])


async def _adding(view: View, status: int = 200) -> Response:
    plans = await allowed_data(view.staff_api, "/api/admin/v1/plans", {"limit": _MANY})
    return view.page("users/add.html", status, plans=plans or [])
