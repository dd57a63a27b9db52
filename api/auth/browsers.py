"""Addresses that browsers are led to: what is refused there ends on the panel's log-in page, in plain words."""

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlencode

import orjson
from fastapi import Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.routing import APIRoute

from api.http.error_handlers import answer_of
from api.limits.own_page import log_in_cookie
from domain.access.oidc import ProviderLogInError

FIRST_PAGE = "/panel/"
LOG_IN = "/panel/login"
"""Of the panel. It is told the reason by a word of ours alone: nobody makes it say something by a link."""


def page_after(wanted: str) -> str:
    """Where somebody goes after the log-in: to the page of the panel that was wanted, else to its first one."""
    is_ours = wanted.startswith(FIRST_PAGE) and "//" not in wanted and "\\" not in wanted
    return wanted if is_ours and not wanted.startswith(f"{FIRST_PAGE}log") else FIRST_PAGE


class BrowserRoute(APIRoute):
    """Whoever does not accept pages gets the error as from any route."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Of FastAPI."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except Exception as error:
                if "text/html" not in request.headers.get("accept", ""):
                    raise
                return _led_back(request, error, await answer_of(request, error))

        return handled


def _led_back(request: Request, error: Exception, answer: Response) -> Response:
    if not isinstance(answer, JSONResponse):
        return answer
    code = orjson.loads(answer.body)["errors"][0]["code"]
    reason = error.reason if isinstance(error, ProviderLogInError) else code
    _, wanted = log_in_cookie(request) or ("", "")
    after = page_after(wanted)
    told = {"refused": reason} | ({"next": after} if after != FIRST_PAGE else {})
    return RedirectResponse(f"{LOG_IN}?{urlencode(told)}", 303, {"Cache-Control": "no-store"})
