"""``/api/admin/v1/requests``: the log of all requests."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from api.admin.reports.models import AnyRequestPage
from api.http.query_text import Moment
from api.reference.openapi import answers
from api.reports.request_list import KeyId, Method, Path, RequestId, Status, first_digit, list_requests_of, shown
from api.resources.access import Allows
from api.resources.listing import Cursor, Format, Limit
from domain.access.actors import Actor
from store.reports.request_log import Entry, Filter

router = APIRouter(prefix="/api/admin/v1/requests", tags=["admin: reports"])


@router.get("", summary="Requests, newest first", response_model=None, responses=answers(AnyRequestPage))
async def list_all_requests(
    request: Request,
    _: Annotated[Actor, Depends(Allows("requests:read"))],
    user: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="Only of this user.")] = None,
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
    wanted = Filter(user, key, first_digit(status), method, path, occurred_after, occurred_before, request_id)
    return await list_requests_of(request, wanted, limit, cursor, format, _shown)


def _shown(entry: Entry) -> dict[str, Any]:
    return shown(entry) | {"user_id": entry.account_id or None}
