"""Plans: what users pay, and what they get for it."""

from typing import Any

from starlette.responses import Response

from panel.http.answers import allowed_data, told
from panel.http.client import Refused
from panel.http.errors import NotThere
from panel.http.forms import Form
from panel.http.pages import Pages
from panel.http.view import View
from panel.plans.forms import MOST_RATES, body_of, rows_of, values_of
from panel.users.words import PERIODS

pages = Pages("plans")

_PLANS = "/api/admin/v1/plans"
_AT_A_TIME = 50
_MANY = 200
_NEW = {"currency": "USD", "period": "month", "own_gateways": True, "rate_class": "unlimited", "price": "0.00"}


@pages.get("/plans")
async def listing(view: View) -> Response:
    """All of them."""
    query = {"q": view.query("q"), "cursor": view.query("cursor"), "limit": _AT_A_TIME}
    found = await view.staff_api.get(_PLANS, query)
    values = {"plans": found["data"], "next_cursor": found["next_cursor"], "periods": PERIODS}
    return view.page("plans/rows.html" if view.is_fragment else "plans/list.html", **values)


@pages.get("/plans/add")
async def adding(view: View) -> Response:
    """An empty form."""
    if "plans:write" not in view.viewer.permissions:
        raise NotThere
    view.form = Form(values=_NEW)
    return await _shown(view)


@pages.post("/plans/add")
async def add(view: View) -> Response:
    """Make a plan."""
    try:
        made = (await view.staff_api.send("POST", _PLANS, body_of(view.form)))["data"]
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, None, refused.status)
    return view.redirect(f"/panel/plans/{made['id']}", view.translate("The plan is made."))


@pages.get("/plans/{plan}")
async def one(view: View) -> Response:
    """A plan, as a form."""
    plan = (await view.staff_api.get(_address(view)))["data"]
    view.form = Form(values=values_of(plan))
    return await _shown(view, plan)


@pages.post("/plans/{plan}")
async def change(view: View) -> Response:
    """It counts for all who have the plan."""
    try:
        answer = await view.staff_api.call("PATCH", _address(view), body_of(view.form))
    except Refused as refused:
        view.form.refused = refused
        return await _shown(view, (await view.staff_api.get(_address(view)))["data"], refused.status)
    done = view.translate("The plan is changed, for all who have it.")
    return view.redirect(f"/panel/plans/{view.request.path_params['plan']}", told(view, answer, done))


@pages.post("/plans/{plan}/delete")
async def delete(view: View) -> Response:
    """Only one that nobody has."""
    try:
        await view.staff_api.send("DELETE", _address(view))
    except Refused as refused:
        plan = (await view.staff_api.get(_address(view)))["data"]
        view.form = Form(values=values_of(plan))
        view.form.refused = refused
        return await _shown(view, plan, refused.status)
    return view.redirect("/panel/plans", view.translate("The plan is deleted."))


async def _shown(view: View, plan: dict[str, Any] | None = None, status: int = 200) -> Response:
    found = await allowed_data(view.staff_api, "/api/admin/v1/gateways", {"limit": _MANY})
    gateways = sorted({one["identifier"] for one in found or () if one["owner"] is None})
    posted = view.form.many("gateways")
    return view.page(
        "plans/plan.html",
        status,
        plan=plan,
        gateways=sorted({*gateways, *posted, *(plan["gateways"] if plan else ())}),
        chosen=posted if view.request.method == "POST" else plan["gateways"] if plan else [],
        rows=rows_of(view.form),
        shows_rates=plan is None or len(plan["rates"]) <= MOST_RATES,
        periods=PERIODS,
    )


def _address(view: View) -> str:
    return f"{_PLANS}/{view.request.path_params['plan']}"
