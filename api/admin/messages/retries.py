"""``/api/admin/v1/retries``: how far failed runs of automations have come that go on, and stopping that."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from api.automations.results.failure_models import RetryAnswer
from api.automations.results.failures import shown_retry
from api.http.state import state_of
from api.reference.openapi import answers
from api.resources.access import Allows
from api.resources.changing import Answer, DryRun, answer_one, perform
from domain.access.actors import Actor
from services.automations.results import retrying
from services.changes import Change

router = APIRouter(prefix="/api/admin/v1/retries", tags=["admin: messages"])

_Reader = Annotated[Actor, Depends(Allows("messages:read"))]
_Stopper = Annotated[Actor, Depends(Allows("messages:replay"))]
_one: dict[str, Any] = {"response_model": None, "responses": answers(RetryAnswer, 404, 409)}


@router.get("/{retry}", summary="How far failed runs of any user have come that go on", **_one)
async def get_any_retry(request: Request, retry: UUID, _: _Reader) -> Response:
    """As `POST …/replay` answered it, until `state` is `done` or `stopped`."""
    return answer_one(shown_retry(await retrying.find_any(state_of(request).pool, retry)))


@router.post("/{retry}/stop", summary="Have no further runs of any user go on", **_one)
async def stop_any_retry(request: Request, retry: UUID, actor: _Stopper, dry_run: DryRun = False) -> Response:
    """Those that go on already do."""

    async def work(made: Change) -> Answer:
        return "stopped", shown_retry(await retrying.stop_any(made, retry))

    return await perform(request, actor, "automation.retry_stopped", work, dry_run=dry_run)
