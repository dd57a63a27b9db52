"""``/api/operations``: long operations that a user's own key began."""

from typing import Annotated
from uuid import UUID, uuid4

import orjson
from fastapi import APIRouter, Depends, Request, Response

from api.http.auth import requires
from api.http.idempotency import KeyClaim, once
from api.http.state import state_of
from api.operations.files import ZIP, download
from api.operations.models import OperationAnswer
from api.operations.shown import shown
from api.reference.openapi import IDEMPOTENCY_HEADER, answers
from api.resources.access import user_actor
from api.resources.changing import answer_one
from services.accounts.leaving import begin_export
from services.changes import change
from services.operations.changing import find_operation
from store.accounts.api_keys import Principal

router = APIRouter(prefix="/api/operations", tags=["operations"])

export_router = APIRouter(prefix="/api/export", tags=["operations"])

_Reader = Annotated[Principal, Depends(requires("read"))]


@router.get("/{operation}", summary="Read a long operation", response_model=None, responses=answers(OperationAnswer))
async def get_own_operation(request: Request, operation: UUID, principal: _Reader) -> Response:
    """One that a key of yours began."""
    found = await find_operation(state_of(request).pool, operation, principal.account_id)
    return answer_one(shown(found), f"the operation is {found.state}")


@router.get("/{operation}/result", summary="Download what an operation has made", response_model=None, responses=ZIP)
async def get_own_operation_files(request: Request, operation: UUID, principal: _Reader) -> Response:
    """A ZIP file of `<table>.ndjson`, of an export of yours, for 7 days."""
    pool = state_of(request).pool
    return await download(pool, await find_operation(pool, operation, principal.account_id))


@export_router.post(
    "",
    summary="Export all your data",
    response_model=None,
    responses=answers(OperationAnswer, 409),
    openapi_extra={"parameters": [IDEMPOTENCY_HEADER]},
)
async def export_own_data(request: Request, principal: _Reader) -> Response:
    """As files of lines of JSON, by an operation; see `GET /api/operations/{operation}/result`."""
    state = state_of(request)

    async def begin(_: KeyClaim) -> bytes:
        async with change(state.pool, user_actor(request, principal), "user.exported") as made:
            begun = shown(await begin_export(made, principal.account_id, principal.account_id))
        return orjson.dumps({"success": True, "message": "begun", "data": begun}, option=orjson.OPT_UTC_Z)

    return await once(request, principal.account_id, b"", uuid4(), begin)
