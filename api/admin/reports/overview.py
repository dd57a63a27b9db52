"""``/api/admin/v1/overview``: the figures of the home page."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from api.admin.reports.models import OverviewAnswer
from api.http.json_response import json_response
from api.http.state import state_of
from api.reference.openapi import answers
from api.resources.access import Allows
from domain.access.actors import Actor
from store.reports import overview
from store.reports.usage import Usage

router = APIRouter(prefix="/api/admin/v1/overview", tags=["admin: reports"])

_STATUSES = ("active", "suspended", "deleted")


@router.get("", summary="How the install is doing", response_model=None, responses=answers(OverviewAnswer))
async def get_overview(request: Request, _: Annotated[Actor, Depends(Allows("overview:read"))]) -> Response:
    """Costs the same however many messages there are. Days are those of usage (`GET /api/admin/v1/usage`)."""
    found = await overview.read(state_of(request).pool, datetime.now(UTC).date())
    data = {
        "accounts": {status: found.accounts.get(status, 0) for status in _STATUSES},
        "today": _period(found.today),
        "last_7_days": _period(found.last_days),
        "gateways": [asdict(gateway) | {"owner": gateway.owner or None} for gateway in found.gateways],
        "running_batches": found.batches,
        "workers": [asdict(worker) for worker in found.workers],
        "queue_slowdown": None if found.slowdown is None else round(found.slowdown, 2),
    }
    return json_response({"success": True, "message": "found", "data": data})


def _period(rows: Sequence[Usage]) -> dict[str, Any]:
    channels = {row.key["channel"]: {k: v for k, v in row.shown().items() if k != "channel"} for row in rows}
    return {"channels": channels, "credits": sum(row.credits for row in rows)}
