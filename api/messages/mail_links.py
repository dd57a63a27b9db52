"""Routes of links in our emails: unsubscribing (RFC 8058), the pixel of opens, and clicks.

For recipients and their mail clients: no key, no cookies, only the token in the address.
"""

from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from api.http.body import read_body
from api.http.state import AppState, state_of
from domain.mail.links import LinkKind, LinkSigner
from store.messages import engagement
from store.pool import DB_UNAVAILABLE

router = APIRouter(include_in_schema=False)

_MAX_FORM = 16 * 1024
_PIXEL = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")
_PRIVATE_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
_PAGE_HEADERS = _PRIVATE_HEADERS | {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
}
_STYLE = (
    ":root{color-scheme:light dark;font:18px/1.5 system-ui,sans-serif}"
    "body{max-width:30rem;margin:20vh auto 0;padding:0 1rem;text-align:center}button{font:inherit;padding:.5rem 1.5rem}"
)
_FORM = (
    '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">'
    "<button>Unsubscribe</button></form>"
)


@router.get("/u/{token}")
async def ask(request: Request, token: str) -> Response:
    """Only shows a form: mail scanners follow every link."""
    if _uid(state_of(request), LinkKind.UNSUBSCRIBE, token) is None:
        return _broken()
    return _page("Unsubscribe", "Do you want to get no more emails from this sender?", _FORM)


@router.post("/u/{token}")
async def unsubscribe(request: Request, token: str) -> Response:
    """From the button above, or from a mail client (RFC 8058 §3.2): no redirect, no confirmation."""
    state = state_of(request)
    uid = _uid(state, LinkKind.UNSUBSCRIBE, token)
    if uid is None:
        return _broken()
    body = await read_body(request, _MAX_FORM)
    if b"List-Unsubscribe" not in body or b"One-Click" not in body:  # as a URL-encoded form or as a multipart one
        return _page("Not unsubscribed", "Please use the button.", _FORM, status=400)
    if not await engagement.unsubscribe(state.pool, uid):
        return _broken()
    return _page("You are unsubscribed", "You will get no more emails from this sender.")


@router.get("/o/{token}.gif")
async def opened(request: Request, token: str) -> Response:
    """The pixel, even if recording fails: a mail must not show a broken image."""
    state = state_of(request)
    uid = _uid(state, LinkKind.OPEN, token)
    if uid is not None:
        with suppress(*DB_UNAVAILABLE):
            await engagement.opened(state.pool, uid, datetime.now(UTC))
    return Response(_PIXEL, media_type="image/gif", headers=_PRIVATE_HEADERS)


@router.get("/c/{token}")
async def clicked(request: Request, token: str) -> Response:
    """Redirects to the token's URL: it is signed, so it was in an email of ours."""
    state = state_of(request)
    found = state.part(LinkSigner).read(LinkKind.CLICK, token)
    if found is None:
        return _broken()
    uid, url = found
    with suppress(*DB_UNAVAILABLE):
        await engagement.clicked(state.pool, uid, datetime.now(UTC), url)
    return Response(status_code=302, headers=_PRIVATE_HEADERS | {"Location": quote(url, safe="!#$%&'()*+,/:;=?@[]~")})


def _uid(state: AppState, kind: LinkKind, token: str) -> UUID | None:
    found = state.part(LinkSigner).read(kind, token)
    return found and found[0]


def _broken() -> Response:
    return _page("This link does not work", "It is not complete, or too old.", status=404)


def _page(title: str, text: str, more: str = "", status: int = 200) -> Response:
    """Only our own text: nothing from a request is shown."""
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><h1>{title}</h1><p>{text}</p>{more}</body></html>",
        status,
        _PAGE_HEADERS,
    )
