"""Answers about what came of an automation, in numbers."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CountsOfArm(_Answer):
    """Runs that took an arm of a step."""

    runs: int
    conversions: int = Field(description="Of runs that had taken it when they reached the goal.")


class CountsOfStep(_Answer):
    """A step of a version."""

    inside: int = Field(description="Runs that are at it now.")
    taken: int = Field(description="How often it was taken, whatever came of it.")
    results: dict[str, int] = Field(
        description="What came of it: `sent`, `unreachable`, `capped`, `happened`, `timed_out`, `failed` and others."
    )
    arms: dict[str, CountsOfArm] = Field(description="By arm: `arms/0`, `then`, `else`, `on_error`.")
    messages: dict[str, int] = Field(
        description="Its messages by state now: `sent`, `delivered`, `failed`, `unknown`; and `opened`, `clicked`."
    )
    ended: dict[str, int] = Field(description="Runs that ended at it, by their state.")
    conversions: int = Field(description="Of runs that it sent the last message to before they reached the goal.")


class CountsOfVersion(_Answer):
    """A version."""

    version: int
    entered: int
    inside: int = Field(description="Runs that have not ended by now.")
    ended: dict[str, int] = Field(description="Runs, by their state.")
    reasons: dict[str, int] = Field(description="Why they ended.")
    refused: dict[str, int] = Field(description="Who came while it was the newest, and was not let in, by reason.")
    conversions: int = Field(description="Runs that reached the goal.")
    steps: dict[str, CountsOfStep]


class Counts(_Answer):
    """What came of an automation."""

    from_: date | None = Field(alias="from")
    until: date | None
    versions: list[CountsOfVersion] = Field(description="The newest first.")


class CountsAnswer(_Answer):
    """What came of an automation."""

    success: Literal[True]
    message: str
    data: Counts
