"""``/api/auth/oidc``: log-in of staff at a provider of identities, by a browser."""

import re
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.auth import models
from api.auth.browsers import FIRST_PAGE, BrowserRoute, page_after
from api.http.query_text import QueryText
from api.http.state import AppState, state_of
from api.limits.own_page import (
    delete_log_in_cookie,
    log_in_cookie,
    set_log_in_cookie,
    set_session_cookie,
)
from api.reference.openapi import PUBLIC, answers
from api.resources.access import check_known
from api.resources.changing import answer_one
from api.resources.context import request_context
from domain.access.oidc import ProviderLogInError, Refusal
from services.access.oidc import OidcLogIn
from services.settings.current import CurrentSettings

router = APIRouter(prefix="/api/auth/oidc", tags=["log-in"])
browser_router = APIRouter(prefix="/api/auth/oidc", tags=["log-in"], route_class=BrowserRoute)

_ERROR = re.compile("[a-z_]{1,50}")
"""As providers name errors (RFC 6749 §4.1.2.1); anything else in the address is not repeated."""
_Text = Annotated[QueryText | None, Query(max_length=4096)]


@router.get(
    "",
    summary="Whether staff logs in at a provider",
    response_model=None,
    responses=answers(models.ProviderAnswer),
    openapi_extra=PUBLIC,
)
async def get_oidc_log_in(request: Request) -> Response:
    """For pages that offer it: a browser begins at `/api/auth/oidc/start`."""
    check_known(request)
    state = state_of(request)
    is_on = await state.part(OidcLogIn).is_on(await _public_url(state))
    return answer_one({"enabled": is_on}, "the provider is in use" if is_on else "there is no provider in use")


@browser_router.get("/start", summary="Log in at the provider", include_in_schema=False, openapi_extra=PUBLIC)
async def start_oidc(request: Request, after: Annotated[QueryText, Query(alias="next")] = FIRST_PAGE) -> Response:
    """Leads a browser to the provider of identities, and later to the page of the panel that it wanted."""
    state = state_of(request)
    started = await state.part(OidcLogIn).start(await _public_url(state))
    answer = RedirectResponse(started.url, 303, {"Cache-Control": "no-store"})
    set_log_in_cookie(request, answer, started.binding, page_after(after))
    return answer


@browser_router.get("/callback", summary="Come back from the provider", include_in_schema=False, openapi_extra=PUBLIC)
async def finish_oidc(request: Request, code: _Text = None, state: _Text = None, error: _Text = None) -> Response:
    """Begins the session, and leads the browser to the page that it wanted."""
    begun_here = log_in_cookie(request)
    if error is not None:
        told = f" ({error})" if _ERROR.fullmatch(error) else ""
        raise ProviderLogInError(Refusal.BY_PROVIDER, f"the provider refused the log-in{told}")
    if code is None or state is None or begun_here is None:
        raise ProviderLogInError(Refusal.NOT_BEGUN, "this log-in was not begun in this browser: begin again")
    install, (binding, after) = state_of(request), begun_here
    begun = await install.part(OidcLogIn).finish(
        await _public_url(install), state, binding, code, request_context(request)
    )
    answer = RedirectResponse(page_after(after), 303, {"Cache-Control": "no-store"})
    delete_log_in_cookie(request, answer)
    set_session_cookie(request, answer, begun.token.text)
    return answer


async def _public_url(state: AppState) -> str | None:
    return (await state.part(CurrentSettings).recent()).public_url
