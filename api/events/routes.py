"""``/api/events``: what happened to contacts elsewhere."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictStr, model_validator

from api.consent.access import Holder
from api.http.body import parse_small, read_body, validate
from api.http.json_response import json_response
from api.http.query_text import Moment
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from services.audience.events import posting
from services.audience.events.posting import MOST, PostedEvent

router = APIRouter(prefix="/api/events", tags=["segments"])

_LARGEST_BODY = 4 * 1024 * 1024
_MOST_VALUES = 50_000


class EventContact(BaseModel):
    """Whom it happened to: exactly one of these."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: UUID | None = None
    external_id: Annotated[StrictStr, Field(max_length=500)] | None = None
    email: Annotated[StrictStr, Field(max_length=500)] | None = None
    phone: Annotated[StrictStr, Field(max_length=100)] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError("give exactly one of id, external_id, email and phone")
        return self


class PostedEventBody(BaseModel):
    """An event."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[StrictStr, Field(max_length=520, examples=["order.paid"])]
    contact: EventContact
    data: dict[str, Any] = Field(default={}, description="Up to 16,000 bytes.")
    at: Moment | None = Field(default=None, description="Left out: now.")
    id: Annotated[StrictStr, Field(min_length=1, max_length=200)] | None = Field(
        default=None, description="Your own: an event is recorded once for each."
    )


class PostEvents(BaseModel):
    """Up to 500 events."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    events: Annotated[list[PostedEventBody], Field(min_length=1, max_length=MOST)]


class EventResult(BaseModel):
    """What became of an event."""

    model_config = ConfigDict(extra="forbid")

    id: str | None
    result: posting.Result = Field(description="`repeated`: there is one of this id already.")


class EventsAnswer(BaseModel):
    """What became of each, in their order."""

    model_config = ConfigDict(extra="forbid")

    success: Literal[True]
    message: str
    data: list[EventResult]


@router.post(
    "",
    summary="Record events of contacts",
    response_model=None,
    responses=answers(EventsAnswer),
    openapi_extra=documented_body(PostEvents),
)
async def post_events(request: Request, principal: Holder) -> Response:
    """Conditions ask for them. An event without `events` around it is one of its own."""
    value = parse_small(await read_body(request, _LARGEST_BODY), _MOST_VALUES)
    if isinstance(value, dict) and "events" not in value:
        value = {"events": [value]}
    body = validate(value, PostEvents)
    posted = [
        PostedEvent(one.name, one.contact.model_dump(exclude_none=True), one.data, one.at, one.id)
        for one in body.events
    ]
    results = await posting.record(state_of(request).pool, principal.account_id, posted)
    data = [{"id": one.id, "result": result} for one, result in zip(posted, results, strict=True)]
    return json_response({"success": True, "message": "done", "data": data})
