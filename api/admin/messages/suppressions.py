"""``/api/admin/v1/suppressions``: who gets no more messages, of all accounts."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from api.admin.messages.revealing import Reveal, is_revealed
from api.http.body import parse_body, read_body
from api.http.query_text import QueryText
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import Allows
from api.resources.changing import Answer, DryRun, perform
from api.resources.listing import Cursor, Format, Limit, listed, place_in_time, read_place
from domain.access.actors import Actor
from domain.channels import Channel
from domain.text.masking import mask
from services import suppressions as rules
from services.changes import Change
from store.audience import suppressions
from store.audience.suppressions import Suppression
from store.pool import Pool

router = APIRouter(prefix="/api/admin/v1/suppressions", tags=["admin: messages"])

_Reader = Annotated[Actor, Depends(Allows("suppressions:read"))]
_Writer = Annotated[Actor, Depends(Allows("suppressions:write"))]
_User = Annotated[int | None, Query(ge=1, le=2**63 - 1, description="Only of this user.")]
_Recipient = Annotated[QueryText | None, Query(max_length=320, description="A number with `+`, or an address.")]


class WhoIsSuppressed(BaseModel):
    """A recipient of an account."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: Annotated[StrictInt, Field(ge=1, le=2**63 - 1)]
    channel: Channel
    recipient: Annotated[StrictStr, Field(max_length=320)]


class Suppress(WhoIsSuppressed):
    """A recipient who is to get no more messages."""

    reason: Annotated[StrictStr, Field(max_length=rules.LONGEST_REASON)] = ""


class SuppressionEntry(BaseModel):
    """A recipient who gets no more messages."""

    user_id: int
    channel: Channel
    recipient: str
    reason: str
    created_at: datetime
    until: datetime | None = Field(description="When it ends; `null`: never by itself.")
    uid: UUID | None = Field(description="The message that it followed from, where that is known.")


class SuppressionPage(BaseModel):
    """A page of them."""

    data: list[SuppressionEntry]
    next_cursor: str | None


class SuppressionAnswer(BaseModel):
    """One of them."""

    success: bool
    message: str
    data: SuppressionEntry
    dry_run: bool = False


_one: dict[str, Any] = {"response_model": None, "responses": answers(SuppressionAnswer, 404)}


@router.get("", summary="Suppressions, newest first", response_model=None, responses=answers(SuppressionPage))
async def list_all_suppressions(
    request: Request,
    actor: _Reader,
    user: _User = None,
    channel: Channel | None = None,
    recipient: _Recipient = None,
    reason: Annotated[QueryText | None, Query(max_length=200)] = None,
    reveal: Reveal = False,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """For staff recipients are masked. They can be searched by as they are."""
    state = state_of(request)
    is_shown = await is_revealed(request, actor, reveal, "suppressions", user or "all")
    wanted = suppressions.Filter(user, channel, recipient, reason)
    fetch = partial(_fetch, state.pool, wanted)
    return await listed(request, limit, cursor, format, fetch, partial(_shown, is_shown), _place)


@router.post("", summary="Suppress a recipient", openapi_extra=documented_body(Suppress), **_one)
async def suppress_recipient(request: Request, actor: _Writer, dry_run: DryRun = False) -> Response:
    """It gets no more messages of this user on this channel, also none of those that wait. Safe to repeat."""
    body = parse_body(await read_body(request), Suppress)

    async def work(made: Change) -> Answer:
        added = await rules.suppress(made, body.user, body.channel, body.recipient, body.reason)
        return "suppressed", _shown(True, added)

    return await perform(request, actor, "suppression.added", work, dry_run=dry_run)


@router.post("/remove", summary="End a suppression", openapi_extra=documented_body(WhoIsSuppressed), **_one)
async def unsuppress_recipient(request: Request, actor: _Writer, dry_run: DryRun = False) -> Response:
    """The user may send to this recipient again. Make sure that the recipient wants that."""
    body = parse_body(await read_body(request), WhoIsSuppressed)

    async def work(made: Change) -> Answer:
        return "ended", _shown(True, await rules.unsuppress(made, body.user, body.channel, body.recipient))

    return await perform(request, actor, "suppression.removed", work, dry_run=dry_run)


async def _fetch(pool: Pool, wanted: suppressions.Filter, place: str | None, most: int) -> Any:
    return await suppressions.page(pool, wanted, read_place(place, int, str, str), most)


def _place(row: Suppression) -> str:
    return place_in_time(row.created_at, row.account_id, row.channel, row.recipient)


def _shown(is_shown: bool, row: Suppression) -> dict[str, Any]:
    return {
        "user_id": row.account_id,
        "channel": row.channel,
        "recipient": row.recipient if is_shown else mask(row.recipient),
        "reason": row.reason,
        "created_at": row.created_at,
        "until": row.until,
        "uid": row.uid,
    }
