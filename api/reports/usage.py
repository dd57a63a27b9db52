"""``/api/usage``: a user's own counters of messages."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from api.http.auth import requires
from api.reference.openapi import answers
from api.reports.models import UsagePage
from api.reports.usage_list import First, Last, list_by
from api.resources.access import check_known
from api.resources.listing import Cursor, Format, Limit
from domain.channels import Channel
from services.usage import period
from store.accounts.api_keys import Principal
from store.reports.usage import Filter

router = APIRouter(prefix="/api/usage", tags=["usage"])

_Group = Literal["day", "channel", "gateway"]


@router.get("", summary="Your usage", response_model=None, responses=answers(UsagePage))
async def list_usage(
    request: Request,
    principal: Annotated[Principal, Depends(requires("read", may_repeat=("group_by",)))],
    group_by: Annotated[list[_Group], Query(description="What each row is of; may be repeated.")] = ["day"],
    channel: Channel | None = None,
    gateway: Annotated[UUID | None, Query(description="Only of the gateway with this id.")] = None,
    first: First = None,
    last: Last = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Messages by the day on which they were accepted, and what has become of them since; the latest day first."""
    check_known(request)
    wanted = Filter(*period(first, last), principal.account_id, channel, gateway)
    return await list_by(request, wanted, group_by, limit, cursor, format)
