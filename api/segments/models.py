"""Bodies and answers of segments."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from domain.audience.conditions.evaluating import Reason

_Condition = Annotated[
    dict[str, Any],
    Field(
        description="See the page on segments.",
        examples=[{"all": [{"field": "contact.country", "op": "eq", "value": "DE"}, {"tag": "vip"}]}],
    ),
]
_Name = Annotated[StrictStr, Field(min_length=1, max_length=120)]
_Key = Annotated[StrictStr, Field(max_length=100, description="As automations and files name it.")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewSegment(_Body):
    """A condition to save."""

    key: _Key
    name: _Name
    condition: _Condition


class ChangeSegment(_Body):
    """What is to change of a segment."""

    key: _Key | None = None
    name: _Name | None = None
    condition: _Condition | None = None


class CountContacts(_Body):
    """A condition whose contacts are counted."""

    condition: _Condition


class ShownSegment(_Answer):
    """A saved condition."""

    id: int
    key: str
    name: str
    condition: dict[str, Any]
    created_at: datetime
    updated_at: datetime


class SegmentPage(_Answer):
    """Segments, the newest first."""

    data: list[ShownSegment]
    next_cursor: str | None


class SegmentAnswer(_Answer):
    """A segment."""

    success: Literal[True]
    message: str
    data: ShownSegment
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class SegmentGone(_Answer):
    """It is deleted."""

    success: Literal[True]
    message: str
    data: None
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class ContactCount(_Answer):
    """How many contacts meet it now."""

    count: int


class CountAnswer(_Answer):
    """A live count."""

    success: Literal[True]
    message: str
    data: ContactCount


class SegmentMember(_Answer):
    """A contact that meets the condition."""

    id: UUID
    external_id: str | None
    email: str | None
    phone: str | None
    whatsapp: str | None
    first_name: str | None
    last_name: str | None


class MemberPage(_Answer):
    """Contacts of a segment, the longest known first."""

    data: list[SegmentMember]
    next_cursor: str | None


class Explanation(_Answer):
    """Why a part of the condition is true or false."""

    pointer: str = Field(description="Its place in the condition.")
    result: bool
    why: str
    parts: "list[Explanation]"
    asked: str = Field(description="What it asks, such as `contact.size gt 200`; empty: it only joins its parts.")
    reason: Reason = Field(description="`missing`, `wrong_type`: it could not be compared, and is false.")


class ExplanationAnswer(_Answer):
    """Why a contact is in a segment, or not."""

    success: Literal[True]
    message: str
    data: Explanation
