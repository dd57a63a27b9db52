"""``/api/admin/v1/pause-sending`` and ``/resume-sending``: stop all sending, a channel's or an account's, at once."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from api.http.body import parse_body, read_body
from api.http.json_response import json_response
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import Allows
from api.resources.changing import Answer, DryRun, perform
from domain.access.actors import Actor
from domain.channels import Channel
from domain.errors import InvalidError
from services import sending_pauses as rules
from services.changes import Change
from store.reputation.findings import BY
from store.reputation.pauses import GatewayPause, gateway_pauses
from store.sending_pauses import SendingPause, all_pauses

router = APIRouter(prefix="/api/admin/v1", tags=["admin: install"])

_Reader = Annotated[Actor, Depends(Allows("sending:read"))]
_Pauser = Annotated[Actor, Depends(Allows("sending:pause"))]


class _Scope(BaseModel):
    """Whose messages, and on which channel."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: Annotated[StrictInt, Field(ge=1, le=2**63 - 1)] | None = Field(
        default=None, description="Only this user's messages; left out: everybody's."
    )
    channel: Channel | None = Field(default=None, description="Only this channel; left out: all.")


class ResumeSending(_Scope):
    """What goes on: exactly what was paused."""

    gateway: UUID | None = Field(
        default=None, description="A gateway that the reputation guard paused; then neither user nor channel."
    )


class PauseSending(_Scope):
    """What is to be paused, and why."""

    reason: Annotated[StrictStr, Field(min_length=1, max_length=500)]


class PausedSending(BaseModel):
    """A pause of sending."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    user_id: int | None
    channel: Channel | None
    gateway_id: UUID | None = Field(description="Of a pause of the reputation guard: what goes through this gateway.")
    reason: str
    paused_by: str
    spares_transactional: bool = Field(description="Whether transactional messages are sent: the reputation guard's.")
    created_at: datetime


class PausedSendingAnswer(BaseModel):
    """One pause."""

    success: bool
    message: str
    data: PausedSending
    dry_run: bool = False


class PausedSendingList(BaseModel):
    """All pauses."""

    data: list[PausedSending]
    next_cursor: None


_one: dict[str, Any] = {"response_model": None, "responses": answers(PausedSendingAnswer, 404)}


@router.get("/pause-sending", summary="What is paused", response_model=None, responses=answers(PausedSendingList))
async def list_sending_pauses(request: Request, _: _Reader) -> Response:
    """All pauses, the oldest first; those of gateways last."""
    pool = state_of(request).pool
    found = [*map(_shown, await all_pauses(pool)), *map(_shown_gateway, await gateway_pauses(pool))]
    return json_response({"data": found, "next_cursor": None})


@router.post("/pause-sending", summary="Pause sending", openapi_extra=documented_body(PauseSending), **_one)
async def pause_sending(request: Request, actor: _Pauser, dry_run: DryRun = False) -> Response:
    """Of everybody or one user, on all channels or one. Messages are accepted meanwhile, and wait: `sending_paused`.

    What has not left stops within about a second; waiting messages can be cancelled and do not expire.
    """
    body = parse_body(await read_body(request), PauseSending)

    async def work(made: Change) -> Answer:
        return "paused", _shown(await rules.pause_sending(made, body.user, body.channel, body.reason))

    return await perform(request, actor, "sending.paused", work, dry_run=dry_run)


@router.post("/resume-sending", summary="Resume sending", openapi_extra=documented_body(ResumeSending), **_one)
async def resume_sending(request: Request, actor: _Pauser, dry_run: DryRun = False) -> Response:
    """End a pause of exactly this user and channel, or of this gateway. What waited goes on within seconds."""
    body = parse_body(await read_body(request), ResumeSending)
    gateway = body.gateway
    if gateway is not None and (body.user is not None or body.channel is not None):
        raise InvalidError("pause_scope", "name either a gateway, or a user and a channel", "/gateway")

    async def work(made: Change) -> Answer:
        if gateway is not None:
            return "resumed", _shown_gateway(await rules.resume_gateway(made, gateway))
        return "resumed", _shown(await rules.resume_sending(made, body.user, body.channel))

    return await perform(request, actor, "sending.resumed", work, dry_run=dry_run)


def _shown(pause: SendingPause) -> dict[str, Any]:
    return {
        "id": pause.id,
        "user_id": pause.account_id,
        "channel": pause.channel,
        "gateway_id": None,
        "reason": pause.reason,
        "paused_by": pause.paused_by,
        "spares_transactional": pause.spares_transactional,
        "created_at": pause.created_at,
    }


def _shown_gateway(pause: GatewayPause) -> dict[str, Any]:
    return {
        "id": pause.id,
        "user_id": None,
        "channel": pause.channel,
        "gateway_id": pause.gateway_id,
        "reason": pause.reason,
        "paused_by": BY,
        "spares_transactional": True,
        "created_at": pause.created_at,
    }
