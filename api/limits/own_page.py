"""The cookie of a session, and which requests with it are believed.

Browsers send cookies along with requests that pages of others make. But they say from which page a request comes, in
``Sec-Fetch-Site`` or at least in ``Origin``, and no page of others can have them send a header like ``X-CSRF``.
"""

from datetime import timedelta
from urllib.parse import quote, unquote, urlsplit

from fastapi import Request, Response

from api.http.errors import ApiError
from domain.access.sessions import LIFETIME

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""
HEADER = "X-CSRF"

_SESSION, _LOG_IN, _ACTING = "xsender_session", "xsender_oidc", "xsender_acting"
_AT_THE_PROVIDER = timedelta(minutes=10)
_LONGEST = 3000
"""Characters of an address in a cookie: browsers drop one of more than 4096 bytes (RFC 6265 §6.1)."""


def session_cookie(request: Request) -> str | None:
    """The token in the cookie of a request."""
    return request.cookies.get(_name(request, _SESSION))


def set_session_cookie(request: Request, response: Response, token: str) -> None:
    """Have the browser keep a session. Pages cannot read it, and other sites' pages do not send it with forms."""
    _set(request, response, _SESSION, token, LIFETIME)


def delete_session_cookie(request: Request, response: Response) -> None:
    """Have the browser forget it."""
    _delete(request, response, _SESSION)


def log_in_cookie(request: Request) -> tuple[str, str] | None:
    """What binds a log-in at a provider of identities to the browser that began it, and where that wanted to go."""
    kept = request.cookies.get(_name(request, _LOG_IN))
    if kept is None:
        return None
    binding, _, after = kept.partition(".")
    return binding, unquote(after)


def set_log_in_cookie(request: Request, response: Response, binding: str, after: str) -> None:
    """Have the browser keep it while it is there; no address that is too long."""
    kept = quote(after, safe="")
    value = f"{binding}.{kept if len(kept) <= _LONGEST else ''}"
    _set(request, response, _LOG_IN, value, _AT_THE_PROVIDER)


def delete_log_in_cookie(request: Request, response: Response) -> None:
    """Have the browser forget it."""
    _delete(request, response, _LOG_IN)


def acting_cookie(request: Request) -> str | None:
    """The token of the session in which a member of staff works in an account, beside their own."""
    return request.cookies.get(_name(request, _ACTING))


def set_acting_cookie(request: Request, response: Response, token: str) -> None:
    """Have the browser keep it. The API itself does not read it: the panel's pages do."""
    _set(request, response, _ACTING, token, LIFETIME)


def delete_acting_cookie(request: Request, response: Response) -> None:
    """Have the browser forget it."""
    _delete(request, response, _ACTING)


def _name(request: Request, name: str) -> str:
    """Over HTTPS one that browsers take from this host alone."""
    return f"__Host-{name}" if _is_https(request) else name


def _set(request: Request, response: Response, name: str, value: str, lifetime: timedelta) -> None:
    response.set_cookie(
        _name(request, name),
        value,
        max_age=int(lifetime.total_seconds()),
        path="/",
        secure=_is_https(request),
        httponly=True,
        samesite="lax",
    )


def _delete(request: Request, response: Response, name: str) -> None:
    https = _is_https(request)
    response.delete_cookie(_name(request, name), path="/", secure=https, httponly=True, samesite="lax")


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
