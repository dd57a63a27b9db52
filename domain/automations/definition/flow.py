"""An automation's definition as a whole: a tree of steps, with what lets contacts in and out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from domain.audience.conditions.tree import Condition, Scalar
from domain.automations.definition.limits import ENTRIES_PER_HOUR
from domain.automations.definition.steps import OnError, Step, Window
from domain.automations.definition.triggers import Trigger


@dataclass(frozen=True, slots=True)
class ReEntry:
    """Whether a contact that was in the automation may enter again."""

    mode: Literal["never", "after_exit", "always"] = "after_exit"
    pause: timedelta | None = None
    """How long after its last run ended; with ``always``: began."""


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so many in so long a time."""

    count: int
    per: timedelta


@dataclass(frozen=True, slots=True)
class Entry:
    """Who may enter."""

    key: str | None = None
    """Liquid: entries of a contact with the same key are the same entry."""
    filter: Condition | None = None
    re_entry: ReEntry = ReEntry()
    on_duplicate: Literal["ignore", "restart", "update"] = "ignore"
    caps: tuple[Cap, ...] = ()
    """Entries of one contact."""
    create_contact: bool = True
    """Whether a webhook about somebody new makes a contact."""


@dataclass(frozen=True, slots=True)
class ExitRule:
    """What ends a run wherever it is: an event, or a condition that is true."""

    event: str | None = None
    match: Condition | None = None
    when: Condition | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Goal:
    """What the automation is for: counted once for each run."""

    event: str
    match: Condition | None = None
    within: timedelta | None = None
    """Of the entry."""
    exit: bool = False
    """Whether the run ends with it."""


@dataclass(frozen=True, slots=True)
class MessageCap:
    """The most messages of the automation to one contact in so long a time."""

    messages: int
    per: timedelta


@dataclass(frozen=True, slots=True)
class FlowSettings:
    """What holds for all steps."""

    timezone: str = "contact"
    send_window: Window | None = None
    cap: MessageCap | None = None
    lane: Literal["transactional", "bulk"] = "bulk"
    on_error: OnError = field(default_factory=lambda: OnError("stop"))
    alert: tuple[str, ...] = ()
    max_entries_per_hour: int = ENTRIES_PER_HOUR
    approve_above_credits: int | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    """A definition that has no faults."""

    key: str
    """Its identity, also from one install to another."""
    name: str
    triggers: tuple[Trigger, ...]
    steps: tuple[Step, ...]
    description: str | None = None
    entry: Entry = Entry()
    exit: tuple[ExitRule, ...] = ()
    goal: Goal | None = None
    settings: FlowSettings = FlowSettings()
    vars: Mapping[str, Scalar | None] = field(default_factory=dict)
    """With what ``vars`` begins."""
    source: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """The JSON that it was read from."""

    def walk(self) -> Iterator[Step]:
        """All steps, as they stand in the definition."""
        return walk(self.steps)


def walk(steps: tuple[Step, ...]) -> Iterator[Step]:
    """These steps and all within them."""
    for step in steps:
        yield step
        for arm in step.lists:
            yield from walk(arm.steps)
