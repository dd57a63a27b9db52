"""``/api/attention`` and ``/api/admin/v1/attention``: what somebody should look at now."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.http.auth import requires
from api.http.json_response import json_response
from api.http.state import state_of
from api.reference.openapi import answers
from api.resources.access import Allows, check_known
from domain.access.actors import Actor
from services.attention.finding import Item, of_account, of_install
from store.accounts.api_keys import Principal

router = APIRouter(prefix="/api/attention", tags=["usage"])
admin_router = APIRouter(prefix="/api/admin/v1/attention", tags=["admin: reports"])


class AttentionItem(BaseModel):
    """Something that needs attention."""

    model_config = ConfigDict(extra="forbid")

    kind: str = Field(description="For programs: new ones may come.", examples=["gateway_failing"])
    level: Literal["failure", "warning"]
    message: str
    remedy: str = Field(description="What to do.")
    count: int = Field(ge=1, le=100)
    more: bool = Field(description="There are more than 100.")
    id: str | None = Field(description="Of one of them: what its own routes take.")
    name: str | None = Field(description="Of the same.")
    since: datetime | None = Field(description="Of the oldest; of what ends soon, when it ends.")


class AttentionList(BaseModel):
    """All that needs attention."""

    model_config = ConfigDict(extra="forbid")

    data: list[AttentionItem]
    next_cursor: None


@router.get("", summary="What needs your attention", response_model=None, responses=answers(AttentionList))
async def list_attention(request: Request, principal: Annotated[Principal, Depends(requires("read"))]) -> Response:
    """Failures first, one item for each kind. It costs little: ask as often as every half minute."""
    check_known(request)
    return _answer(await of_account(state_of(request).pool, principal.account_id))


@admin_router.get(
    "", summary="What of the install needs attention", response_model=None, responses=answers(AttentionList)
)
async def list_install_attention(
    request: Request, actor: Annotated[Actor, Depends(Allows("overview:read"))]
) -> Response:
    """Of all accounts: only what your role may read. Alerts that last are items of their own."""
    return _answer(await of_install(state_of(request).pool, actor.permissions))


def _answer(items: Sequence[Item]) -> Response:
    return json_response({"data": [asdict(item) for item in items], "next_cursor": None})
