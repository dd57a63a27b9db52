"""What staff does with a user."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import Response

from panel.account.finding import account_in
from panel.http.answers import told
from panel.http.client import Refused
from panel.http.errors import NotThere
from panel.http.pages import Pages
from panel.http.values import listed, local_time, number
from panel.http.view import View
from panel.users.routes import address, changing_shown, confirmation, guards_shown, keys_shown, overview

pages = Pages("users")

_KEYS = "/api/admin/v1/keys"
_Shown = Callable[[View, int], Awaitable[Response]]


@pages.post("/users/{account:int}/change")
async def change(view: View) -> Response:
    """Its name, its address and so on."""
    form = view.form
    body: dict[str, str | None] = {**form.given("email", "name", "time_zone")}
    body |= {name: form.text(name) or None for name in ("external_id", "region")}
    return await _done(view, ("PATCH", "", body), view.translate("It is changed."), changing_shown)


@pages.post("/users/{account:int}/credits")
async def move_credits(view: View) -> Response:
    """Grant, or take away."""
    form = view.form
    amount = number(form.text("amount"))
    if form.text("direction") == "deduct" and isinstance(amount, int):
        amount = -amount
    body = {"channel": form.text("channel"), "amount": amount, "reason": form.text("reason")}
    return await _done(view, ("POST", "/credits", body), view.translate("The credits are moved."), overview)


@pages.post("/users/{account:int}/transfer")
async def transfer(view: View) -> Response:
    """Give credits that are available to another user."""
    form = view.form
    try:
        to = await account_in(view, "to", "/to")
    except Refused as refused:
        form.refused = refused
        return await overview(view, refused.status)
    body = {"to": to, "channel": form.text("of"), "amount": number(form.text("moved")), "reason": form.text("why")}
    return await _done(view, ("POST", "/credits/transfer", body), view.translate("The credits are moved."), overview)


@pages.post("/users/{account:int}/plan")
async def plan(view: View) -> Response:
    """Another plan, now or at the end of the period."""
    form = view.form
    body = {"plan": form.text("plan"), "renews": form.flag("renews"), "at": form.text("at") or None}
    return await _done(view, ("PUT", "/plan", body), view.translate("The plan is assigned."), overview)


@pages.post("/users/{account:int}/subscription/{action}")
async def subscription(view: View) -> Response:
    """Begin the next period, end the plan, or forget the one that would follow."""
    action = view.request.path_params["action"]
    notices = {
        "renew": view.translate("The next period has begun."),
        "expire": view.translate("The plan has ended: nothing is sent until there is one again."),
        "keep": view.translate("The plan stays."),
    }
    if action not in notices:
        raise NotThere
    call = ("DELETE", "/subscription/change", None) if action == "keep" else ("POST", f"/subscription/{action}", None)
    return await _done(view, call, notices[action], overview)


@pages.post("/users/{account:int}/guards")
async def guards(view: View) -> Response:
    """All of the form at once."""
    form = view.form
    body = {
        "countries": listed(form.text("countries")) or None,
        "quiet_hours": {
            "on": form.flag("quiet_on"),
            "channels": form.many("quiet_channels"),
            "from": form.text("quiet_from") or None,
            "to": form.text("quiet_to") or None,
        },
        "frequency_cap": {
            "per_day": number(form.text("per_day")),
            "per_week": number(form.text("per_week")),
            "over": form.text("over"),
        },
        "pumping": {
            "mode": form.text("pumping"),
            "prefix_per_hour": number(form.text("prefix_per_hour")),
            "safe_numbers": listed(form.text("safe_numbers")),
        },
    }
    return await _done(view, ("PATCH", "/guards", body), view.translate("It is saved."), guards_shown, "/guards")


@pages.post("/users/{account:int}/gateways/{gateway}/{action}")
async def share(view: View) -> Response:
    """Share one of the install's gateways, or end that."""
    account, gateway = view.request.path_params["account"], view.request.path_params["gateway"]
    method = "PUT" if view.word("action", "share", "end") == "share" else "DELETE"
    answer = await view.staff_api.call(method, f"/api/admin/v1/gateways/{gateway}/shares/{account}")
    shared = view.translate("The gateway is shared.") if method == "PUT" else view.translate("It is no longer shared.")
    return view.redirect(f"/panel/users/{account}/gateways", told(view, answer, shared))


