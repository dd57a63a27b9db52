"""``/api/admin/v1/audit``: who did what to which object."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from api.admin.access import models
from api.http.query_text import Moment, QueryText
from api.http.state import state_of
from api.reference.openapi import answers
from api.resources.access import Allows
from api.resources.listing import Cursor, Format, Limit, below_id, listed
from domain.access.actors import Actor
from store.access import audit
from store.access.audit import as_told

router = APIRouter(prefix="/api/admin/v1/audit", tags=["admin: audit"])

_Key = Annotated[QueryText | None, Query(max_length=300)]


@router.get("", summary="The audit log, newest first", response_model=None, responses=answers(models.AuditPage))
async def list_audit(
    request: Request,
    _: Annotated[Actor, Depends(Allows("audit:read", may_repeat=("action", "outcome")))],
    action: Annotated[list[QueryText], Query(max_length=20, description="Such as `user.created`.")] = [],
    outcome: Annotated[list[Literal["ok", "denied", "failed"]], Query()] = [],
    actor: Annotated[_Key, Query(description="`staff:7`, `key:<id>`, or `cli:cli`.")] = None,
    target: Annotated[_Key, Query(description="What it was done to: `user:7`.")] = None,
    occurred_after: Moment | None = None,
    occurred_before: Moment | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Denied attempts included. Nothing in it can be changed: each event has the hash of the one before."""
    wanted = audit.Filter(action, outcome, actor, target, occurred_after, occurred_before)
    fetch = below_id(partial(audit.page, state_of(request).pool, wanted))
    return await listed(request, limit, cursor, format, fetch, as_told)
