"""Calling a URL for an account: one request, and what came of it. Redirects are answers: they are never followed."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import httpx

from gateways.answers import retry_after
from gateways.net.http import HttpClient, NotConnected, UnfitHeader, call
from gateways.net.http_connection import Lost
from gateways.webhooks.standard_webhooks import sign

MOST_ANSWER = 64 * 1024
"""Bytes of an answer's body that are read."""

_AGAIN = frozenset({408, 409, 425, 429})
"""Statuses below 500 after which another try may help."""


_PORTS = {"http": 80, "https": 443}


class Site(NamedTuple):
    """Whom a URL leads to."""

    scheme: str
    host: str
    port: int

    @property
    def name(self) -> str:
        """The host, with a port that is not the scheme's own."""
        return self.host if self.port == _PORTS[self.scheme] else f"{self.host}:{self.port}"


def site_of(url: str) -> Site | None:
    """Whom a URL leads to; ``None``: it is no URL of the web, or has a user name in it."""
    try:
        parts = httpx.URL(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except httpx.InvalidURL:
        return None
    if parts.scheme not in _PORTS or not parts.host or parts.userinfo or not 1 <= port <= 65535:
        return None
    return Site(parts.scheme, parts.host.lower().removesuffix("."), port)


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be sent, secrets included."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    """For all of it."""
    id: str
    """The same for each try, so that whoever gets it twice can tell."""
    signing: str | None = None
    """A secret of Standard Webhooks to sign with."""

    def __repr__(self) -> str:
        """Without what may be secret."""
        return f"Request({self.method}, {self.id})"


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer. ``is_cut``: its body is larger than what is read."""

    status: int
    body: bytes
    is_cut: bool = False
    after: float | None = None
    """Seconds for which the server wants no other request."""

    @property
    def may_change(self) -> bool:
        """Whether another try may get another one."""
        return self.status >= 500 or self.status in _AGAIN


@dataclass(frozen=True, slots=True)
class Unanswered:
    """There is no answer. ``may_change``: whether another try may get one."""

    code: str
    message: str
    may_change: bool = True


async def make(http: HttpClient, request: Request) -> Answered | Unanswered:
    """Make a request. Never raises for what a server does."""
    try:
        prepared = call(request.method, request.url, _headers(request), request.seconds, MOST_ANSWER + 1)
    except (UnfitHeader, UnicodeEncodeError):
        return Unanswered("call_header", "a header has a line break, or letters beyond ASCII", may_change=False)
    except httpx.InvalidURL as error:
        return Unanswered("call_url", f"this is no URL: {error}", may_change=False)
    try:
        async with asyncio.timeout(request.seconds):
            found = await http.request(prepared, request.body)
    except NotConnected as error:
        code = "call_refused_address" if error.is_blocked else "call_connection"
        return Unanswered(code, str(error), may_change=not error.is_blocked)
    except TimeoutError:
        return Unanswered("call_timeout", f"no full answer within {request.seconds:g} s")
    except Lost as error:
        return Unanswered("call_connection", f"the answer was lost: {error}")
    after = retry_after(found) if found.status in (429, 503) else None
    return Answered(found.status, found.body[:MOST_ANSWER], len(found.body) > MOST_ANSWER, after)


def _headers(request: Request) -> dict[str, str]:
    """Names are in lower case: those of the caller go before what is usual."""
    given = {name.lower(): value for name, value in request.headers.items()}
    headers = {"idempotency-key": request.id} | given | {"webhook-id": request.id}
    if request.signing:
        now = int(time.time())
        headers["webhook-timestamp"] = str(now)
        headers["webhook-signature"] = sign(request.signing, request.id, now, request.body)
    return headers
