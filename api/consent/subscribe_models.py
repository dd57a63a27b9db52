"""Bodies and answers of subscriptions by double opt-in."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, IPvAnyAddress, StrictStr

from domain.audience.consents import ConsentState
from domain.channels import Channel
from services.audience.consent.lists import LONGEST_TEXT

_Text = Annotated[StrictStr, Field(min_length=1, max_length=20_000)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Subscribe(_Body):
    """Somebody wants to get messages, and gave an address."""

    channel: Channel
    recipient: Annotated[StrictStr, Field(max_length=320)]
    purposes: Annotated[list[Annotated[StrictStr, Field(max_length=50)]], Field(min_length=1, max_length=20)]
    source: Annotated[StrictStr, Field(min_length=1, max_length=50, description="Such as the form.")] = "subscribe"
    text_shown: Annotated[StrictStr, Field(max_length=LONGEST_TEXT)] | None = Field(
        None, description="What the person saw and agreed to."
    )
    ip: IPvAnyAddress | None = Field(None, description="The person's.", json_schema_extra={"examples": ["192.0.2.7"]})
    language: Annotated[StrictStr, Field(max_length=35)] | None = Field(
        None, description="Of the confirmation message and its page, such as `de`."
    )


class Subscription(_Answer):
    """A subscription."""

    id: UUID
    channel: Channel
    recipient: str
    purposes: list[str]
    state: ConsentState = Field(description="`pending` until it is confirmed; `granted`: all of it was there before.")
    sent: int = Field(description="Confirmation messages so far: three at most.")
    uid: UUID | None = Field(description="Of the message that was sent now.")
    expires_at: datetime = Field(description="Until when it can be confirmed.")


class SubscriptionAnswer(_Answer):
    """It was begun, or asked for again."""

    success: Literal[True]
    message: str
    data: Subscription
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class WriteText(_Body):
    """What the confirmation messages on a channel say."""

    subject: Annotated[StrictStr, Field(min_length=1, max_length=500)] | None = Field(None, description="Of emails.")
    message: _Text = Field(
        description="A template with `{{ confirm_url }}`, perhaps `{{ sender }}`, `{{ purposes }}`. HTML in emails."
    )


class ShownText(_Answer):
    """The same, as it is set."""

    channel: Channel
    subject: str | None
    message: str


class TextPage(_Answer):
    """All that are set."""

    data: list[ShownText]
    next_cursor: None


class TextAnswer(_Answer):
    """One of them."""

    success: Literal[True]
    message: str
    data: ShownText | None
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")
