"""``POST /api/admin/v1/users/bulk``: many changes of users at once."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from api.admin.accounts.bulk_models import BulkAnswer, BulkUsers
from api.http.body import MAX_BODY, read_body, validate
from api.http.errors import ApiError
from api.http.idempotency import KeyClaim
from api.http.request_cost import count_values
from api.operations.shown import shown
from api.reference.openapi import answers, documented_body
from api.resources.access import Allows
from api.resources.changing import Answer, DryRun, perform_many, perform_once
from domain.access.actors import Actor
from domain.text.strict_json import loads
from services.accounts import bulk
from services.changes import Change, Changes
from store.operations import operations

router = APIRouter(prefix="/api/admin/v1/users", tags=["admin: users"])

_MAX_VALUES = 20 * bulk.MOST_ITEMS
"""Values in a body: an item has a dozen."""


@router.post(
    "/bulk",
    summary="Change many users",
    response_model=None,
    responses=answers(BulkAnswer, 409),
    openapi_extra=documented_body(BulkUsers, idempotent=True),
)
async def change_users(
    request: Request,
    actor: Annotated[Actor, Depends(Allows("users:write"))],
    is_async: Annotated[
        bool, Query(alias="async", description=f"Answer at once, with an operation; so are more than {bulk.AT_ONCE}.")
    ] = False,
    dry_run: DryRun = False,
) -> Response:
    """Each item has a result of its own. Some actions need `users:delete` or `credits:write` as well."""
    raw = await read_body(request, MAX_BODY)
    if count_values(raw) > _MAX_VALUES:
        raise ApiError(413, "too_many_values", f"the body holds more than {_MAX_VALUES} values")
    body: BulkUsers = validate(loads(raw), BulkUsers)
    items = [_item(item.model_dump(mode="json", exclude_unset=True)) for item in body.items]
    if not dry_run and (is_async or len(items) > bulk.AT_ONCE):
        return await _queue(request, actor, raw, items)

    async def work(made: Changes, claim: KeyClaim) -> Answer:
        bulk.check_permissions(actor, items)
        results = await bulk.apply(made, items, claim.id)
        failed = sum(not result["success"] for result in results)
        message = f"{len(results) - failed} done, {failed} refused"
        return message, {"failed": failed, "results": results, "operation": None}

    return await perform_many(request, actor, raw, work, dry_run=dry_run)


async def _queue(request: Request, actor: Actor, raw: bytes, items: list[dict[str, Any]]) -> Response:
    async def work(made: Change, claim: KeyClaim) -> Answer:
        bulk.check_permissions(actor, items)
        queued = await _add(made, items, claim.id)
        made.about("operation", queued.id, queued.kind)
        return "queued", {"failed": None, "results": None, "operation": shown(queued)}

    return await perform_once(request, actor, "users.bulk_queued", raw, work, dry_run=False)


async def _add(made: Change, items: list[dict[str, Any]], id_: UUID) -> operations.Operation:
    made.metadata["items"] = len(items)
    return await operations.add(made.store, "users.bulk", made.actor, {"items": items, "id": str(id_)})


def _item(item: dict[str, Any]) -> dict[str, Any]:
    """With our names."""
    return {("default_region" if name == "region" else name): value for name, value in item.items()}
