"""Bodies and answers of sending failed messages again."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from api.http.query_text import Moment
from api.operations.models import Operation
from domain.channels import Channel
from services.failures.kinds import Kind
from services.messages.replays.rules import BY_DEFAULT

_Text = Annotated[StrictStr, Field(max_length=200)]
_STATES = (
    f"Left out: {', '.join(f'`{state}`' for state in sorted(BY_DEFAULT))}; all, if `uid` is given. `undelivered` and "
    "`bounced` were sent once, `unknown` may have been. Of leads `failed`, `gone`, `invalid`: left out, all three."
)
_KIND = "Left out: what has the `uid` that is given; else messages."


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ReplayFilter(_Body):
    """Which failures. All that is given applies; what is not about the kind is refused."""

    uid: Annotated[UUID | None, Field(description="Of a message; or the id of a run, or of a lead.")] = None
    state: Annotated[list[_Text], Field(max_length=10, description=_STATES)] = []
    channel: Channel | None = None
    gateway: Annotated[_Text, Field(description="Id or identifier of the one that they were given to last.")] | None = (
        None
    )
    code: Annotated[_Text, Field(description="Why they failed.")] | None = None
    recipient: Annotated[StrictStr, Field(max_length=320)] | None = None
    batch: UUID | None = None
    automation: (
        Annotated[_Text, Field(description="Key of the automation that sent them, or whose runs they are.")] | None
    ) = None
    step: Annotated[_Text, Field(description="Id of the step that sent them, or that failed.")] | None = None
    lead_source: (
        Annotated[_Text, Field(description="Key of the source of the leads that they answer, or that they are.")] | None
    ) = None
    created_after: Moment | None = None
    created_before: Moment | None = None
    failed_after: Annotated[
        Moment | None, Field(description="Left out: 24 hours before `failed_before`; any time, if `uid` is given.")
    ] = None
    failed_before: Annotated[Moment | None, Field(description="Left out: now.")] = None


class Replay(_Body):
    """What is begun anew."""

    kind: Annotated[Kind | None, Field(description=_KIND)] = None
    filter: ReplayFilter


class AnyReplayFilter(ReplayFilter):
    """Which failures of all users. All that is given applies; what is not about the kind is refused."""

    user: (
        Annotated[StrictInt, Field(ge=0, le=2**63 - 1, description="Of this user; 0: sent with an admin key.")] | None
    ) = None


class ReplayAny(_Body):
    """What of all users is begun anew."""

    kind: Annotated[Kind | None, Field(description=_KIND)] = None
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


class LeftOut(_Answer):
    """Runs or leads that match, and are not begun anew."""

    code: str
    why: str
    count: int


class ShownReplay(_Answer):
    """Messages that are sent again."""

    kind: Literal["message"]
    messages: int
    credits: list[ReplayCost]
    left_out: list[ReplayLeftOut] = Field(
        description="As far as it is known beforehand; the operation's `errors` have the others, too."
    )
    is_complete: bool = Field(description="`false`: only the newest 100,000 failures were looked through to count.")
    operation: Operation | None = Field(
        description="How far it is; `null`: there is nothing to do, or it is a dry run."
    )


class BegunRuns(_Answer):
    """Failed runs of an automation that go on."""

    user_id: int
    automation: str
    id: UUID = Field(description="Of the retry: `GET /api/automations/{automation}/retries/{id}` has its progress.")
    runs: int


class ShownRuns(_Answer):
    """Runs of automations that go on at the steps that failed."""

    kind: Literal["run"]
    runs: int
    most_credits: int = Field(description="What the messages from there cost at most, about.")
    left_out: list[LeftOut]
    is_complete: bool = Field(description="`false`: there are more, of other automations or earlier: repeat it later.")
    retries: list[BegunRuns] = Field(description="Empty: there is nothing to do, it is one run, or a dry run.")


class ShownLeads(_Answer):
    """Leads that are taken again."""

    kind: Literal["lead"]
    leads: int
    left_out: list[LeftOut]
    is_complete: bool = Field(description="`false`: there are more, of other users or earlier: repeat it later.")
    operations: list[Operation] = Field(
        description="One for each user. Empty: there is nothing to do, it is one lead, or a dry run."
    )


class ReplayAnswer(_Answer):
    """What is begun anew."""

    success: Literal[True]
    message: str
    data: ShownReplay | ShownRuns | ShownLeads
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")
