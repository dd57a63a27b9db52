"""In which account a member of staff looks around and works."""

from starlette.responses import Response

from api.limits.own_page import acting_cookie, delete_acting_cookie, set_acting_cookie
from panel.account.finding import USERS, suggestions
from panel.http.client import Refused
from panel.http.pages import Pages
from panel.http.view import View

pages = Pages("account")

_FEW = 8


@pages.get("/account")
async def choose(view: View) -> Response:
    """All accounts, with a search."""
    found = await view.staff_api.get(USERS, {"q": view.query("q"), "cursor": view.query("cursor"), "limit": 50})
    return view.page("account/choose.html", users=found["data"], next_cursor=found["next_cursor"])


@pages.get("/account/choices")
async def choices(view: View) -> Response:
    """A few, for the menu."""
    found = await view.staff_api.get(USERS, {"limit": _FEW, "state": "active"})
    return view.page("account/choices.html", users=found["data"])


@pages.get("/account/suggestions")
async def suggest(view: View) -> Response:
    """Accounts that fit what is being entered in a field, whatever its name is."""
    text = next(iter(view.request.query_params.values()), "").strip()
    return view.page("account/suggestions.html", users=await suggestions(view, text))


@pages.post("/account/leave")
async def leave(view: View) -> Response:
    """Look at all accounts again."""
    await _end(view)
    answer = view.redirect("/panel/")
    delete_acting_cookie(view.request, answer)
    return answer


@pages.post("/account/{account}")
async def act(view: View) -> Response:
    """Work in an account from now on."""
    account = view.request.path_params["account"]
    begun = await view.staff_api.send("POST", f"{USERS}/{account}/act")
    await _end(view)
    answer = view.redirect("/panel/")
    set_acting_cookie(view.request, answer, begun["data"]["token"])
    return answer


async def _end(view: View) -> None:
    """End the session in the account before, if there is one."""
    if token := acting_cookie(view.request):
        try:
            await view.api.acting(token).send("POST", "/api/auth/logout")
        except Refused as refused:
            if refused.status not in (401, 403):  # it had ended
                raise
