"""The page on which a person confirms a subscription. A GET only asks: programs that scan mails follow every link."""

from urllib.parse import parse_qs
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.consent.page import ACTION, confirm_form, message_page
from api.consent.preferences import broken, look_of
from api.http.body import read_body
from api.http.state import state_of
from domain.mail.links import LinkKind, LinkSigner
from services.audience.consent import subscribing as rules
from services.audience.consent.preferences import Origin
from store.audience.consent import subscribing
from store.pool import InTransaction

router = APIRouter(include_in_schema=False)

_MAX_FORM = 16 * 1024


@router.get("/s/{token}")
async def ask(request: Request, token: str) -> Response:
    """Shows the button."""
    request_id = _id(request, token)
    found = None if request_id is None else await subscribing.find(state_of(request).pool, request_id)
    if found is None or (found.is_expired and found.confirmed_at is None):
        return await broken(request)
    look = await look_of(request, found.language, await rules.account_name(state_of(request).pool, found.account_id))
    if found.confirmed_at is not None:
        return message_page(look, "confirmed")
    return message_page(look, "confirm_title", "confirm_ask", confirm_form(look))


@router.post("/s/{token}")
async def confirm(request: Request, token: str) -> Response:
    """From the button. Consent is recorded, with where and when it was asked for and given."""
    state, request_id = state_of(request), _id(request, token)
    if request_id is None:
        return await broken(request)
    if parse_qs((await read_body(request, _MAX_FORM)).decode("latin-1")).get(ACTION) != ["confirm"]:
        look = await look_of(request, None, "")
        return message_page(look, "confirm_title", "use_button", confirm_form(look), status=400)
    origin = Origin("subscribe", request.client.host if request.client else None, request.headers.get("user-agent", ""))
    async with state.pool.connection() as conn, conn.transaction():
        done = await rules.confirm(InTransaction(conn), request_id, origin)
    if done is None:
        return await broken(request)
    look = await look_of(request, done.language, await rules.account_name(state.pool, done.account_id))
    return message_page(look, "confirmed")


def _id(request: Request, token: str) -> UUID | None:
    found = state_of(request).part(LinkSigner).read(LinkKind.CONFIRM, token)
    return found[0] if found and not found[1] else None
