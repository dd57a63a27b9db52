"""Around every request to the API, where traces are wanted: its span."""

from collections.abc import Iterable

from starlette.types import ASGIApp, Receive, Scope, Send

from api.requests.entry import NOTED, Noted
from runtime.traces import tracing

_TRACED = "/api/"
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})


def traced(app: ASGIApp) -> ASGIApp:
    """The same application, with a span for each request if this process makes any."""
    spans = tracing.spans()
    if spans is None:
        return app

    async def with_span(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(_TRACED):
            return await app(scope, receive, send)
        method = scope["method"] if scope["method"] in _METHODS else "HTTP"
        with spans.request(method, _traceparent(scope["headers"])) as span:
            try:
                await app(scope, receive, send)
            finally:
                if span is not None:
                    spans.name_request(span, method, *_answered(scope))

    return with_span


def _traceparent(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    return next((value.decode("latin-1") for name, value in headers if name == b"traceparent"), None)


def _answered(scope: Scope) -> tuple[str, int, dict[str, str | int]]:
    """The route's path, the status, and whose request it was. Its own path may have an address in it."""
    route = getattr(scope.get("route"), "path", "")
    noted: Noted | None = scope.get(NOTED)
    if noted is None:
        return route, 0, {}
    account = {} if noted.key is None else {"xsender.account": noted.key.account_id}
    return route, noted.status, {"xsender.request": noted.id, **account}
