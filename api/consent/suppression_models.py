"""Bodies and answers of an account's own suppressions, and of lists."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictInt, StrictStr

from domain.channels import Channel
from services.audience.consent.lists import FIRST_TIME, LAST_TIME
from services.suppressions import LONGEST_REASON

_Reason = Annotated[
    StrictStr,
    Field(max_length=LONGEST_REASON, description="START ends those for `opted_out` and `unsubscribed`, and no others."),
]


Time = Annotated[AwareDatetime, Field(gt=FIRST_TIME, lt=LAST_TIME)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OwnRecipient(_Body):
    """A recipient."""

    channel: Channel
    recipient: Annotated[StrictStr, Field(max_length=320)]


class NewSuppression(OwnRecipient):
    """A recipient who is to get no more messages."""

    reason: _Reason = ""


class WriteSuppression(NewSuppression):
    """A suppression as it is to be."""

    until: Time | None = Field(None, description="When it ends; left out: never by itself.")


class OwnSuppression(_Answer):
    """A recipient who gets no more messages of the account."""

    channel: Channel
    recipient: str
    reason: str
    created_at: datetime
    until: datetime | None = Field(description="When it ends; `null`: never by itself.")
    uid: UUID | None = Field(description="The message that it followed from, where that is known.")


class OwnSuppressionPage(_Answer):
    """A page of them."""

    data: list[OwnSuppression]
    next_cursor: str | None


class OwnSuppressionAnswer(_Answer):
    """One of them."""

    success: Literal[True]
    message: str
    data: OwnSuppression
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class RowError(_Answer):
    """What is wrong with a row."""

    pointer: str = Field(description="Where, by the number of the row: `/rows/7/recipient`.")
    code: str
    message: str


class ListAdded(_Answer):
    """What came of a list."""

    added: StrictInt = Field(description="Rows that were new.")
    refused: StrictInt = Field(description="Rows that cannot be read, and were left out.")
    errors: list[RowError] = Field(description="Of the first 100 of them.")


class ListAnswer(_Answer):
    """The answer to a list."""

    success: Literal[True]
    message: str
    data: ListAdded
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")
