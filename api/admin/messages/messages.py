"""``/api/admin/v1/messages``: any message, and resolving unknown ones."""

import re
from dataclasses import asdict
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from temporalio.client import Client

from api.admin.messages.models import WholeAnswer
from api.admin.messages.revealing import Reveal, is_revealed
from api.callbacks.waking import wake_callbacks
from api.http.body import parse_body, read_body
from api.http.json_response import json_response
from api.http.state import state_of
from api.messages.lookup import live_if_any, unknown_message, unrecorded_any
from api.messages.models import ResolveAnswer
from api.messages.routes import recorded, template_of, unrecorded
from api.reference.openapi import answers, documented_body
from api.resources.access import Allows
from domain.access.actors import Actor
from domain.text.masking import mask, mask_in
from services.resolving import resolve
from store.messages import messages
from store.messages.search import stories

router = APIRouter(prefix="/api/admin/v1/messages", tags=["admin: messages"])

_NOTHING_MORE = stories.Story(None, None, [], [])
_AFTER_HOST = re.compile(r"[/?#\\]")

_Reader = Annotated[Actor, Depends(Allows("messages:read"))]
_Resolver = Annotated[Actor, Depends(Allows("messages:resolve"))]


class Resolve(BaseModel):
    """How to resolve a message."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    outcome: Literal["sent", "failed", "resend"] = Field(
        alias="as", description="`sent` keeps its credit, `failed` releases it, `resend` sends the message again."
    )
    reason: Annotated[str, Field(max_length=500)] = ""


@router.get("/{uid}", summary="Read any message", response_model=None, responses=answers(WholeAnswer))
async def get_any_message(request: Request, uid: UUID, actor: _Reader, reveal: Reveal = False) -> Response:
    """Its whole story: attempts, receipts, credits, callbacks, batch, fallbacks. For staff its recipient is masked.

    Just after it was accepted, until it is recorded, most of it is empty.
    """
    state = state_of(request)
    message = await messages.find_any(state.pool, uid)
    if message is None:
        if (accepted := await unrecorded_any(state, uid)) is not None:
            return _answer(unrecorded(uid, accepted[1]) | {"channel": accepted[0]} | asdict(_NOTHING_MORE))
        message = await messages.find_any(state.pool, uid)  # it may have been recorded meanwhile
    if message is None:
        raise unknown_message()
    story = await stories.read(state.pool, uid, message.account_id)
    data = recorded(message, await live_if_any(state, message)) | {"channel": message.channel} | asdict(story)
    data |= await template_of(request, uid)
    if not await is_revealed(request, actor, reveal, "message", uid):
        data = _masked(data, message.recipient)
    return _answer(data)


@router.post(
    "/{uid}/resolve",
    summary="Resolve a message whose outcome is unknown",
    response_model=None,
    responses=answers(ResolveAnswer, 409),
    openapi_extra=documented_body(Resolve),
)
async def resolve_message(request: Request, uid: UUID, actor: _Resolver) -> Response:
    """Safe to repeat. It is written to the audit log. 409 where the outcome is known, or it cannot be sent again."""
    state = state_of(request)
    body = parse_body(await read_body(request), Resolve)

    async def connect() -> Client:
        return state.temporal

    resolved = await resolve(state.pool, connect, uid, body.outcome, body.reason, actor)
    await wake_callbacks(state, resolved.endpoints)
    data = {"uid": uid, "state": resolved.state, "credit": resolved.credit}
    message = "it is sent again" if body.outcome == "resend" else f"resolved as {body.outcome}"
    return json_response({"success": True, "message": message, "data": data})


def _answer(data: dict[str, Any]) -> Response:
    return json_response({"success": True, "message": f"the message is {data['state']}", "data": data})


def _masked(data: dict[str, Any], recipient: str) -> dict[str, Any]:
    attempts = [attempt | _masked_reason(attempt, recipient) for attempt in data["attempts"]]
    reason = mask_in(data["reason"], recipient)
    receipts = [
        receipt
        | {"recipient": receipt["recipient"] and mask(receipt["recipient"]), "url": _host_of(receipt["url"])}
        | _masked_reason(receipt, recipient)
        for receipt in data["receipts"]
    ]
    return data | {"to": mask(recipient), "reason": reason, "attempts": attempts, "receipts": receipts}


def _host_of(url: str | None) -> str | None:
    """Of a link that was clicked: the rest of it is text of the message, and often names its recipient."""
    if not url:
        return url
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{_AFTER_HOST.split(rest)[0].rpartition('@')[2]}/•••"


def _masked_reason(entry: dict[str, Any], recipient: str) -> dict[str, Any]:
    return {"reason": mask_in(entry["reason"], recipient)}
