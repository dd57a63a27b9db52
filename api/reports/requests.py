"""``/api/requests``: the log of a user's own requests."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.http.auth import requires
from api.http.query_text import Moment
from api.reference.openapi import answers
from api.reports.models import RequestPage
from api.reports.request_list import KeyId, Method, Path, RequestId, Status, first_digit, list_requests_of, shown
from api.resources.access import check_known
from api.resources.listing import Cursor, Format, Limit
from store.accounts.api_keys import Principal
from store.reports.request_log import Filter

router = APIRouter(prefix="/api/requests", tags=["usage"])


@router.get("", summary="Your requests, newest first", response_model=None, responses=answers(RequestPage))
async def list_requests(
    request: Request,
    principal: Annotated[Principal, Depends(requires("read"))],
    key: KeyId = None,
    status: Status = None,
    method: Method = None,
    path: Path = None,
    request_id: RequestId = None,
    occurred_after: Moment | None = None,
    occurred_before: Moment | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Kept for 7 days: those that failed, with what was sent, and of the others the first 60 of each minute."""
    check_known(request)
    wanted = Filter(
        principal.account_id, key, first_digit(status), method, path, occurred_after, occurred_before, request_id
    )
    return await list_requests_of(request, wanted, limit, cursor, format, shown)
