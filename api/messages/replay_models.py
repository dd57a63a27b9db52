"""Bodies and answers of sending failed messages again."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from api.http.query_text import Moment
from api.operations.models import Operation
from domain.channels import Channel
from services.messages.replays.rules import BY_DEFAULT

_Text = Annotated[StrictStr, Field(max_length=200)]
_STATES = (
    f"Left out: {', '.join(f'`{state}`' for state in sorted(BY_DEFAULT))}; all, if `uid` is given. `undelivered` and "
    "`bounced` were sent once, `unknown` may have been."
)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ReplayFilter(_Body):
    """Which failed messages. All that is given applies."""

    uid: UUID | None = None
    state: Annotated[list[_Text], Field(max_length=10, description=_STATES)] = []
    channel: Channel | None = None
    gateway: Annotated[_Text, Field(description="Id or identifier of the one that they were given to last.")] | None = (
        None
    )
    code: Annotated[_Text, Field(description="Why they failed.")] | None = None
    recipient: Annotated[StrictStr, Field(max_length=320)] | None = None
    batch: UUID | None = None
    automation: Annotated[_Text, Field(description="Key of the automation that sent them.")] | None = None
    step: Annotated[_Text, Field(description="Id of the step that sent them.")] | None = None
    lead_source: Annotated[_Text, Field(description="Key of the source of the leads that they answer.")] | None = None
    created_after: Moment | None = None
    created_before: Moment | None = None
    failed_after: Annotated[
        Moment | None, Field(description="Left out: 24 hours before `failed_before`; any time, if `uid` is given.")
    ] = None
    failed_before: Annotated[Moment | None, Field(description="Left out: now.")] = None


class Replay(_Body):
    """Which failed messages are sent again."""

    filter: ReplayFilter


class AnyReplayFilter(ReplayFilter):
    """Which failed messages of all users. All that is given applies."""

    user: (
        Annotated[StrictInt, Field(ge=0, le=2**63 - 1, description="Of this user; 0: sent with an admin key.")] | None
    ) = None


class ReplayAny(_Body):
    """Which failed messages of all users are sent again."""

    filter: AnyReplayFilter


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ReplayCost(_Answer):
    """What is sent again of an account's messages on a channel."""

    user_id: int | None = Field(description="`null`: an admin key sent them.")
    channel: Channel
    messages: int
    credits: int = Field(description="That are held for them; for those that are `unknown` they are held already.")
    available: int = Field(description="Credits that the account has; messages beyond them stay as they are.")


class ReplayLeftOut(_Answer):
    """Messages that match, and are not sent again."""

    code: str
    why: str
    messages: int


class ShownReplay(_Answer):
    """What is sent again."""

    messages: int
    credits: list[ReplayCost]
    left_out: list[ReplayLeftOut] = Field(
        description="As far as it is known beforehand; the operation's `errors` have the others, too."
    )
    is_complete: bool = Field(description="`false`: only the newest 100,000 failures were looked through to count.")
    operation: Operation | None = Field(
        description="How far it is; `null`: there is nothing to do, or it is a dry run."
    )


class ReplayAnswer(_Answer):
    """What is sent again."""

    success: Literal[True]
    message: str
    data: ShownReplay
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")
