"""``/api/admin/v1/operations``: long work, with its progress."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.http.query_text import QueryText
from api.http.state import state_of
from api.operations.files import ZIP, download
from api.operations.models import OperationAnswer, OperationPage, State
from api.operations.shown import shown
from api.reference.openapi import answers
from api.resources.access import Allows
from api.resources.changing import Answer, DryRun, answer_one, perform
from api.resources.listing import Cursor, Format, Limit, beyond_id, listed
from domain.access.actors import Actor
from services.changes import Change, change
from services.operations.changing import cancel_operation, find_operation
from store.operations import operations
from store.operations.operations import Filter, Operation

router = APIRouter(prefix="/api/admin/v1/operations", tags=["admin: operations"])

OperationId = Annotated[UUID, Path(description="The operation's id.")]
_Reader = Annotated[Actor, Depends(Allows("operations:read"))]


@router.get("", summary="Operations, newest first", response_model=None, responses=answers(OperationPage))
async def list_operations(
    request: Request,
    _: Annotated[Actor, Depends(Allows("operations:read", may_repeat=("state",)))],
    state: Annotated[list[State], Query()] = [],
    kind: Annotated[QueryText | None, Query(max_length=100, description="Such as `users.bulk`.")] = None,
    user: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="Whose data they work on.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Filters that are given all apply; a repeated `state` means any of them."""
    pool, wanted = state_of(request).pool, Filter(state, kind, user)

    async def page(below: UUID | None, most: int) -> list[Operation]:
        return await operations.page(pool, wanted, below, most)

    return await listed(request, limit, cursor, format, beyond_id(page), shown)


@router.get("/{operation}", summary="Read an operation", response_model=None, responses=answers(OperationAnswer))
async def get_operation(request: Request, operation: OperationId, _: _Reader) -> Response:
    """How far it is, what failed, and what came of it."""
    found = await find_operation(state_of(request).pool, operation)
    return answer_one(shown(found), f"the operation is {found.state}")


@router.get("/{operation}/result", summary="Download what an operation has made", response_model=None, responses=ZIP)
async def get_operation_files(
    request: Request, operation: OperationId, actor: Annotated[Actor, Depends(Allows("users:export"))]
) -> Response:
    """A ZIP file of `<table>.ndjson`, for 7 days. It is logged, and needs `messages:reveal`, too."""
    pool = state_of(request).pool
    found = await find_operation(pool, operation)
    files = await download(pool, found)
    async with change(pool, actor, "operation.downloaded") as made:
        made.about("operation", found.id, found.kind)
        actor.check("messages:reveal")
    return files


@router.post(
    "/{operation}/cancel",
    summary="Cancel an operation",
    response_model=None,
    responses=answers(OperationAnswer, 409),
)
async def cancel_any_operation(
    request: Request,
    operation: OperationId,
    actor: Annotated[Actor, Depends(Allows("operations:write"))],
    dry_run: DryRun = False,
) -> Response:
    """It does nothing more. What it has done stays."""

    async def work(made: Change) -> Answer:
        return "cancelled", shown(await cancel_operation(made, operation))

    return await perform(request, actor, "operation.cancelled", work, dry_run=dry_run)
