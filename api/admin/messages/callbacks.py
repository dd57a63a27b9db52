"""``/api/admin/v1/callbacks``: callback endpoints of all accounts, and their deliveries."""

from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel

from api.callbacks.deliveries import shown as shown_delivery
from api.callbacks.models import CallbackEndpoint, DeliveryHead, QueuedAnswer
from api.callbacks.routes import shown as shown_endpoint
from api.callbacks.waking import wake_callbacks
from api.http.state import state_of
from api.reference.openapi import answers
from api.resources.access import Allows
from api.resources.changing import Answer, DryRun, answer_one, perform
from api.resources.listing import Cursor, Format, Limit, below, listed, place_in_time, read_place
from domain.access.actors import Actor
from domain.messages.page import ADMIN_ACCOUNT
from services import callback_endpoints as rules
from services.changes import Change
from store.callbacks import callback_deliveries, callback_endpoints
from store.callbacks.callback_deliveries import Listed
from store.callbacks.callback_endpoints import Endpoint
from store.pool import Pool

router = APIRouter(prefix="/api/admin/v1/callbacks", tags=["admin: callbacks"])

_Reader = Annotated[Actor, Depends(Allows("callbacks:read"))]
_Writer = Annotated[Actor, Depends(Allows("callbacks:write"))]
_Id = Annotated[UUID, Path(description="The endpoint's id.")]


class AnyCallback(CallbackEndpoint):
    """An endpoint, and whose it is."""

    user_id: int | None


class AnyCallbackPage(BaseModel):
    """A page of them."""

    data: list[AnyCallback]
    next_cursor: str | None


class AnyCallbackAnswer(BaseModel):
    """One of them."""

    success: bool
    message: str
    data: AnyCallback
    dry_run: bool = False


class ReplayAnswer(QueuedAnswer):
    """The delivery is queued."""

    dry_run: bool = False


class AnyDelivery(DeliveryHead):
    """A delivery, without what was posted."""

    data: None


class AnyDeliveryPage(BaseModel):
    """A page of them."""

    data: list[AnyDelivery]
    next_cursor: str | None


_one: dict[str, Any] = {"response_model": None, "responses": answers(AnyCallbackAnswer)}


@router.get("", summary="Callback endpoints, newest first", response_model=None, responses=answers(AnyCallbackPage))
async def list_all_callbacks(
    request: Request,
    _: _Reader,
    user: Annotated[int | None, Query(ge=0, le=2**63 - 1, description="Only of this user; 0: of the admin.")] = None,
    state: Literal["enabled", "disabled"] | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Of all users, without their secrets. `failing_since` states since when one accepts nothing."""
    enabled = None if state is None else state == "enabled"
    fetch = partial(_fetch, state_of(request).pool, user, enabled)
    return await listed(request, limit, cursor, format, fetch, _shown, _place)


@router.get("/{callback}", summary="Read a callback endpoint", **_one)
async def get_any_callback(request: Request, callback: _Id, _: _Reader) -> Response:
    """Whosever it is."""
    return answer_one(_shown(await rules.find(state_of(request).pool, callback)))


@router.post("/{callback}/enable", summary="Enable a callback endpoint", **_one)
async def enable_any_callback(request: Request, callback: _Id, actor: _Writer, dry_run: DryRun = False) -> Response:
    """Pending deliveries are made."""
    return await _set_enabled(request, callback, actor, True, dry_run)


@router.post("/{callback}/disable", summary="Disable a callback endpoint", **_one)
async def disable_any_callback(request: Request, callback: _Id, actor: _Writer, dry_run: DryRun = False) -> Response:
    """Its events wait; they are kept for 30 days."""
    return await _set_enabled(request, callback, actor, False, dry_run)


@router.get(
    "/{callback}/deliveries",
    summary="Deliveries of a callback endpoint, newest first",
    response_model=None,
    responses=answers(AnyDeliveryPage),
)
async def list_any_deliveries(
    request: Request,
    callback: _Id,
    _: _Reader,
    state: Literal["pending", "delivered", "failed"] | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Without what was posted, which has personal data. Kept for 30 days."""
    pool = state_of(request).pool
    await rules.find(pool, callback)
    fetch = below(partial(callback_deliveries.listed, pool, callback, state))
    return await listed(request, limit, cursor, format, fetch, _shown_delivery, _delivery_place)


@router.post(
    "/{callback}/deliveries/{delivery}/replay",
    summary="Repeat a delivery",
    response_model=None,
    responses=answers(ReplayAnswer, 409),
)
async def replay_any_delivery(
    request: Request, callback: _Id, delivery: UUID, actor: _Writer, dry_run: DryRun = False
) -> Response:
    """With the same `webhook-id`, whatever its state."""

    async def work(made: Change) -> Answer:
        await rules.replay(made, callback, delivery)
        return "queued", {"id": delivery}

    answer = await perform(request, actor, "callback.replayed", work, dry_run=dry_run)
    await wake_callbacks(state_of(request), [callback])
    return answer


async def _set_enabled(request: Request, callback: UUID, actor: Actor, enabled: bool, dry_run: bool) -> Response:
    async def work(made: Change) -> Answer:
        return "enabled" if enabled else "disabled", _shown(await rules.set_enabled(made, callback, enabled))

    answer = await perform(request, actor, "callback.updated", work, dry_run=dry_run)
    if enabled:
        await wake_callbacks(state_of(request), [callback])
    return answer


async def _fetch(pool: Pool, user: int | None, enabled: bool | None, place: str | None, most: int) -> Any:
    return await callback_endpoints.page(pool, user, enabled, read_place(place, UUID), most)


def _place(endpoint: Endpoint) -> str:
    return place_in_time(endpoint.created_at, endpoint.id)


def _shown(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "user_id": None if endpoint.account_id == ADMIN_ACCOUNT else endpoint.account_id,
        **shown_endpoint(endpoint),
    }


def _delivery_place(delivery: Listed) -> str:
    return str(delivery.number)


def _shown_delivery(delivery: Listed) -> dict[str, Any]:
    return shown_delivery(delivery) | {"data": None}
