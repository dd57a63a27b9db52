"""What a step comes to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Done:
    """The step is behind the run."""

    outcome: Mapping[str, Any] = field(default_factory=dict)
    """What is noted of it."""
    arm: str | None = None
    """Of its lists of steps, the one that the run goes on in."""
    skips_next: bool = False
    vars: Mapping[str, Any] = field(default_factory=dict)
    """What ``vars`` gets."""
    answer: Mapping[str, Any] | None = None
    """What texts call ``steps.<id>``, of a step that calls."""


@dataclass(frozen=True, slots=True)
class Waits:
    """The run stays at the step."""

    until: datetime
    """When to look again at the latest."""
    events: tuple[str, ...] = ()
    """Names of events that end the wait."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The run ends with the step."""

    reason: str
    outcome: Mapping[str, Any] = field(default_factory=dict)


Outcome = Done | Waits | Ends


class StepFailed(Exception):
    """A step could not be taken. ``may_change``: whether another try may do better by itself; ``after``: seconds for
    which none is wanted. ``answer``: as in ``Done``."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        may_change: bool = False,
        after: float | None = None,
        answer: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.may_change = may_change
        self.after = after
        self.answer = answer
