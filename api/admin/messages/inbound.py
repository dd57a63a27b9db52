"""``/api/admin/v1/inbound``: messages from people to all accounts."""

from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from api.admin.messages.revealing import Reveal, is_revealed
from api.http.query_text import Moment, QueryText
from api.http.state import state_of
from api.inbound.models import InboundMessage
from api.inbound.routes import shown
from api.reference.openapi import answers
from api.resources.access import Allows
from api.resources.listing import Cursor, Format, Limit, listed, place_in_time, read_place
from domain.access.actors import Actor
from domain.channels import Channel
from domain.messages.page import ADMIN_ACCOUNT
from domain.text.masking import mask
from store.audience import inbound_lists
from store.audience.inbound_lists import Listed
from store.pool import Pool

router = APIRouter(prefix="/api/admin/v1/inbound", tags=["admin: messages"])


class AnyInboundMessage(InboundMessage):
    """A message from a person, and whose it is."""

    user_id: int | None


class AnyInboundPage(BaseModel):
    """A page of them."""

    data: list[AnyInboundMessage]
    next_cursor: str | None


@router.get("", summary="Messages from people, newest first", response_model=None, responses=answers(AnyInboundPage))
async def list_all_inbound(
    request: Request,
    actor: Annotated[Actor, Depends(Allows("inbound:read"))],
    user: Annotated[int | None, Query(ge=0, le=2**63 - 1, description="Only to this user; 0: to the admin.")] = None,
    channel: Channel | None = None,
    sender: Annotated[QueryText | None, Query(max_length=320, description="A number with `+`.")] = None,
    keyword: Literal["stop", "start", "help"] | None = None,
    received_after: Moment | None = None,
    received_before: Moment | None = None,
    reveal: Reveal = False,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """To the gateways of all users. For staff senders are masked, and contents left out."""
    state = state_of(request)
    is_shown = await is_revealed(request, actor, reveal, "inbound", "all" if user is None else user)
    wanted = inbound_lists.Filter(user, channel, sender, keyword, received_after, received_before)
    show = _shown if is_shown else _masked
    return await listed(request, limit, cursor, format, partial(_fetch, state.pool, wanted), show, _place)


async def _fetch(pool: Pool, wanted: inbound_lists.Filter, place: str | None, most: int) -> Any:
    return await inbound_lists.page(pool, wanted, read_place(place, UUID), most)


def _place(row: Listed) -> str:
    return place_in_time(row.received_at, row.id)


def _shown(row: Listed) -> dict[str, Any]:
    return {"user_id": None if row.account_id == ADMIN_ACCOUNT else row.account_id, **shown(row)}


def _masked(row: Listed) -> dict[str, Any]:
    hidden: dict[str, Any] = {"name": None, "body": "", "media": [], "content": None, "sender_id": None}
    return _shown(row) | hidden | {"sender": mask(row.sender)}
