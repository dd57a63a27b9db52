"""``/api/inbound``: inbound messages, and keywords to opt out and in."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from api.http.auth import requires
from api.http.body import parse_body, read_body
from api.http.json_response import json_response
from api.http.query_text import QueryText
from api.http.state import state_of
from api.inbound.models import InboundPage, KeywordsAnswer
from api.reference.openapi import answers, documented_body
from domain.channels import Channel
from domain.text.keywords import Keyword, KeywordSet
from services.messages.keywords import Keywords
from store.accounts.api_keys import Principal
from store.audience import inbound_lists, keyword_sets
from store.audience.inbound_lists import Listed

router = APIRouter(prefix="/api/inbound", tags=["messages from people"])

_Reader = Annotated[Principal, Depends(requires("read"))]
_Sender = Annotated[Principal, Depends(requires("send"))]


@router.get("", summary="Messages from people, newest first", response_model=None, responses=answers(InboundPage))
async def list_inbound(
    request: Request,
    principal: _Reader,
    channel: Channel | None = None,
    sender: Annotated[QueryText | None, Query(max_length=320, description="A number, or a `sender_id`.")] = None,
    cursor: Annotated[UUID | None, Query(description="`next_cursor` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """Messages received through your own gateways."""
    found = await inbound_lists.own(state_of(request).pool, principal.account_id, channel, sender, cursor, limit)
    next_cursor = found[-1].id if len(found) == limit else None
    return json_response({"data": [shown(message) for message in found], "next_cursor": next_cursor})


@router.get("/keywords", summary="Your keywords", response_model=None, responses=answers(KeywordsAnswer))
async def get_keywords(request: Request, principal: _Reader) -> Response:
    """They apply to messages that consist of one of these words only."""
    return _shown(await keyword_sets.show(state_of(request).pool, principal.account_id))


@router.put(
    "/keywords",
    summary="Choose your keywords and replies",
    response_model=None,
    responses=answers(KeywordsAnswer),
    openapi_extra=documented_body(Keywords),
)
async def put_keywords(request: Request, principal: _Sender) -> Response:
    """They apply to messages to your own gateways."""
    body = parse_body(await read_body(request), Keywords)
    await keyword_sets.replace(state_of(request).pool, principal.account_id, body.chosen)
    return _shown(body.chosen)


def shown(message: Listed) -> dict[str, Any]:
    """A message from a person, as its account reads it."""
    fields = asdict(message)
    del fields["account_id"]
    return fields


def _shown(keywords: KeywordSet) -> Response:
    words = {keyword.value: sorted(keywords.words(keyword)) for keyword in Keyword}
    return json_response({"success": True, "message": "keywords", "data": words | {"replies": keywords.replies}})
