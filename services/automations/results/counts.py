"""What came of an automation, in numbers: by version and step."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from store.automations.results import counting
from store.automations.results.counting import Count
from store.pool import Connections


@dataclass(slots=True)
class OfArm:
    """Runs that took an arm of a step."""

    runs: int = 0
    conversions: int = 0
    """Of runs that had taken it when they reached the goal."""


@dataclass(slots=True)
class OfStep:
    """A step of a version."""

    inside: int = 0
    """Runs that are at it now."""
    taken: int = 0
    """How often it was taken, whatever came of it."""
    results: dict[str, int] = field(default_factory=dict)
    """What came of it: ``sent``, ``unreachable``, ``capped``, ``timed_out``, ``failed`` and so on."""
    arms: dict[str, OfArm] = field(default_factory=dict)
    messages: dict[str, int] = field(default_factory=dict)
    """By state, and how many were opened and clicked."""
    ended: dict[str, int] = field(default_factory=dict)
    """Runs that ended at it, by their state."""
    conversions: int = 0
    """Of runs that it sent the last message to before they reached the goal."""


@dataclass(slots=True)
class OfVersion:
    """A version."""

    version: int
    entered: int = 0
    inside: int = 0
    ended: dict[str, int] = field(default_factory=dict)
    """Runs, by their state."""
    reasons: dict[str, int] = field(default_factory=dict)
    """Why they ended."""
    refused: dict[str, int] = field(default_factory=dict)
    """Who came while it was the newest and was not let in, by reason; ``updated``: its run goes on with new data."""
    conversions: int = 0
    """Runs that reached the goal."""
    steps: dict[str, OfStep] = field(default_factory=dict)


async def of_automation(
    store: Connections, automation_id: UUID, version: int | None, since: date | None, until: date | None
) -> Sequence[OfVersion]:
    """The numbers of an automation, the newest version first, on days (UTC) from ``since`` to ``until``. How many are
    inside is always how many are now."""
    return added(await counting.counts(store, automation_id, version, since, until))


def added(counts: Iterable[Count]) -> Sequence[OfVersion]:
    """Counters as they are told."""
    found: dict[int, OfVersion] = {}
    for count in counts:
        of = found.setdefault(count.version, OfVersion(count.version))
        _add(of, count)
        if count.step:
            _add_to_step(of.steps.setdefault(count.step, OfStep()), count)
    return sorted(found.values(), key=lambda of: -of.version)


def _add(of: OfVersion, count: Count) -> None:
    match count.kind:
        case "entered":
            of.entered += count.n
        case "inside":
            of.inside += count.n
        case "ended":
            _more(of.ended, count.name, count.n)
            _more(of.reasons, count.arm, count.n)
        case "refused":
            _more(of.refused, count.name, count.n)
        case "converted" if count.name == "":
            of.conversions += count.n


def _add_to_step(step: OfStep, count: Count) -> None:
    match count.kind:
        case "inside":
            step.inside += count.n
        case "step":
            step.taken += count.n
            if count.name:
                _more(step.results, count.name, count.n)
            if count.arm:
                step.arms.setdefault(count.arm, OfArm()).runs += count.n
        case "ended":
            _more(step.ended, count.name, count.n)
        case "message":
            _more(step.messages, count.name, count.n)
        case "converted" if count.name == "arm":
            step.arms.setdefault(count.arm, OfArm()).conversions += count.n
        case "converted":
            step.conversions += count.n


def _more(counts: dict[str, int], name: str, n: int) -> None:
    counts[name] = counts.get(name, 0) + n
