"""Set-up of the first owner, log-in, forgotten passwords, log-out."""

from starlette.responses import Response

from api.auth.browsers import FIRST_PAGE, page_after
from api.limits.own_page import delete_acting_cookie, delete_session_cookie
from panel.http.client import Answer, Refused
from panel.http.pages import Pages
from panel.http.view import View
from panel.signing_in import words

pages = Pages(public=True)


@pages.get("/login")
async def log_in_page(view: View) -> Response:
    """Where everybody begins, and where a log-in at a provider of identities ends that was refused."""
    reason = view.query("refused")
    refused = view.translate(words.REFUSED.get(reason, words.OTHER)) if reason else ""
    return await _log_in(view, page_after(view.query("next")), refused=refused)


@pages.post("/login")
async def log_in(view: View) -> Response:
    """With a password, and with a code if there is a second factor."""
    form = view.form
    body = {"email": form.text("email"), "password": form.raw("password")} | form.given("code")
    after = page_after(form.text("next"))
    try:
        answered = await view.api.call("POST", "/api/auth/login", body)
    except Refused as refused:
        form.refused = None if refused.code == "code_needed" else refused
        needs_code = refused.code in ("code_needed", "code_wrong") or bool(form.text("code"))
        if view.is_fragment:
            return view.page("signing_in/log_in_more.html", needs_code=needs_code)
        return await _log_in(view, after, refused.status, needs_code=needs_code)
    return _with_session(view, view.redirect(after), answered)


@pages.post("/logout")
async def log_out(view: View) -> Response:
    """End this session, and that in somebody's account."""
    answer = view.redirect("/panel/login", view.translate("You are logged out."))
    delete_session_cookie(view.request, answer)
    delete_acting_cookie(view.request, answer)
    if view.session:
        try:
            await view.api.send("POST", "/api/auth/logout")
        except Refused as refused:
            if refused.status != 401:  # it had ended
                raise
    return answer


@pages.get("/setup")
async def set_up_page(view: View) -> Response:
    """The first owner, by the link that the terminal printed."""
    return view.page("signing_in/set_up.html", token=view.query("token"))


@pages.post("/setup")
async def set_up(view: View) -> Response:
    """Create the owner, and log in."""
    form = view.form
    body = {"token": form.text("token"), "email": form.text("email"), "name": form.text("name")}
    password = form.raw("password")
    try:
        await view.api.send("POST", "/api/auth/setup", body | {"password": password})
        answered = await view.api.call("POST", "/api/auth/login", {"email": body["email"], "password": password})
    except Refused as refused:
        form.refused = refused
        return view.page("signing_in/set_up.html", refused.status, token=form.text("token"))
    return _with_session(
        view, view.redirect(FIRST_PAGE, view.translate("Welcome. You are the owner of this install.")), answered
    )


@pages.get("/forgot")
async def forgot_page(view: View) -> Response:
    """Ask for a link."""
    return view.page("signing_in/forgot.html", is_sent=False)


@pages.post("/forgot")
async def forgot(view: View) -> Response:
    """The answer is the same whether there is somebody of this address or not."""
    try:
        await view.api.send("POST", "/api/auth/forgot", {"email": view.form.text("email")})
    except Refused as refused:
        view.form.refused = refused
        return view.page("signing_in/forgot.html", refused.status, is_sent=False)
    return view.page("signing_in/forgot.html", is_sent=True)


@pages.get("/reset")
async def reset_page(view: View) -> Response:
    """By the link of a mail or of an invitation."""
    return view.page("signing_in/reset.html", token=view.query("token"))


@pages.post("/reset")
async def reset(view: View) -> Response:
    """Set the password, then log in with it."""
    form = view.form
    try:
        await view.api.send("POST", "/api/auth/reset", {"token": form.text("token"), "password": form.raw("password")})
    except Refused as refused:
        form.refused = refused
        return view.page("signing_in/reset.html", refused.status, token=form.text("token"))
    return view.redirect("/panel/login", view.translate("Your password is set. Log in with it."))


async def _log_in(
    view: View, after: str, status: int = 200, *, needs_code: bool = False, refused: str = ""
) -> Response:
    with_provider = (await view.api.get("/api/auth/oidc"))["data"]["enabled"]
    values = {"after": after, "needs_code": needs_code, "with_provider": with_provider, "refused": refused}
    return view.page("signing_in/log_in.html", status, **values)


def _with_session(view: View, answer: Response, answered: Answer) -> Response:
    """Hand the cookie of the API's answer on."""
    for cookie in answered.values(b"set-cookie"):
        answer.raw_headers.append((b"set-cookie", cookie))
    delete_acting_cookie(view.request, answer)
    return answer
