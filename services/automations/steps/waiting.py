"""Steps that wait: for a time, or for an event."""

from datetime import datetime, timedelta

from domain.automations.definition.steps import Wait, WaitEvent
from domain.automations.timing.waits import due
from domain.errors import InvalidError
from services.automations.outcomes import Done, Ends, Outcome, StepFailed, Waits
from services.automations.steps.turn import Turn

_APART = timedelta(seconds=1)
"""By so much clocks of who reports events may be behind."""


async def wait(step: Wait, turn: Turn) -> Outcome:
    """Wait for a time. The rule counts as it is now, from when the wait began: a patch moves waits that go on."""
    began = turn.run.since or turn.now
    zone = turn.zone(step.timezone or turn.flow.settings.timezone)
    until = turn.fill(step.until) if step.until else None
    try:
        found = due(step, began, zone, until, f"{turn.run.id} {step.id}")
    except InvalidError as error:
        raise StepFailed(error.code, error.message) from None
    if found.was_past and turn.run.since is None:
        match step.if_past:
            case "exit":
                return Ends("too_late")
            case "skip_next":
                return Done({"result": "past", "due": found.at.isoformat()}, skips_next=True)
    if found.at <= turn.now:
        return Done({"result": "waited", "due": found.at.isoformat()})
    return Waits(found.at)


async def wait_event(step: WaitEvent, turn: Turn) -> Outcome:
    """Wait for an event since an earlier step: one that came before this step is found all the same."""
    began = turn.run.since or turn.now
    ends = began + step.timeout
    found = await turn.happened(step.events, step.match, await _since(step, turn), step.of, ends)
    if len(found) >= step.count:
        last = found[step.count - 1]
        saved = {step.save: {"name": last.name, "at": last.at.isoformat(), **last.data}} if step.save else {}
        return Done({"result": "happened", "event": last.name}, arm="then", vars=saved)
    if ends <= turn.now:
        return Done({"result": "timed_out"}, arm="else")
    return Waits(ends, step.events)


async def _since(step: WaitEvent, turn: Turn) -> datetime:
    if step.since == "entry":
        return turn.run.entered_at
    if step.since:
        found = await turn.round.taken_at(turn.run, [step.since])
    else:
        found = max((one.at for one in (await turn.round.sends(turn.run)).values()), default=None)
    return found - _APART if found else turn.run.entered_at
