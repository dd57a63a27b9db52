"""Routes of links in our emails: the pixel of opens, and clicks.

For recipients and their mail clients: no key, no cookies, only the token in the address.
"""

from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.consent.preferences import broken
from api.http.state import AppState, state_of
from domain.links.scanners import is_scanner
from domain.mail.links import LinkKind, LinkSigner
from store.messages import engagement
from store.pool import DB_UNAVAILABLE

router = APIRouter(include_in_schema=False)

_PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
_PRIVATE_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


@router.get("/o/{token}.gif")
async def opened(request: Request, token: str) -> Response:
    """The pixel, even if recording fails: a mail must not show a broken image."""
    state = state_of(request)
    uid = _uid(state, LinkKind.OPEN, token)
    if uid is not None:
        with suppress(*DB_UNAVAILABLE):
            await engagement.opened(state.pool, uid, datetime.now(UTC))
    return Response(_PIXEL, media_type="image/gif", headers=_PRIVATE_HEADERS)


@router.api_route("/c/{token}", methods=["GET", "HEAD"])
async def clicked(request: Request, token: str) -> Response:
    """Redirects to the token's URL: it is signed, so it was in an email of ours."""
    state = state_of(request)
    found = state.part(LinkSigner).read(LinkKind.CLICK, token)
    if found is None:
        return await broken(request)
    uid, url = found
    with suppress(*DB_UNAVAILABLE):
        by_program = is_scanner(request.method, request.headers)
        await engagement.clicked(state.pool, uid, datetime.now(UTC), url, by_program=by_program)
    return Response(status_code=302, headers=_PRIVATE_HEADERS | {"Location": quote(url, safe="!#$%&'()*+,/:;=?@[]~")})


def _uid(state: AppState, kind: LinkKind, token: str) -> UUID | None:
    found = state.part(LinkSigner).read(kind, token)
    return found and found[0]
