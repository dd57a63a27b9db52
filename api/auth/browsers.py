"""Addresses that browsers are led to: what is refused there ends on the panel's log-in page, in plain words."""

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlencode

import orjson
from fastapi import Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.routing import APIRoute

from api.http.error_handlers import answer_of
from api.limits.own_page import FIRST_PAGE, log_in_cookie
from domain.access.oidc import ProviderLogInError

LOG_IN = "/panel/login"
"""Of the panel. It is told the reason by a word of ours alone: nobody makes it say something by a link."""


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
    _, after = log_in_cookie(request) or ("", FIRST_PAGE)
    told = {"refused": reason} | ({"next": after} if after != FIRST_PAGE else {})
    return RedirectResponse(f"{LOG_IN}?{urlencode(told)}", 303, {"Cache-Control": "no-store"})
