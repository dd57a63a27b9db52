"""Which troubles are told now: when they have lasted for long enough, daily while they last, and when they are over."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal
from uuid import uuid4

from services.alerts.rules import QUIET, REMIND
from services.doctor.findings import Finding
from store.alerts.alerts import Alert

News = Literal["raised", "lasts", "ended"]


@dataclass(frozen=True, slots=True)
class Found:
    """A trouble that was found now."""

    finding: Finding
    after: float
    """Seconds for which it must last before it is told."""


@dataclass(slots=True)
class Decision:
    """What follows from a look."""

    kept: list[Alert] = field(default_factory=list)
    """Those that last, as they are to be written."""
    over: list[Alert] = field(default_factory=list)
    """Those that are to be deleted."""
    told: list[tuple[News, Alert]] = field(default_factory=list)


def decide(known: Sequence[Alert], found: Mapping[str, Found], unknown: Collection[str], now: datetime) -> Decision:
    """Compare what was found with what was there. ``unknown``: checks that could not be made; theirs stay."""
    made, before = Decision(), {one.key: one for one in known}
    for key, one in found.items():
        alert = _seen(before.get(key), key, one.finding, now)
        if news := _news(before.get(key), alert, one.after, now):
            alert = replace(alert, told_at=now, tells=alert.tells + 1)
            made.told.append((news, alert))
        made.kept.append(alert)
    for alert in known:
        if alert.key not in found and alert.check_name not in unknown and _seconds(alert.seen_at, now) >= QUIET:
            made.over.append(alert)
            if alert.told_at is not None:
                made.told.append(("ended", alert))
    return made


def _seen(before: Alert | None, key: str, finding: Finding, now: datetime) -> Alert:
    level, message, remedy = finding.level, finding.message, finding.remedy or ""
    if before is None:
        return Alert(key, uuid4(), finding.check, level, message, remedy, now, now, None, 0)
    return replace(before, level=level, message=message, remedy=remedy, seen_at=now)


def _news(before: Alert | None, alert: Alert, after: float, now: datetime) -> News | None:
    if alert.told_at is None:
        return "raised" if _seconds(alert.found_at, now) >= after else None
    is_worse = before is not None and (before.level, alert.level) == ("warning", "failure")
    return "lasts" if is_worse or _seconds(alert.told_at, now) >= REMIND else None


def _seconds(since: datetime, now: datetime) -> float:
    return (now - since).total_seconds()