@pages.post("/users/{account:int}/keys")
async def make_key(view: View) -> Response:
    """The key is shown once."""
    form = view.form
    body: dict[str, Any] = {"user": view.request.path_params["account"], "name": form.text("name")}
    body |= {"test": form.flag("test"), "expires_at": local_time(form, "expires_at")}
    try:
        made = (await view.staff_api.send("POST", _KEYS, body))["data"]
    except Refused as refused:
        form.refused = refused
        return await keys_shown(view, refused.status)
    return await keys_shown(view, made=made)


@pages.post("/users/{account:int}/keys/{key}/revoke")
async def revoke_key(view: View) -> Response:
    """It stops working at once."""
    account, key = view.request.path_params["account"], view.request.path_params["key"]
    await view.staff_api.send("POST", f"{_KEYS}/{key}/revoke")
    return view.redirect(f"/panel/users/{account}/keys", view.translate("The key is revoked."))


@pages.post("/users/{account:int}/invite")
async def invite(view: View) -> Response:
    """The link is shown once."""
    try:
        made = (await view.staff_api.send("POST", f"{address(view)}/invite"))["data"]
    except Refused as refused:
        view.form.refused = refused
        return await overview(view, refused.status)
    back = f"/panel/users/{view.request.path_params['account']}"
    return view.page("staff/invited.html", made=made, back=back, link=invitation(view, made["token"]))


@pages.post("/users/{account:int}/export")
async def export(view: View) -> Response:
    """All data as files: an operation."""
    try:
        begun = (await view.staff_api.send("POST", f"{address(view)}/export"))["data"]
    except Refused as refused:
        view.form.refused = refused
        return await overview(view, refused.status)
    return view.redirect(f"/panel/system/operations/{begun['id']}", view.translate("The export has begun."))


@pages.post("/users/{account:int}/{action}")
async def act(view: View) -> Response:
    """Suspend, resume, restore, delete, or delete all data for good."""
    action, form = view.request.path_params["action"], view.form
    if action in ("delete", "purge"):
        return await _ended(view, action)
    calls: dict[str, tuple[str, Any, str]] = {
        "suspend": (
            "/suspend",
            {"reason": form.text("reason"), "waiting": form.text("waiting") or "cancel"},
            view.translate("The user is suspended: its keys and log-in do not work."),
        ),
        "resume": ("/resume", None, view.translate("The user may send again.")),
        "restore": ("/restore", None, view.translate("The user is there again.")),
        "reset-totp": ("/reset-totp", None, view.translate("The second factor is removed.")),
    }
    if action not in calls:
        raise NotThere
    path, body, done = calls[action]

    async def shown(view: View, status: int) -> Response:
        return await (confirmation(view, action, status) if action == "suspend" else overview(view, status))

    return await _done(view, ("POST", path, body), done, shown)


def invitation(view: View, token: str) -> str:
    """Where whoever is invited sets a password."""
    return f"{view.request.url.scheme}://{view.request.url.netloc}/panel/reset?token={token}"


async def _ended(view: View, action: str) -> Response:
    user = (await view.staff_api.get(address(view)))["data"]
    if view.form.text("typed").lower() != user["email"].lower():
        return await confirmation(view, action, 422, mistyped=True)
    try:
        if action == "delete":
            answer = await view.staff_api.call("DELETE", address(view))
            return view.redirect("/panel/users", told(view, answer, view.translate("The user is deleted.")))
        begun = (await view.staff_api.send("POST", f"{address(view)}/purge"))["data"]
    except Refused as refused:
        view.form.refused = refused
        return await confirmation(view, action, refused.status)
    return view.redirect(f"/panel/system/operations/{begun['id']}", view.translate("All data is being deleted."))


async def _done(view: View, call: tuple[str, str, Any], done: str, shown: _Shown, after: str = "") -> Response:
    method, path, body = call
    try:
        answer = await view.staff_api.call(method, address(view) + path, body)
    except Refused as refused:
        view.form.refused = refused
        return await shown(view, refused.status)
    return view.redirect(f"/panel/users/{view.request.path_params['account']}{after}", told(view, answer, done))
