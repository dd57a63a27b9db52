"""``/api/admin/v1/batches``: batches of all users."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from temporalio.client import Client

from api.admin.messages.models import AnyBatchAnswer, AnyBatchChange, AnyBatchPage
from api.batches.models import BatchState
from api.batches.routes import doing, head, progress
from api.http.query_text import Moment
from api.http.state import state_of
from api.messages.routes import sender
from api.messages.searching import User
from api.reference.openapi import answers
from api.resources.access import Allows
from api.resources.changing import Answer, DryRun, answer_one, perform
from api.resources.listing import Cursor, Format, Limit, listed, no_cursor
from domain.access.actors import Actor
from domain.channels import Channel
from services.batches import ACTIONS, Steering, find_batch, steer_batch
from services.changes import Change
from store.batches import queries
from store.batches.queries import Batch
from store.pool import Pool

router = APIRouter(prefix="/api/admin/v1/batches", tags=["admin: batches"])

_Reader = Annotated[Actor, Depends(Allows("batches:read", may_repeat=("state",)))]
_Writer = Annotated[Actor, Depends(Allows("batches:write"))]
_changes: dict[str, Any] = {"response_model": None, "responses": answers(AnyBatchChange, 409)}


@router.get("", summary="Batches of all users, newest first", response_model=None, responses=answers(AnyBatchPage))
async def list_any_batches(
    request: Request,
    _: _Reader,
    user: User = None,
    state: Annotated[list[BatchState], Query()] = [],
    channel: Channel | None = None,
    created_after: Moment | None = None,
    created_before: Moment | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Filters that are given all apply; a repeated `state` means any of them."""
    wanted = queries.Filter(user, state, channel, created_after, created_before)
    fetch = partial(_fetch, state_of(request).pool, wanted)
    return await listed(request, limit, cursor, format, fetch, _shown, lambda batch: str(batch.id))


@router.get("/{uid}", summary="Read any batch's progress", response_model=None, responses=answers(AnyBatchAnswer))
async def get_any_batch(request: Request, uid: UUID, _: Annotated[Actor, Depends(Allows("batches:read"))]) -> Response:
    """As its sender reads it. Its messages: `GET /api/admin/v1/messages?batch=…`."""
    state = state_of(request)
    batch = await find_batch(state.pool, uid)
    tally = await queries.tally(state.pool, uid)
    now = await doing(state, batch, tally)
    return answer_one(progress(batch, tally, now) | sender(batch.account_id), f"the batch is {now.state}")


@router.post("/{uid}/pause", summary="Pause any batch", **_changes)
async def pause_any_batch(request: Request, uid: UUID, actor: _Writer, dry_run: DryRun = False) -> Response:
    """No more messages are started. Those in progress get their outcomes."""
    return await _steer(request, uid, actor, "pause", dry_run)


@router.post("/{uid}/resume", summary="Resume any paused batch", **_changes)
async def resume_any_batch(request: Request, uid: UUID, actor: _Writer, dry_run: DryRun = False) -> Response:
    """It continues where it stopped."""
    return await _steer(request, uid, actor, "resume", dry_run)


@router.post("/{uid}/cancel", summary="Cancel the unsent messages of any batch", **_changes)
async def cancel_any_batch(request: Request, uid: UUID, actor: _Writer, dry_run: DryRun = False) -> Response:
    """Credits of unsent messages are released. Messages in progress get their outcomes."""
    return await _steer(request, uid, actor, "cancel", dry_run)


async def _steer(request: Request, uid: UUID, actor: Actor, kind: Steering, dry_run: bool) -> Response:
    async def connect() -> Client:
        return state_of(request).temporal

    async def work(made: Change) -> Answer:
        batch = await steer_batch(made, None if dry_run else connect, uid, kind)
        return f"the batch is {batch.state}", _shown(batch)

    return await perform(request, actor, ACTIONS[kind], work, dry_run=dry_run)


async def _fetch(pool: Pool, wanted: queries.Filter, place: str | None, most: int) -> list[Batch]:
    try:
        below = None if place is None else UUID(place)
    except ValueError:
        raise no_cursor() from None
    return await queries.newest(pool, wanted, below, most)


def _shown(batch: Batch) -> dict[str, Any]:
    return head(batch) | sender(batch.account_id)
