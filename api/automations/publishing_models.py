"""Bodies and answers of publishing."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictStr

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


class ShownDifference(_Answer):
    """One place where two definitions differ."""

    pointer: str
    change: Literal["changed", "added", "removed", "moved"]
    before: Any
    after: Any
    needs: Literal["patch", "version"] = Field(description="What publishes it.")
    step: str | None = Field(description="The step that it is about.")


class ShownReport(ShownAutomation):
    """What was published, or would be."""

    published: dict[str, int]
    differences: list[ShownDifference]
    inside: dict[str, dict[str, int]] = Field(description="By version and step: how many contacts are there.")


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
