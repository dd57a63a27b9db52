"""``/api/operations``: long operations that a user's own key began."""

from typing import Annotated
from uuid import UUID, uuid4

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from api.http.auth import requires
from api.http.idempotency import KeyClaim, once
from api.http.query_text import QueryText
from api.http.state import state_of
from api.operations.files import ZIP, download
from api.operations.models import OperationAnswer, OperationPage, State
from api.operations.shown import shown
from api.reference.openapi import IDEMPOTENCY_HEADER, answers
from api.resources.access import check_known, user_actor
from api.resources.changing import Answer, DryRun, answer_one, perform
from api.resources.listing import Cursor, Format, Limit, beyond_id, listed
from services.accounts.leaving import begin_export
from services.changes import Change, change
from services.operations import changing as rules
from store.accounts.api_keys import Principal
from store.operations import operations
from store.operations.operations import Filter, Operation

router = APIRouter(prefix="/api/operations", tags=["operations"])

export_router = APIRouter(prefix="/api/export", tags=["operations"])

_Reader = Annotated[Principal, Depends(requires("read"))]


@router.get("", summary="Your long operations, newest first", response_model=None, responses=answers(OperationPage))
async def list_own_operations(
    request: Request,
    principal: _Reader,
    state: State | None = None,
    kind: Annotated[QueryText | None, Query(max_length=100, description="Such as `contacts.import`.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Those that a key of yours, or you in the panel, began: exports, imports, erasures, replays."""
    check_known(request)
    pool, own = state_of(request).pool, principal.account_id
    wanted = Filter([state] if state else [], kind, own, own)

    async def page(below: UUID | None, most: int) -> list[Operation]:
        return await operations.page(pool, wanted, below, most)

    return await listed(request, limit, cursor, format, beyond_id(page), shown)


@router.get("/{operation}", summary="Read a long operation", response_model=None, responses=answers(OperationAnswer))
async def get_own_operation(request: Request, operation: UUID, principal: _Reader) -> Response:
    """One that a key of yours began."""
    found = await rules.find_operation(state_of(request).pool, operation, principal.account_id)
    return answer_one(shown(found), f"the operation is {found.state}")


@router.get("/{operation}/result", summary="Download what an operation has made", response_model=None, responses=ZIP)
async def get_own_operation_files(request: Request, operation: UUID, principal: _Reader) -> Response:
    """A ZIP file of `<table>.ndjson`, of an export of yours, for 7 days."""
    pool = state_of(request).pool
    return await download(pool, await rules.find_operation(pool, operation, principal.account_id))


@router.post(
    "/{operation}/cancel",
    summary="Cancel a long operation",
    response_model=None,
    responses=answers(OperationAnswer, 409),
)
async def cancel_own_operation(
    request: Request, operation: UUID, principal: _Reader, dry_run: DryRun = False
) -> Response:
    """It does nothing more. What it has done stays. The key needs the scope with which such an operation is begun."""
    check_known(request)

    async def work(made: Change) -> Answer:
        ended = await rules.cancel_own_operation(made, operation, principal.account_id, principal.scopes)
        return "cancelled", shown(ended)

    return await perform(request, user_actor(request, principal), "operation.cancelled", work, dry_run=dry_run)


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
