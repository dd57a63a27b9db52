"""``…/credits/alerts``: when a user, or its staff, wants to hear that a wallet runs low."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictInt

from api.admin.paths import UserId
from api.credits.routes import Manager, Reader
from api.http.body import parse_body, read_body
from api.http.json_response import json_response
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import Allows
from api.resources.changing import Answer, DryRun, answer_one, check_match, perform
from domain.access.actors import Actor
from domain.channels import Channel
from services.accounts import credit_alerts as rules
from services.changes import Change
from store.accounts import accounts
from store.accounts.credits import LARGEST_AMOUNT
from store.credits import alerts
from store.credits.alerts import Threshold

router = APIRouter(prefix="/api/credits/alerts", tags=["credits"])
admin_router = APIRouter(prefix="/api/admin/v1/users", tags=["admin: credits"])


class AlertBelow(BaseModel):
    """When a wallet is low: one of the two."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    amount: Annotated[StrictInt, Field(ge=1, le=LARGEST_AMOUNT)] | None = None
    percent: Annotated[StrictInt, Field(ge=1, le=100)] | None = Field(
        default=None, description="Of what the plan grants for a period."
    )


class PutAlerts(BaseModel):
    """All alerts: a channel that is left out, or `null`, has none."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    email: AlertBelow | None = None
    sms: AlertBelow | None = None
    whatsapp: AlertBelow | None = None


class CreditAlert(BaseModel):
    """An alert of a wallet."""

    model_config = ConfigDict(extra="forbid")

    amount: int | None
    percent: int | None
    below: int | None = Field(description="In credits; `null`: the plan grants none here.")
    low_since: datetime | None = Field(description="`null`: it is not low.")


class CreditAlertsAnswer(BaseModel):
    """Alerts, by channel."""

    model_config = ConfigDict(extra="forbid")

    success: Literal[True]
    message: str
    data: dict[Channel, CreditAlert]
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


@router.get("", summary="Your alerts of low credits", response_model=None, responses=answers(CreditAlertsAnswer))
async def get_credit_alerts(request: Request, principal: Reader) -> Response:
    """By channel."""
    return _answer("found", await rules.read(state_of(request).pool, principal.account_id))


@router.put(
    "",
    summary="Set your alerts of low credits",
    response_model=None,
    responses=answers(CreditAlertsAnswer),
    openapi_extra=documented_body(PutAlerts),
)
async def put_credit_alerts(request: Request, principal: Manager) -> Response:
    """Replaces all of them. `credit.low` is posted to your callback endpoints, once whenever a wallet becomes low.

    It is also mailed to your address, if the install has a mail server.
    """
    wanted = await _wanted(request)
    pool = state_of(request).pool
    await alerts.put(pool, principal.account_id, wanted)
    return _answer("set", await rules.read(pool, principal.account_id))


@admin_router.get(
    "/{account}/credits/alerts",
    summary="A user's alerts of low credits",
    response_model=None,
    responses=answers(CreditAlertsAnswer),
)
async def get_user_credit_alerts(
    request: Request, account: UserId, _: Annotated[Actor, Depends(Allows("credits:read"))]
) -> Response:
    """By channel."""
    pool = state_of(request).pool
    await accounts.get(pool, account)
    return answer_one(await rules.read(pool, account))


@admin_router.put(
    "/{account}/credits/alerts",
    summary="Set a user's alerts of low credits",
    response_model=None,
    responses=answers(CreditAlertsAnswer, 412),
    openapi_extra=documented_body(PutAlerts),
)
async def put_user_credit_alerts(
    request: Request,
    account: UserId,
    actor: Annotated[Actor, Depends(Allows("credits:write"))],
    dry_run: DryRun = False,
) -> Response:
    """Replaces all of them; the user may change them again."""
    wanted = await _wanted(request)

    async def work(made: Change) -> Answer:
        check_match(request, await rules.read(made.store, account))
        return "set", await rules.put(made, account, wanted)

    return await perform(request, actor, "user.credit_alerts_set", work, dry_run=dry_run)


async def _wanted(request: Request) -> dict[str, Threshold]:
    return rules.thresholds(parse_body(await read_body(request), PutAlerts).model_dump())


def _answer(message: str, data: dict[str, Any]) -> Response:
    return json_response({"success": True, "message": message, "data": data})
