"""Bodies and answers of consent."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, IPvAnyAddress, StrictStr

from api.consent.suppression_models import OwnSuppression, Time
from domain.audience.consents import ConsentState
from domain.channels import Channel
from services.audience.consent.lists import LONGEST_TEXT


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RecordConsent(_Body):
    """What a recipient allowed or refused."""

    channel: Channel
    recipient: Annotated[StrictStr, Field(max_length=320)]
    purpose: Annotated[
        StrictStr, Field(max_length=50, description="Of `/api/purposes`; `*`: all that are not transactional.")
    ]
    state: Literal["granted", "withdrawn"]
    source: Annotated[StrictStr, Field(min_length=1, max_length=50, description="Where you know it from.")] = "api"
    at: Time | None = Field(None, description="When the person chose; left out: now. What is later counts.")
    text_shown: Annotated[StrictStr, Field(max_length=LONGEST_TEXT)] | None = Field(
        None, description="What the person saw and agreed to."
    )
    ip: IPvAnyAddress | None = Field(None, description="The person's.", json_schema_extra={"examples": ["192.0.2.7"]})
    proof: Annotated[dict[StrictStr, Any], Field(max_length=20)] | None = Field(
        None, description="What else shows it, such as the form and its version."
    )


class RecordConsents(_Body):
    """Choices of recipients."""

    consents: Annotated[list[RecordConsent], Field(min_length=1, max_length=100)]


class RecordedConsent(_Answer):
    """What is recorded of an address and a purpose."""

    purpose: str
    state: ConsentState
    recipient: str
    source: str
    text_shown: str | None
    ip: str | None
    proof: dict[str, Any] | None
    at: datetime


class AddressConsent(_Answer):
    """All that is recorded of an address."""

    channel: Channel
    recipient: str
    suppression: OwnSuppression | None = Field(description="What holds all messages back now.")
    paused_until: datetime | None = Field(description="Until then it gets nothing but transactional messages.")
    preferences_url: str | None = Field(description="Where the recipient chooses; `null`: there is no public URL.")
    consents: list[RecordedConsent] = Field(description="As they are now, by purpose.")
    history: list[RecordedConsent] = Field(description="The last 200 entries, the newest first.")


class ConsentPage(_Answer):
    """One address, or all of a contact."""

    data: list[AddressConsent]
    next_cursor: None


class Recorded(_Answer):
    """How many were recorded."""

    recorded: int


class RecordedAnswer(_Answer):
    """They were recorded."""

    success: Literal[True]
    message: str
    data: Recorded
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")
