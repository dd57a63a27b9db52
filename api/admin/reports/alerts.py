"""``/api/admin/v1/alerts``: alerts of the install that last."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.http.json_response import json_response
from api.http.state import state_of
from api.reference.openapi import answers
from api.resources.access import Allows
from domain.access.actors import Actor
from services.alerts.telling import shown
from store.alerts.alerts import all_alerts

router = APIRouter(prefix="/api/admin/v1/alerts", tags=["admin: reports"])


class OpenAlert(BaseModel):
    """A trouble of the install that lasts."""

    model_config = ConfigDict(extra="forbid")

    id: UUID = Field(description="Of this time that it lasts.")
    key: str = Field(description="The check, and what it is about.")
    check: str
    level: Literal["warning", "failure"]
    message: str
    remedy: str = Field(description="What to do.")
    since: datetime
    last_told_at: datetime


class AlertNow(OpenAlert):
    """An alert, when it is told."""

    ended_at: datetime | None = Field(description="`null`: it lasts.")


class AlertTold(BaseModel):
    """The install alerts its operators."""

    type: Literal["alert.raised", "alert.lasts", "alert.ended"]
    timestamp: datetime
    data: AlertNow


class OpenAlertList(BaseModel):
    """All alerts that last."""

    model_config = ConfigDict(extra="forbid")

    data: list[OpenAlert]
    next_cursor: None


@router.get("", summary="Alerts that last", response_model=None, responses=answers(OpenAlertList))
async def list_alerts(request: Request, _: Annotated[Actor, Depends(Allows("overview:read"))]) -> Response:
    """What operators were told of and is not over, the oldest first. Workers look every minute."""
    found = await all_alerts(state_of(request).pool, told_only=True)
    return json_response({"data": [shown(one) for one in found], "next_cursor": None})
