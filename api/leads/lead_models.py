"""Bodies and answers of leads."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr

from api.http.query_text import Moment
from api.leads.models import ShownAnswer, ShownDisclaimer
from api.operations.models import Operation
from domain.leads.states import STATES

State = Literal["received", "fetching", "parked", "done", "duplicate", "invalid", "test", "failed", "gone", "erased"]
Via = Literal["webhook", "form", "backfill", "import"]
WORDS = "; ".join(f"`{state}`: {words}" for state, words in STATES.items())


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LeadFilter(BaseModel):
    """Which leads. All that is given applies."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: Annotated[
        list[State],
        Field(
            max_length=10,
            description="Left out: `failed`, `gone` and `invalid`. Those that are `done` send their messages again.",
        ),
    ] = []
    source: Annotated[StrictStr, Field(max_length=100, description="Its id, or its key.")] | None = None
    code: Annotated[StrictStr, Field(max_length=100)] | None = None
    contact: UUID | None = None
    via: Via | None = None
    conflict: StrictBool | None = None
    created_after: Moment | None = None
    created_before: Moment | None = None


class ReplayLeads(BaseModel):
    """Which leads are taken again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    filter: LeadFilter


class ShownLead(_Answer):
    """A lead, without what is personal of it."""

    id: str
    source: str = Field(description="The key of its source.")
    provider_id: str
    via: Via = Field(description="How it came.")
    state: State = Field(description=WORDS)
    code: str | None
    why: str | None = Field(description="Why it is in this state.")
    form_id: str | None
    contact: str | None
    conflict: dict[str, Any] | None = Field(description="Other contacts that have one of its addresses.")
    answered: dict[str, Any] | None = Field(description="What it began.")
    reply_uid: str | None = Field(description="The message that answers it.")
    tries: int
    again_at: datetime | None = Field(description="When it is tried again.")
    created_at: datetime | None = Field(description="When the provider got it.")
    received_at: datetime
    first_reply_at: datetime | None
    ended_at: datetime | None
    gcl_id: str | None = Field(description="Of Google: for the upload of conversions.")
    campaign_id: str | None
    campaign_name: str | None
    ad_id: str | None
    about: dict[str, str] = Field(description="All that its provider says of where it is from.")


class LeadPage(_Answer):
    """Leads, the newest first."""

    data: list[ShownLead]
    next_cursor: str | None


class ShownState(_Answer):
    """A state that a lead was in, or is in."""

    state: State
    at: datetime | None = Field(description="Since when; null: it has not ended.")


class LeadDetail(ShownLead):
    """A lead, with what somebody answered."""

    answers: list[ShownAnswer] | None = Field(description="null: not fetched yet, or kept no more.")
    disclaimers: list[ShownDisclaimer] | None
    states: list[ShownState]


class LeadAnswer(_Answer):
    """A lead."""

    success: Literal[True]
    message: str
    data: LeadDetail
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class ShownReplay(_Answer):
    """How many leads are taken again."""

    leads: int
    operation: Operation | None = Field(description="How far it is; null: there is nothing to do, or it is a dry run.")


class ReplayAnswer(_Answer):
    """How many leads are taken again."""

    success: Literal[True]
    message: str
    data: ShownReplay
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")
