"""The cookie of a session, and which requests with it are believed.

Browsers send cookies along with requests that pages of others make. But they say from which page a request comes, in
``Sec-Fetch-Site`` or at least in ``Origin``, and no page of others can have them send a header like ``X-CSRF``.
"""

from urllib.parse import urlsplit

from fastapi import Request, Response

from api.http.errors import ApiError
from domain.access.sessions import LIFETIME

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""
HEADER = "X-CSRF"

_PLAIN = "xsender_session"
_SECURE = f"__Host-{_PLAIN}"
"""Browsers take a cookie of such a name over HTTPS only, and from this host alone."""


def session_cookie(request: Request) -> str | None:
    """The token in the cookie of a request."""
    return request.cookies.get(_SECURE if _is_https(request) else _PLAIN)


def set_session_cookie(request: Request, response: Response, token: str) -> None:
    """Have the browser keep a session. Pages cannot read it, and other sites' pages do not send it with forms."""
    https = _is_https(request)
    response.set_cookie(
        _SECURE if https else _PLAIN,
        token,
        max_age=int(LIFETIME.total_seconds()),
        path="/",
        secure=https,
        httponly=True,
        samesite="lax",
    )


def delete_session_cookie(request: Request, response: Response) -> None:
    """Have the browser forget it."""
    https = _is_https(request)
    response.delete_cookie(_SECURE if https else _PLAIN, path="/", secure=https, httponly=True, samesite="lax")


def check_own_page(request: Request) -> None:
    """Refuse a request that does not come from a page of ours, nor from a program that sends ``X-CSRF``.

    Raises:
        ApiError: 403.
    """
    is_ours = HEADER in request.headers or (_names_its_page(request) and not comes_from_elsewhere(request))
    if not is_ours:
        raise ApiError(403, "foreign_page", f"with a cookie, what changes something needs the header {HEADER}")


def comes_from_elsewhere(request: Request) -> bool:
    """Whether a request says that it comes from a page of another site."""
    if site := request.headers.get("sec-fetch-site"):
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower()


def _names_its_page(request: Request) -> bool:
    return "sec-fetch-site" in request.headers or "origin" in request.headers


def _is_https(request: Request) -> bool:
    """Also behind a proxy, if it is one of those that are trusted (``api/limits/proxies.py``)."""
    return request.url.scheme == "https"
