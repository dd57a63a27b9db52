"""``/api/admin/v1/usage``: counters of messages of all users."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from api.admin.reports.models import AnyUsagePage
from api.reference.openapi import answers
from api.reports.usage_list import First, Last, list_by
from api.resources.access import Allows
from api.resources.listing import Cursor, Format, Limit
from domain.access.actors import Actor
from domain.channels import Channel
from services.usage import period
from store.reports.usage import Filter, Group

router = APIRouter(prefix="/api/admin/v1/usage", tags=["admin: reports"])

_Reader = Annotated[Actor, Depends(Allows("usage:read", may_repeat=("group_by",)))]


@router.get("", summary="Usage of all users", response_model=None, responses=answers(AnyUsagePage))
async def list_all_usage(
    request: Request,
    _: _Reader,
    group_by: Annotated[list[Group], Query(description="What each row is of; may be repeated.")] = ["day"],
    user: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="Only of this user.")] = None,
    channel: Channel | None = None,
    gateway: Annotated[UUID | None, Query(description="Only of the gateway with this id.")] = None,
    first: First = None,
    last: Last = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Messages by the day on which they were accepted, and what has become of them since; the latest day first."""
    wanted = Filter(*period(first, last), user, channel, gateway)
    return await list_by(request, wanted, group_by, limit, cursor, format)
