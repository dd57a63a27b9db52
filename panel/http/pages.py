"""Routes of a subject: each page's function gets a ``View``, and what changes something was checked to come from us."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote

from fastapi import Request
from starlette.responses import Response
from starlette.routing import Route

from api.limits.own_page import acting_cookie, delete_session_cookie, session_cookie
from panel.frame.brand import brand_of
from panel.http.client import Api, ConfirmationNeeded, Refused
from panel.http.confirmation import confirmation
from panel.http.csrf import is_own_form
from panel.http.errors import ForeignForm
from panel.http.forms import Form
from panel.http.view import View
from panel.http.viewer import Account, Taste, Viewer
from panel.rendering.api_texts import api_texts

Page = Callable[[View], Awaitable[Response]]

LOG_IN, ENROL = "/panel/login", "/panel/security"
_MOST_FIELDS, _MOST_FILES = 2_000, 5


class Pages:
    """Of a subject."""

    def __init__(
        self, place: str = "", *, public: bool = False, in_account: bool = False, unattended: bool = False
    ) -> None:
        """``place``: the entry of the navigation that is marked. ``public``: nobody needs to have logged in.

        ``in_account``: they show something of one account; staff who look at all are led to choose one.
        ``unattended``: they are asked for by pages, not by people, so they keep no session from ending.
        """
        self.routes: list[Route] = []
        self._place = place
        self._public = public
        self._in_account = in_account
        self._unattended = unattended

    def get(self, path: str) -> Callable[[Page], Page]:
        """A page that is read."""
        return self._route(path, "GET")

    def post(self, path: str) -> Callable[[Page], Page]:
        """A form that is sent."""
        return self._route(path, "POST")

    def _route(self, path: str, method: str) -> Callable[[Page], Page]:
        def added(page: Page) -> Page:
            async def endpoint(request: Request) -> Response:
                try:
                    return await self._answer(request, page)
                finally:
                    await request.close()  # files that came with a form

            self.routes.append(Route(path, endpoint, methods=[method], name=f"{method} {path}"))
            return page

        return added

    async def _answer(self, request: Request, page: Page) -> Response:
        view = view_of(request, self._place)
        if self._unattended:
            view.api = view.staff_api = view.api.unattended()
        if not self._public:
            if view.session is None or not await _recognise(view):
                return self._to_log_in(view)
            if view.viewer.must_enrol and not request.url.path.startswith(ENROL):
                return view.redirect(ENROL)
        if not view.is_fragment:
            view.brand = await brand_of(view.api)
        if request.method == "POST":
            form = await request.form(max_fields=_MOST_FIELDS, max_files=_MOST_FILES)
            if not is_own_form(request, view.session, form):
                raise ForeignForm
            view.form = Form(form)
        if self._in_account and view.viewer.account is None:
            return view.choose_account()
        try:
            return await page(view)
        except ConfirmationNeeded:
            return confirmation(view, _address(request))

    def _to_log_in(self, view: View) -> Response:
        answer: Response
        if self._unattended and view.is_fragment:  # what somebody is writing there stays
            answer = Response(status_code=204)
        else:
            wanted = _address(view.request)
            is_wanted = view.request.method == "GET" and wanted != "/panel/" and not view.is_fragment
            answer = view.redirect(LOG_IN + (f"?next={quote(wanted)}" if is_wanted else ""))
        delete_session_cookie(view.request, answer)
        return answer


def _address(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def view_of(request: Request, place: str = "") -> View:
    """A view of who may not have logged in."""
    session = session_cookie(request)
    taste = Taste.of(request)
    api = Api(request.app.state.api, request, session, words=api_texts(taste.language))
    return View(request, api, api, session, taste, place)


async def _recognise(view: View) -> bool:
    """See who it is, and in which account; whether the session lasts.

    Raises:
        Refused: the API does not answer just now.
    """
    try:
        me = (await view.api.get("/api/auth/me"))["data"]
    except Refused as refused:
        if refused.status != 401:
            raise
        return False
    account = None
    acting = acting_cookie(view.request)
    if acting and me["kind"] == "staff":
        try:
            own = (await view.api.acting(acting).get("/api/auth/me"))["data"]
        except Refused:  # it ended: all accounts are shown again
            pass
        else:
            account = Account.of(own)
            view.api = view.api.acting(acting)
    view.known = Viewer.of(me, account)
    return True
