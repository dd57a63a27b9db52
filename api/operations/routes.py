"""``/api/operations``: long operations that a user's own key began."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from api.http.auth import requires
from api.http.state import state_of
from api.operations.models import OperationAnswer
from api.operations.shown import shown
from api.reference.openapi import answers
from api.resources.changing import answer_one
from services.operations.changing import find_operation
from store.accounts.api_keys import Principal

router = APIRouter(prefix="/api/operations", tags=["operations"])

_Reader = Annotated[Principal, Depends(requires("read"))]


@router.get("/{operation}", summary="Read a long operation", response_model=None, responses=answers(OperationAnswer))
async def get_own_operation(request: Request, operation: UUID, principal: _Reader) -> Response:
    """One that a key of yours began."""
    found = await find_operation(state_of(request).pool, operation, principal.account_id)
    return answer_one(shown(found), f"the operation is {found.state}")
