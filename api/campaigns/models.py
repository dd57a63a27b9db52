"""Bodies and answers of campaigns."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from services.audience.campaigns.models import CampaignDraft

CampaignStateName = Literal[
    "draft", "scheduled", "approval", "running", "testing", "paused", "completed", "cancelled", "failed"
]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ChangeCampaign(BaseModel):
    """What is to change: any field of a campaign; null: as if it was never given."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={"example": {"name": "Spring, second try", "schedule_at": "2027-03-01 10:00"}},
    )


class SwitchCampaignGateway(BaseModel):
    """Where the rest goes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    gateway_identifier: Annotated[
        StrictStr,
        Field(min_length=1, max_length=200, description="`default_gateway`: the account's first one that works."),
    ]


class ShownCampaign(CampaignDraft):
    """A campaign."""

    id: UUID
    state: CampaignStateName
    created_at: datetime
    updated_at: datetime


class CampaignAnswer(_Answer):
    """A campaign."""

    success: Literal[True]
    message: str
    data: ShownCampaign
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class CampaignGone(_Answer):
    """It is deleted."""

    success: Literal[True]
    message: str
    data: None
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class CampaignPage(_Answer):
    """Campaigns, the newest first."""

    data: list[ShownCampaign]
    next_cursor: str | None


class ShownForecast(_Answer):
    """What it would do if it was launched now."""

    people: int = Field(description="Contacts of the audience with an address on the channel.")
    held_out: int = Field(description="Of them, those who would get nothing, about.")
    credits: int = Field(description="What it costs, about: by the texts of some of them.")


class ForecastAnswer(_Answer):
    """What it would do."""

    success: Literal[True]
    message: str
    data: ShownForecast


class ShownRun(_Answer):
    """One sending of a campaign."""

    id: UUID
    state: str
    reason: str | None = Field(description="Why it failed.")
    due_at: datetime | None
    people: int | None = Field(description="Null: they have not been taken.")
    held_out: int | None
    credits: int | None = Field(description="What it costs, about.")
    winner: str | None = Field(description="The variant that the rest gets.")
    decided_at: datetime | None
    approved_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    batches: list[UUID] = Field(description="Its batches: `/api/batches/{uid}` has more of each.")


class RunPage(_Answer):
    """Runs of a campaign, the newest first."""

    data: list[ShownRun]
    next_cursor: str | None


class VariantNumbers(_Answer):
    """How a variant did, in messages. `held_out` is who got nothing."""

    variant: str = Field(description="Its key; empty: there is one only.")
    people: int
    left_out: int
    waiting: int = Field(description="Without an outcome.")
    sent: int = Field(description="Accepted by a gateway, whatever came of them.")
    delivered: int
    failed: int
    cancelled: int
    rejected: int
    opened: int
    clicked: int
    unsubscribed: int
    complained: int
    credits: int
    goal: int | None = Field(description="Recipients who reached the goal; null: there is none.")


class ShownLink(_Answer):
    """A link, with who followed it."""

    url: str
    clicks: int
    people: int


class ShownResults(_Answer):
    """How a run did."""

    run: UUID
    state: str
    waits_for: Literal["account", "staff"] | None = Field(description="Who must approve what it costs; null: nobody.")
    winner: str | None
    variants: list[VariantNumbers]
    links: list[ShownLink]


class ResultsAnswer(_Answer):
    """How a campaign did."""

    success: Literal[True]
    message: str
    data: ShownResults


class ShownLeftOut(_Answer):
    """A contact that got no message."""

    contact_id: UUID
    code: str
    message: str


class LeftOutPage(_Answer):
    """Contacts that got no message, by their ids."""

    data: list[ShownLeftOut]
    next_cursor: str | None


EXAMPLE: dict[str, Any] = {
    "name": "Spring",
    "channel": "email",
    "template": "spring",
    "audience": {"groups": ["customers"], "exclude": {"tags": ["staff"]}},
}
