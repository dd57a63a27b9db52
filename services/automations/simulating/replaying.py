"""Would another definition have done the same with a contact that was in the automation?"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from domain.automations.definition.flow import Flow
from domain.automations.definition.steps import Call, Send
from domain.errors import InvalidError
from services.automations.simulating.given import MOST_EVENTS, Case, GivenEvent
from services.automations.simulating.messages import MESSAGE
from services.automations.simulating.report import Report
from services.automations.simulating.simulating import Simulations
from services.automations.steps.values import emitted_by
from store.automations import outbox, runs, simulating
from store.automations.runs import Run, StepTaken
from store.pool import Pool

_OWN = (f"{MESSAGE}sent", f"{MESSAGE}delivered")
"""The messages of a simulation have these of their own."""


async def replay(simulations: Simulations, pool: Pool, flow: Flow, run: Run) -> tuple[Report, dict[str, Any]]:
    """Simulate a run again: the contact as it is now, the entry and what happened meanwhile as they were.

    Returns the report, and how it differs from the run.

    Raises:
        InvalidError: its contact is gone, or more happened than a simulation takes.
    """
    until = run.ended_at or datetime.now(UTC)
    taken = await runs.steps(pool, run.id)
    events = await _events(pool, flow, run, until, taken)
    case = Case(contact=str(run.contact_id), event=run.event, events=events, at=run.entered_at)
    report = await simulations.simulate(run.account_id, flow, case, None if run.ended_at else until)
    return report, _compared(run, taken, report)


async def _events(pool: Pool, flow: Flow, run: Run, until: datetime, taken: Sequence[StepTaken]) -> list[GivenEvent]:
    """What happened to the contact, without what the steps of the run themselves did."""
    messages = (await outbox.sends(pool, [run.id]))[run.id].values()
    sent = {str(one.uid): one.step for one in messages if one.uid}
    own = {emitted_by(run.id, one.number) for one in taken}
    there = {step.id for step in flow.walk() if isinstance(step, Send | Call)}
    found: list[GivenEvent] = []
    stored = await simulating.events_between(
        pool, run.account_id, run.contact_id, run.entered_at, until, MOST_EVENTS + 1
    )
    if len(stored) > MOST_EVENTS:
        message = (
            f"more than {MOST_EVENTS} events happened to the contact since it entered: simulate it with some of them"
        )
        raise InvalidError("simulation_size", message)
    for name, at, data, source in stored:
        of = sent.get(str(data.get("uid")))
        if source in own or (of is not None and (name in _OWN or of not in there)):
            continue
        rest = {key: value for key, value in data.items() if of is None or key not in ("uid", "channel")}
        found.append(GivenEvent(at=at.isoformat(), event=name, of=of, data=rest))
    return found


def _compared(run: Run, taken: Sequence[StepTaken], report: Report) -> dict[str, Any]:
    before, after = [one.step for one in taken], report.path
    ends = (run.state, run.reason), (report.state, report.reason)
    place = next((n for n, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]), None)
    if place is None and len(before) != len(after):
        place = min(len(before), len(after))
    is_same = place is None and ends[0] == ends[1]
    first = None
    if not is_same:
        at = len(before) if place is None else place
        first = {"step": at, "then": _at(before, at, run.reason), "now": _at(after, at, report.reason)}
    return {"same": is_same, "path_then": before, "exit_then": run.reason, "first_difference": first}


def _at(path: list[str], place: int, reason: str | None) -> str:
    """The step that is there, or how the run ended instead."""
    return path[place] if place < len(path) else reason or "waiting"
