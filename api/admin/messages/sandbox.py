"""``GET /api/admin/v1/sandbox/messages``: what the sandbox gateways delivered."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from api.admin.messages.revealing import Reveal, is_revealed
from api.http.json_response import json_response
from api.http.state import state_of
from api.messages.models import SandboxPage
from api.messages.routes import sender
from api.reference.openapi import answers
from api.resources.access import Allows
from domain.access.actors import Actor
from domain.text.masking import mask
from store.gateways import sandbox

router = APIRouter(prefix="/api/admin/v1/sandbox", tags=["admin: sandbox"])


@router.get(
    "/messages",
    summary="Messages that sandbox gateways delivered, newest first",
    response_model=None,
    responses=answers(SandboxPage),
)
async def list_sandbox_messages(
    request: Request,
    actor: Annotated[Actor, Depends(Allows("sandbox:read"))],
    cursor: Annotated[int | None, Query(ge=0, le=2**63 - 1, description="`next_cursor` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    uid: Annotated[UUID | None, Query(description="Only deliveries of this message.")] = None,
    reveal: Reveal = False,
) -> Response:
    """A message that was delivered twice is listed twice. For staff recipients are masked, and texts left out."""
    state = state_of(request)
    is_shown = await is_revealed(request, actor, reveal, "sandbox", uid or "messages")
    rows = await sandbox.page(state.pool, cursor, limit, uid)
    next_cursor = rows[-1].id if len(rows) == limit else None
    entries = [_entry(row) if is_shown else _masked(row) for row in rows]
    return json_response({"data": entries, "next_cursor": next_cursor})


def _masked(row: sandbox.Delivered) -> dict[str, Any]:
    entry = _entry(row)
    return {name: value for name, value in entry.items() if name not in row.content} | {"to": mask(row.recipient)}


def _entry(row: sandbox.Delivered) -> dict[str, Any]:
    return {
        "id": row.id,
        **sender(row.account_id),
        "gateway": row.gateway,
        "uid": row.uid,
        "channel": row.channel,
        "to": row.recipient,
        **row.content,
        "delivered_at": row.created_at,
    }
