"""Where a request came from, as events of the audit log have it."""

from fastapi import Request

from api.requests.entry import noted_of


def request_context(request: Request) -> dict[str, str]:
    """Address, user agent, method, path, and the request's id."""
    return {
        "ip": request.client.host if request.client else "",
        "user_agent": request.headers.get("user-agent", "")[:200],
        "method": request.method,
        "path": request.scope["raw_path"].decode("ascii", "replace")[:300],  # as it was sent: it may hold a NUL
        "request_id": noted_of(request).id,
    }
