"""Addresses that browsers are led to: what is refused there ends on the panel's log-in page, in plain words."""

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlencode

import orjson
from fastapi import Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.routing import APIRoute

from api.http.error_handlers import answer_of
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
                return _led_back(error, await answer_of(request, error))

        return handled


def _led_back(error: Exception, answer: Response) -> Response:
    if not isinstance(answer, JSONResponse):
        return answer
    code = orjson.loads(answer.body)["errors"][0]["code"]
    reason = error.reason if isinstance(error, ProviderLogInError) else code
    return RedirectResponse(f"{LOG_IN}?{urlencode({'refused': reason})}", 303, {"Cache-Control": "no-store"})
