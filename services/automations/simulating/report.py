"""What came of a simulation."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.automations.simulating.given import Expect, length_of
from services.automations.simulating.messages import Message


@dataclass(slots=True)
class Moment:
    """Something in the course of a simulation."""

    at: datetime
    kind: str
    """``step``, ``wait``, ``event``, ``message``."""
    shown: dict[str, Any]
    number: int | None = None
    """Of a step: its number in the run."""


@dataclass(slots=True)
class Report:
    """The course of a simulation, and its end."""

    entry: str
    zone: str
    """The contact's."""
    began_at: datetime
    ended_at: datetime
    state: str | None = None
    """``None``: the contact was not let in."""
    reason: str | None = None
    step: str | None = None
    error: Mapping[str, Any] | None = None
    converted_at: datetime | None = None
    vars: Mapping[str, Any] = field(default_factory=dict)
    moments: list[Moment] = field(default_factory=list)
    messages: Mapping[int, Message] = field(default_factory=dict)
    warnings: list[dict[str, str]] = field(default_factory=list)

    @property
    def path(self) -> list[str]:
        """The steps that were taken."""
        return [moment.shown["step"] for moment in self.moments if moment.kind == "step"]

    @property
    def sends(self) -> list[str]:
        """The steps of messages that leave."""
        return [message.step for message in self.messages.values() if message.is_sent]

    @property
    def credits(self) -> dict[str, int]:
        """By channel."""
        spent: Counter[str] = Counter()
        for message in self.messages.values():
            spent[message.channel] += message.credits
        return {channel: number for channel, number in spent.items() if number}

    def unmet(self, expect: Expect) -> list[dict[str, Any]]:
        """The expectations that were not met."""
        found: dict[str, Any] = {
            "entry": self.entry,
            "path": self.path,
            "sends": self.sends,
            "state": self.state,
            "exit": self.reason,
        }
        unmet = [
            {"expectation": name, "expected": wanted, "found": found[name]}
            for name in found
            if (wanted := getattr(expect, name)) is not None and wanted != found[name]
        ]
        if sent := [step for step in expect.not_sends or () if step in self.sends]:
            unmet.append({"expectation": "not_sends", "expected": expect.not_sends, "found": sent})
        spent = {channel: self.credits.get(channel, 0) for channel in expect.credits or ()}
        if expect.credits is not None and spent != expect.credits:
            unmet.append({"expectation": "credits", "expected": expect.credits, "found": spent})
        if expect.ends_within is not None and not self._ends_within(length_of(expect.ends_within)):
            found_end = "it goes on" if self._goes_on else str(self.ended_at - self.began_at)
            unmet.append({"expectation": "ends_within", "expected": expect.ends_within, "found": found_end})
        return unmet

    @property
    def _goes_on(self) -> bool:
        return self.state in ("running", "waiting")

    def _ends_within(self, length: timedelta) -> bool:
        return not self._goes_on and self.ended_at - self.began_at <= length


def shown(report: Report, expect: Expect | None = None) -> dict[str, Any]:
    """A report as it is answered."""
    unmet = report.unmet(expect) if expect else []
    zone = ZoneInfo(report.zone)
    return {
        "met": not unmet,
        "unmet": unmet,
        "entry": report.entry,
        "state": report.state,
        "exit": report.reason,
        "step": report.step,
        "error": report.error,
        "began_at": report.began_at,
        "ended_at": report.ended_at,
        "time_zone": report.zone,
        "converted_at": report.converted_at,
        "path": report.path,
        "sends": report.sends,
        "credits": report.credits,
        "vars": report.vars,
        "course": _course(report, zone),
        "warnings": report.warnings,
    }


def _course(report: Report, zone: ZoneInfo) -> Sequence[dict[str, Any]]:
    course = []
    for moment in report.moments:
        line = {"at": moment.at, "local": moment.at.astimezone(zone), "kind": moment.kind, **moment.shown}
        if moment.number is not None and (message := report.messages.get(moment.number)):
            line["message"] = _message(message, zone)
        course.append(line)
    return course


def _message(message: Message, zone: ZoneInfo) -> dict[str, Any]:
    return {
        "channel": message.channel,
        "to": message.to,
        "state": message.state.value,
        "code": message.code,
        "reason": message.reason,
        "credits": message.credits,
        "purpose": message.purpose,
        "leaves_at": message.due,
        "leaves_local": message.due and message.due.astimezone(zone),
        **message.says,
    } | ({"fallbacks": message.fallbacks} if message.fallbacks else {})
