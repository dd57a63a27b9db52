"""``/api/batches``: reading and changing batches."""

from contextlib import suppress
from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictStr

from api.batches.models import BatchAnswer, BatchChangeAnswer, BatchMessagePage, BatchPage, BatchState
from api.http.auth import check_channel, requires
from api.http.body import parse_body, read_body
from api.http.errors import ApiError
from api.http.json_response import json_response
from api.http.state import AppState, state_of
from api.http.temporal_link import TemporalUnavailable
from api.reference.openapi import answers, documented_body
from domain.access.user_scopes import Rights
from domain.batches.batch import BatchChangeKind
from domain.batches.progress import Doing, Tally, Wait
from domain.errors import FieldError
from domain.messages.routing import DEFAULT_GATEWAY
from domain.messages.statuses import State, contract_word
from services.batches import batch_doing, change_batch, find_batch, with_reason
from services.sending.allowed import check_gateways
from store.accounts import api_keys
from store.accounts.api_keys import Principal
from store.batches import queries as batch_queries
from store.batches.queries import Batch, Listed
from store.gateways.gateways import unknown_identifiers

router = APIRouter(prefix="/api/batches", tags=["batches"])

_Reader = Annotated[Principal, Depends(requires("read", minds_narrowing=True))]
_Sender = Annotated[Principal, Depends(requires("send", minds_narrowing=True))]
_Cursor = Annotated[UUID | None, Query(description="`next_cursor` of the page before.")]
_Limit = Annotated[int, Query(ge=1, le=500)]


class SwitchGateway(BaseModel):
    """Another gateway for the unsent messages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    gateway_identifier: Annotated[StrictStr, Field(min_length=1, max_length=200)]


@router.get("", summary="Your batches, newest first", response_model=None, responses=answers(BatchPage))
async def list_batches(
    request: Request,
    principal: _Reader,
    state: BatchState | None = None,
    cursor: _Cursor = None,
    limit: _Limit = 50,
) -> Response:
    """A request of more than 500 contacts becomes a batch."""
    found = await batch_queries.own(
        state_of(request).pool,
        *(principal.account_id, state, cursor, limit),
        channels=principal.rights.channels,
        tests_only=principal.is_test,
    )
    next_cursor = found[-1].id if len(found) == limit else None
    return json_response({"data": [head(batch) for batch in found], "next_cursor": next_cursor})


@router.get("/{uid}", summary="Read a batch's progress", response_model=None, responses=answers(BatchAnswer))
async def get_batch(request: Request, uid: UUID, principal: _Reader) -> Response:
    """Counts and credits are those of the database; `waiting` states why it does not continue, or not faster."""
    state = state_of(request)
    batch = await _find(state, principal, uid)
    tally = await batch_queries.tally(state.pool, uid)
    now = await doing(state, batch, tally)
    return json_response({"success": True, "message": f"the batch is {now.state}", "data": progress(batch, tally, now)})


@router.get(
    "/{uid}/messages", summary="The messages of a batch", response_model=None, responses=answers(BatchMessagePage)
)
async def list_batch_messages(
    request: Request,
    uid: UUID,
    principal: _Reader,
    state: State | None = None,
    cursor: _Cursor = None,
    limit: _Limit = 50,
) -> Response:
    """In the order in which they are sent. Details of one: `GET /api/get/{channel}/{uid}`."""
    pool = state_of(request).pool
    await _find(state_of(request), principal, uid)
    found = await batch_queries.messages(pool, uid, state, cursor, limit)
    next_cursor = found[-1].uid if len(found) == limit else None
    return json_response({"data": [_message(message) for message in found], "next_cursor": next_cursor})


_changes: dict[str, Any] = {"response_model": None, "responses": answers(BatchChangeAnswer, 409)}


@router.post("/{uid}/pause", summary="Pause a batch", **_changes)
async def pause_batch(request: Request, uid: UUID, principal: _Sender) -> Response:
    """No more messages are started. Those in progress get their outcomes."""
    return await _change(request, principal, uid, "pause")


@router.post("/{uid}/resume", summary="Resume a paused batch", **_changes)
async def resume_batch(request: Request, uid: UUID, principal: _Sender) -> Response:
    """It continues where it stopped."""
    return await _change(request, principal, uid, "resume")


@router.post("/{uid}/cancel", summary="Cancel the unsent messages of a batch", **_changes)
async def cancel_batch(request: Request, uid: UUID, principal: _Sender) -> Response:
    """Credits of unsent messages are released. Messages in progress get their outcomes."""
    return await _change(request, principal, uid, "cancel")


@router.post(
    "/{uid}/switch-gateway",
    summary="Send the rest of a batch through another gateway",
    openapi_extra=documented_body(SwitchGateway),
    **_changes,
)
async def switch_batch_gateway(request: Request, uid: UUID, principal: _Sender) -> Response:
    """Overrides the gateways that its messages request. `default_gateway`: the account's first one that works."""
    body = parse_body(await read_body(request), SwitchGateway)
    batch = await _find(state_of(request), principal, uid)
    await _check_gateway(state_of(request), batch, body.gateway_identifier)
    return await _change(request, principal, uid, "switch_gateway", body.gateway_identifier)


