"""Bodies and answers of phones that send, by the contract's protocol."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from api.http.query_text import Moment
from domain.devices.messages import Status

MOST_STATUSES = 1_000
MOST_RECEIVED = 100
_MOST_PARTS = 255

_SimUid = Annotated[StrictStr, Field(max_length=20)]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PendingMessage(_Answer):
    """A message that the phone is to send."""

    uid: UUID
    attempt: int = Field(description="A phone never sends one `uid` and `attempt` twice: it reports its state instead.")
    sim_uid: str
    number: str = Field(description="E.164.")
    body: str
    parts: int
    encoding: Literal["gsm7", "ucs2"]
    valid_until: datetime = Field(description="It must not be sent any more then: report `failed` with `expired`.")
    lease_until: datetime = Field(description="Until then no other phone gets it, and this one may be asked again.")
    cancel: bool = Field(description="Take it back if it has not begun, and report `cancelled`; else go on.")


class PendingMessages(_Answer):
    """Messages that the phone is to send."""

    success: Literal[True]
    data: list[PendingMessage]
    poll_after: float = Field(description="Seconds until the next request.")


class StatusReport(_Body):
    """The state of a message, or of a part of it."""

    uid: UUID
    attempt: Annotated[StrictInt, Field(ge=1, le=32_767)]
    status: Status = Field(description="`accepted`: the phone has it; `sent`: the radio took it.")
    part: Annotated[StrictInt, Field(ge=1, le=_MOST_PARTS)] = 1
    parts: Annotated[StrictInt, Field(ge=1, le=_MOST_PARTS)] = 1
    code: Annotated[StrictStr, Field(max_length=100)] | None = Field(
        default=None, description="Android's name of a fault, such as `RESULT_ERROR_NO_SERVICE`."
    )
    reason: Annotated[StrictStr, Field(max_length=500)] | None = None
    at: Moment | None = Field(default=None, description="When, by the phone's clock.")
    sim_uid: _SimUid | None = None


class PhoneHealth(_Body):
    """How the phone is. What is left out stays as it was reported before."""

    battery: Annotated[StrictInt, Field(ge=0, le=100)] | None = Field(default=None, description="Percent.")
    charging: StrictBool | None = None
    network: Annotated[StrictStr, Field(max_length=30)] | None = Field(default=None, description="`wifi`, `lte` …")
    signal: Annotated[StrictInt, Field(ge=-200, le=200)] | None = Field(default=None, description="dBm.")
    queue: Annotated[StrictInt, Field(ge=0, le=1_000_000)] | None = Field(
        default=None, description="Messages that it has and did not send yet."
    )
    clock: Moment | None = Field(default=None, description="What its clock says now.")


class UpdateStatuses(_Body):
    """What a phone reports: in any order, and as often as it likes."""

    statuses: Annotated[list[StatusReport], Field(max_length=MOST_STATUSES)] = []
    device: PhoneHealth | None = None


class UpdatedStatuses(_Answer):
    """What became of reports."""

    accepted: int = Field(description="Reports of messages that the phone has, repeats included.")
    ignored: list[UUID] = Field(description="Messages that are not the phone's: forget them.")
    cancel: list[UUID] = Field(description="Messages to take back if they have not begun.")
    settings_version: int = Field(description="When it changes, read the SIMs again.")


class UpdatedStatusesAnswer(_Answer):
    """What became of reports."""

    success: Literal[True]
    data: UpdatedStatuses


class ReceivedMessage(_Body):
    """A message that the phone received."""

    id: Annotated[StrictStr, Field(min_length=1, max_length=200)] = Field(
        description="The same whenever it is posted again."
    )
    number: Annotated[StrictStr, Field(min_length=1, max_length=320)] = Field(
        description="Who sent it: a number, or a name."
    )
    body: Annotated[StrictStr, Field(max_length=10_000)] = ""
    at: Moment | None = Field(default=None, description="When, by the phone's clock.")
    sim_uid: _SimUid | None = None


class ReceivedMessages(_Body):
    """Messages that the phone received."""

    messages: Annotated[list[ReceivedMessage], Field(min_length=1, max_length=MOST_RECEIVED)]


class TakenMessages(_Answer):
    """How many were taken, those known before included."""

    accepted: int


class ReceivedAnswer(_Answer):
    """They are stored."""

    success: Literal[True]
    data: TakenMessages
