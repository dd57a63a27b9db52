"""Around every request: its id, and what the log of requests needs."""

import secrets
from collections.abc import MutableMapping
from itertools import count
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from api.requests.entry import MOST_ANSWER, NOTED, Noted
from api.requests.log import RequestLog
from runtime.metrics.counted import REQUESTS

HEADER = b"x-request-id"
_LOGGED = b"/api/"
IN_PROCESS = "xsender.in_process"
"""In the scope of a request that a page of the panel makes: the log is of what programs call, not of people's pages."""
UNATTENDED = "unattended"
"""Its value where nobody did anything: an open page looks whether something has changed. That keeps no session from
ending, and counts against no rate."""


class RequestNotes:
    """Gives each request an id, which its answer has as ``X-Request-Id``, and has those of the API logged."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._process = secrets.token_hex(5)
        self._numbers = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Of ASGI."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        noted = scope[NOTED] = Noted(f"{self._process}-{next(self._numbers):x}", scope)
        header = (HEADER, noted.id.encode())

        async def received() -> MutableMapping[str, Any]:
            message = await receive()
            if message["type"] == "http.request":
                noted.receive(message.get("body", b""))
            return message

        async def sent(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                noted.status = message["status"]
                message["headers"] = [*message.get("headers", ()), header]
            elif not noted.answer:
                noted.answer = bytes(message.get("body", b"")[:MOST_ANSWER])
            await send(message)

        try:
            await self._app(scope, received, sent)
        finally:
            if noted.status and noted.path.startswith(_LOGGED) and IN_PROCESS not in scope:
                noted.end()
                route = getattr(scope.get("route"), "path", "none")
                REQUESTS.labels(noted.method, route, f"{noted.status // 100}xx").observe(noted.seconds)
                scope["app"].state.xsender.part(RequestLog).add(noted)