async def _find(state: AppState, principal: Principal, uid: UUID) -> Batch:
    """The batch; a test key finds none but those of test keys."""
    batch = await find_batch(state.pool, uid, principal.account_id, tests_only=principal.is_test)
    check_channel(principal, batch.channel)
    return batch


async def _check_gateway(state: AppState, batch: Batch, identifier: str) -> None:
    if identifier == DEFAULT_GATEWAY or batch.test:  # the sandbox sends these, whatever is requested
        return
    if await unknown_identifiers(state.pool, batch.account_id, batch.channel, [identifier]):
        message = f"no {batch.channel} gateway {identifier!r} for this account"
        place = FieldError("/gateway_identifier", "gateway_not_found", message)
        raise ApiError(404, "gateway_not_found", message, [place])
    if batch.key_id is not None:
        allowed = Rights.of((await api_keys.get(state.pool, batch.key_id)).scopes).gateways
        await check_gateways(state.pool, allowed, batch.channel, [identifier])


async def _change(
    request: Request, principal: Principal, uid: UUID, kind: BatchChangeKind, gateway: str = ""
) -> Response:
    """Have the batch's workflow apply a change, and return the changed batch."""
    state = state_of(request)
    batch = await change_batch(state.pool, state.temporal, await _find(state, principal, uid), kind, gateway)
    return json_response({"success": True, "message": f"the batch is {batch.state}", "data": head(batch)})


async def doing(state: AppState, batch: Batch, tally: Tally) -> Doing:
    """What a batch is doing, also while Temporal is unavailable."""
    client = None
    with suppress(TemporalUnavailable):
        client = state.temporal
    return await with_reason(state.pool, batch, await batch_doing(client, batch, tally))


def head(batch: Batch) -> dict[str, Any]:
    """A batch, as it is answered."""
    return {
        "uid": batch.id,
        "channel": batch.channel,
        "priority": batch.lane,
        "test": batch.test,
        "state": batch.state,
        "total": batch.total,
        "created_at": batch.created_at,
        "finished_at": batch.finished_at,
    }


def progress(batch: Batch, tally: Tally, doing: Doing) -> dict[str, Any]:
    """A batch and its progress, as they are answered."""
    wait = doing.wait
    return {
        **head(batch),
        "state": doing.state,
        "done": tally.done,
        "counts": tally.counts,
        "rate": round(tally.rate, 1),
        "eta": tally.eta if doing.moves else None,
        "waiting": _waiting(wait),
        "credits": tally.credits,
    }


def _waiting(wait: Wait | None) -> dict[str, Any] | None:
    if wait is None:
        return None
    shown = {"for": wait.reason, "until": wait.until, "gateway": wait.gateway}
    return shown if wait.sentence is None else shown | {"reason": wait.sentence}


def _message(message: Listed) -> dict[str, Any]:
    fields = asdict(message)
    return {
        "uid": fields.pop("uid"),
        "to": fields.pop("recipient"),
        "status": contract_word(State(message.state), fields.pop("receipts")),
        "credit": {"amount": fields.pop("price"), "state": fields.pop("credit")},
        **fields,
    }
