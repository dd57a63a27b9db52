"""Short links: ``/{code}`` at a link domain, and ``/l/{code}`` at the install's own address.

For recipients: no key, no cookies. A code leads where its message led when it was sent, nowhere else.
"""

from contextlib import suppress
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException

from api.consent.preferences import broken
from api.http.errors import ApiError
from api.http.state import state_of
from api.links.misses import Misses
from domain.links.scanners import EARLIEST, is_scanner
from domain.links.shortening import CODE
from store.links import short_links
from store.links.short_links import Found, Target
from store.messages import engagement
from store.pool import DB_UNAVAILABLE

_PRIVATE_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
_WAIT = 10.0


class _Code(Convertor[str]):
    regex = CODE.pattern

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("short_code", _Code())
router = APIRouter(include_in_schema=False)


@router.api_route("/l/{code}", methods=["GET", "HEAD"])
async def follow(request: Request, code: str) -> Response:
    """At the install's own address, or at a link domain of the account whose message it was."""
    if not CODE.fullmatch(code):
        return await broken(request)
    found = await _found(request, code)
    if found.target is None or found.domain_of not in (None, found.target.account_id):
        return await broken(request)
    return await _lead_on(request, found.target)


@router.api_route("/{code:short_code}", methods=["GET", "HEAD"])
async def follow_at_domain(request: Request, code: str) -> Response:
    """At a link domain of the account whose message it was: nobody's links begin with another's domain."""
    found = await _found(request, code)
    if found.domain_of is None:
        raise HTTPException(404)  # as any other address that there is not
    if found.target is None or found.domain_of != found.target.account_id:
        return await broken(request)
    return await _lead_on(request, found.target)


async def _found(request: Request, code: str) -> Found:
    state = state_of(request)
    misses, address = state.part(Misses), request.client.host if request.client else ""
    if misses.are_too_many(address):
        message = "too many links that there are not: wait some seconds"
        raise ApiError(429, "rate_limited", message, retry_after=_WAIT)
    host = (request.url.hostname or "").lower().removesuffix(".")
    found = await short_links.find(state.pool, code, host)
    if found.target is None:
        misses.add(address)
    return found


async def _lead_on(request: Request, target: Target) -> Response:
    with suppress(*DB_UNAVAILABLE):
        by_program = is_scanner(request.method, request.headers)
        pool, at = state_of(request).pool, datetime.now(UTC)
        await engagement.clicked(pool, target.uid, at, target.url, by_program=by_program, earliest=EARLIEST)
    return Response(status_code=302, headers=_PRIVATE_HEADERS | {"Location": target.url})
