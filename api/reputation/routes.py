"""``/api/reputation``: how an account's messages are received, and what the reputation guard found."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.http.auth import requires
from api.http.state import state_of
from api.reference.openapi import answers
from api.reputation.models import ReputationAnswer
from api.resources.access import check_known
from api.resources.changing import answer_one
from services.reputation import shown
from store.accounts.api_keys import Principal

router = APIRouter(prefix="/api/reputation", tags=["reputation"])


@router.get("", summary="Your reputation", response_model=None, responses=answers(ReputationAnswer))
async def get_reputation(request: Request, principal: Annotated[Principal, Depends(requires("read"))]) -> Response:
    """Rates of bad reports, what you were warned of, what is paused, and what to do about it."""
    check_known(request)
    state = state_of(request)
    return answer_one(await shown.of_user(state.pool, state.settings.for_install, principal.account_id))
