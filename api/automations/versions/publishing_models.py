"""Bodies and answers of publishing."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr

from api.automations.models import ShownAutomation

PeopleName = Literal["pin", "migrate", "drain"]
Number = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
StepId = Annotated[StrictStr, Field(max_length=100)]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PublishBody(_Body):
    """How the draft is published."""

    mode: Literal["patch", "version"] = Field(
        "version",
        description="`patch`: texts, gateways, lengths of waits and addresses changed; contacts inside go on with it. "
        "`version`: anything may have changed; `people` says what contacts inside do.",
    )
    people: PeopleName = Field(
        "pin",
        description="Of a version. `pin`: contacts inside stay in theirs. `migrate`: they move to the new one. "
        "`drain`: they stay in theirs, also when a later version migrates.",
    )
    map: dict[StepId, StepId] = Field(
        {},
        max_length=200,
        description="Of `migrate`: by step that was removed, the step at which contacts go on, or `exit`. "
        "Without it: the next one that is still there.",
        examples=[{"reminder": "last-call", "survey": "exit"}],
    )
    version: Number | None = Field(None, description="Of a patch: the version that it changes. Without it: the newest.")
    note: Annotated[StrictStr, Field(max_length=500, description="What changed.")] = ""
    approve: StrictBool = Field(
        False, description="Publish it although it sends for more credits than `approve_above_credits`."
    )


class ShownDifference(_Answer):
    """One place where two definitions differ."""

    pointer: str
    change: Literal["changed", "added", "removed", "moved"]
    before: Any
    after: Any
    needs: Literal["patch", "version"] = Field(description="What publishes it.")
    step: str | None = Field(description="The step that it is about.")


class ShownMoved(_Answer):
    """Contacts at a step that is not there where they go on."""

    version: int
    step: str
    people: int
    to: str | None = Field(description="Where they go on; null: they leave.")
    how: Literal["mapped", "next", "exit", "complete"]


class ShownEmpty(_Answer):
    """A name that is empty for some of those inside, as they are past the step that sets it."""

    step: str = Field(description="Whose text or condition has the name.")
    name: str
    people: int


class ShownFiring(_Answer):
    """Those who wait in a step whose rule changes."""

    version: int
    step: str
    looked_at: int
    fire_now: int = Field(description="Of those looked at, how many go on at once.")
    more: bool = Field(description="Whether there are more than were looked at.")


class ShownImpact(_Answer):
    """What it does to contacts inside, and what is sent in the next 24 hours."""

    moved: list[ShownMoved]
    empty: list[ShownEmpty]
    waits: list[ShownFiring]
    messages: dict[str, int] = Field(description="By channel: in the next 24 hours, at the most.")
    credits: int = Field(description="Of these messages, about.")
    inside: int
    entering: int = Field(description="Who entered in the last 24 hours: as many are taken to enter in the next.")
    matching: int | None = Field(
        description="Who meets the conditions of its schedules now; null: counting them takes too long."
    )


class ShownReport(ShownAutomation):
    """What was published, or would be."""

    published: dict[str, int]
    differences: list[ShownDifference]
    inside: dict[str, dict[str, int]] = Field(description="By version and step: how many contacts are there.")
    impact: ShownImpact
    needs_approval: bool = Field(description="Whether it is refused unless the body says `approve`.")


class ReportAnswer(_Answer):
    """What was published, or would be."""

    success: Literal[True]
    message: str
    data: ShownReport
    dry_run: Literal[True] = Field(default=True, description="Only there if nothing was written.")


class ShownVersion(_Answer):
    """A revision of a version."""

    version: int
    revision: int
    definition: dict[str, Any]
    note: str
    author: dict[str, Any]
    published_at: datetime
    people: PeopleName = Field(description="What contacts inside older versions did when it was published.")
    map: dict[str, str]


class VersionPage(_Answer):
    """All revisions, the newest first."""

    data: list[ShownVersion]
    next_cursor: str | None


class ShownInside(_Answer):
    """The contacts in a version."""

    version: int
    fate: Literal["current", "pinned", "moving", "draining"] = Field(
        description="`current`: it is the newest. `pinned`: they stay, unless a later version moves them. `moving`: "
        "they move as soon as they are looked at. `draining`: they stay until they leave."
    )
    people: int
    steps: dict[str, int] = Field(description="How many are at each step.")


class Insiders(_Answer):
    """The contacts in each version, the newest first."""

    versions: list[ShownInside]


class InsideAnswer(_Answer):
    """The contacts in each version, the newest first."""

    success: Literal[True]
    message: str
    data: Insiders
