"""Rules for callback endpoints that staff changes."""

from uuid import UUID

from domain.errors import ConflictError, NotFoundError
from services.changes import Change
from store.callbacks import callback_deliveries, callback_endpoints
from store.callbacks.callback_endpoints import Endpoint
from store.pool import Connections


async def find(pool: Connections, endpoint_id: UUID) -> Endpoint:
    """An endpoint, whosever it is.

    Raises:
        NotFoundError: there is none of this id.
    """
    endpoint = await callback_endpoints.find(pool, endpoint_id)
    if endpoint is None:
        raise NotFoundError("callback_not_found", "there is no callback endpoint with this id")
    return endpoint


async def set_enabled(change: Change, endpoint_id: UUID, enabled: bool) -> Endpoint:
    """Enable an endpoint, or disable it. A repeat changes nothing.

    Raises:
        NotFoundError: there is none of this id.
    """
    before = await _find(change, endpoint_id)
    if before.enabled != enabled:
        await callback_endpoints.change(change.store, endpoint_id, before.account_id, {"enabled": enabled})
    after = await find(change.store, endpoint_id)
    change.compare({"enabled": before.enabled}, {"enabled": after.enabled})
    return after


async def replay(change: Change, endpoint_id: UUID, delivery_id: UUID) -> None:
    """Repeat a delivery; its endpoint is to be woken.

    Raises:
        NotFoundError: there is no such endpoint, or it has no such delivery.
        ConflictError: the endpoint is disabled.
    """
    endpoint = await _find(change, endpoint_id)
    change.about("delivery", delivery_id)
    if not endpoint.enabled:
        raise ConflictError("callback_disabled", "this endpoint is disabled: enable it first")
    if not await callback_deliveries.replay(change.store, endpoint_id, delivery_id):
        raise NotFoundError("delivery_not_found", "this endpoint has no delivery with this id")


async def _find(change: Change, endpoint_id: UUID) -> Endpoint:
    endpoint = await find(change.store, endpoint_id)
    change.about("callback", endpoint_id)
    return endpoint
