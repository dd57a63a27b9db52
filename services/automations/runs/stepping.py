"""How a run takes a step: what ends it before, what the step comes to, and where the run goes on."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from domain.automations.definition.flow import ExitRule
from domain.automations.definition.limits import MAX_VARS
from domain.automations.definition.steps import (
    Branch,
    Call,
    Exit,
    GoalStep,
    Notify,
    OnError,
    Send,
    Split,
    Step,
    Wait,
    WaitEvent,
)
from domain.automations.rest import Rest
from services.automations.calls.answers import with_answer
from services.automations.flows import Published
from services.automations.outcomes import Done, Ends, Outcome, StepFailed, Waits
from services.automations.publishing.moving import Landed
from services.automations.runs.round import Round
from services.automations.steps.retrying import after_failure, is_to_wait
from services.automations.steps.taking import take
from services.automations.steps.turn import Turn
from store.automations.runs import Run, StepTaken

Take = Callable[[Step, Turn], Awaitable[Outcome]]
"""Takes a step (``services.automations.steps.taking``)."""

_ON_ERROR = "on_error"
"""The arm for runs at which a step fails."""
_ONLY_NOTED = Send | Wait | WaitEvent | Branch | Split | Call | Notify | GoalStep | Exit
"""Steps that write nothing by themselves: what they come to is written at the end of the round."""

_HELD = timedelta(hours=6)
"""After which the workflow of a run that is held looks again: should whoever resumes its automation miss it."""


async def take_one(round_: Round, landed: Landed, run: Run, of: Published, take: Take = take) -> Run | Rest:
    """Take one step. Returns the run as it goes on at once, or when it goes on. ``take``: by what, if not as ever."""
    looked = landed.looked
    if looked.state == "archived":
        return _end(round_, run, "cancelled", "archived")
    if (to_end := run.to_end or round_.to_end.get(run.id)) is not None:
        return _end(round_, run, "exited", to_end)
    if looked.state == "paused":
        return _hold(round_, run)
    if landed.ends is not None:
        return _end(round_, run, landed.ends, "step_removed")
    known = await round_.know(run)
    if known is None:
        return _end(round_, run, "exited", "contact_deleted")
    turn = await converted(Turn(round_, run, of.flow, of.tree, known))
    if turn.run.converted_at is not None and of.flow.goal is not None and of.flow.goal.exit:
        return _end(round_, turn.run, "exited", "goal")
    if (reason := await _exit_reason(turn)) is not None:
        return _end(round_, turn.run, "exited", reason)
    return await _take(turn, of.tree.step(run.step or of.tree.first()), take)


async def _take(turn: Turn, step: Step, take: Take) -> Run | Rest:
    turn = replace(turn, run=replace(turn.run, step=step.id))
    if (goal := await _reached(turn, step)) is not None:
        step = goal
        turn = replace(turn, run=replace(turn.run, step=goal.id, since=None))
    try:
        outcome = await _attempt(step, turn, take)
        if isinstance(outcome, Done) and outcome.vars:
            _check_size({**turn.run.vars, **outcome.vars})
    except StepFailed as failure:
        return _failed(turn, step, failure)
    match outcome:
        case Waits(until, events):
            return _wait(turn, step, until, events)
        case Ends(reason, noted):
            run = _note(turn, step, {"result": "exit", **noted})
            return _end(turn.round, run, "exited", reason)
        case Done(noted, arm, skips_next, more, answer):
            run = _note(turn, step, noted if arm is None else {"arm": arm, **noted})
            following = turn.tree.after(step.id) if arm is None else turn.tree.into(step.id, arm)
            if skips_next:
                following = turn.tree.after_next(step.id)
            answers = with_answer(run.answers, step.id, answer)
            return _move(turn.round, replace(run, vars={**run.vars, **more}, answers=answers), following)


def _check_size(vars_: Mapping[str, Any]) -> None:
    if len(orjson.dumps(vars_)) > MAX_VARS:
        raise StepFailed("vars_size", f"a run keeps at most {MAX_VARS // 1024} kB in vars")


async def _attempt(step: Step, turn: Turn, take: Take) -> Outcome:
    if step.disabled:
        return Done({"result": "disabled"})
    if (again_at := is_to_wait(turn.run, turn.now)) is not None:
        return Waits(again_at)
    if step.if_ is not None and turn.run.since is None:
        trace = await turn.judge(step.if_)
        if not trace.result:
            return Done({"result": "passed_over", "why": trace.why})
    if isinstance(step, _ONLY_NOTED):
        return await take(step, turn)
    await turn.round.write()  # the step may read or change what was noted so far
    async with turn.store.connection() as conn, conn.transaction():  # a step that fails has done nothing
        outcome = await take(step, turn)
    turn.round.forget(turn.run.contact_id)
    return outcome


def _failed(turn: Turn, step: Step, failure: StepFailed) -> Run | Rest:
    """What the step, or else the automation, says of failures."""
    rule: OnError = step.on_error or turn.flow.settings.on_error
    error = {"step": step.id, "code": failure.code, "message": failure.message[:1000]}
    run = after_failure(turn, step, failure)
    noted = {"result": "failed", "code": failure.code, "message": failure.message[:1000], "try": run.tries}
    turn = replace(turn, run=run)
    if (again_at := run.again_at) is not None:
        run = _note(turn, step, noted | {"result": "tries_again", "again_at": again_at.isoformat()})
        return _wait(replace(turn, run=run), step, again_at, ())
    if rule.then == "arm" and step.on_error and step.on_error.arm:
        run = _note(turn, step, {"arm": _ON_ERROR, **noted})
        return _move(turn.round, run, turn.tree.into(step.id, _ON_ERROR))
    run = _note(turn, step, noted)
    match rule.then:
        case "skip":
            return _move(turn.round, run, turn.tree.after(step.id))
        case "exit":
            return _end(turn.round, run, "exited", failure.code)
    return _end(turn.round, run, "failed", failure.code, error)


def _wait(turn: Turn, step: Step, until: datetime, events: tuple[str, ...]) -> Rest:
    run = replace(turn.run, state="waiting", since=turn.run.since or turn.now, until=until)
    return turn.round.rest(run, until, sorted({*events, *_always(turn, step)}))


def _always(turn: Turn, step: Step) -> set[str]:
    """Events that matter wherever a run waits: those that end it, its goal, and goals ahead."""
    flow = turn.flow
    names = {rule.event for rule in flow.exit if rule.event}
    if flow.goal:
        names.add(flow.goal.event)
    return names | {goal.event for goal in turn.tree.goals_ahead(step.id)}


def _hold(round_: Round, run: Run) -> Rest:
    """Its automation is paused: it is due when that is resumed."""
    held = replace(run, until=None, held_until=run.held_until or run.until or round_.now)
    return round_.rest(held, round_.now + _HELD)


def _note(turn: Turn, step: Step, outcome: Mapping[str, Any]) -> Run:
    """Note a step that was taken. Returns the run with it behind."""
    turn.round.note(turn.run, StepTaken(turn.number, step.id, turn.now, dict(outcome)))
    return replace(turn.run, taken=turn.number)


def _move(round_: Round, run: Run, following: str | None) -> Run | Rest:
    run = replace(run, step=following, since=None, until=None, state="running", tries=0, again_at=None)
    if following is None:
        return _end(round_, run, "completed", "completed")
    round_.leave(run)
    return run


def _end(round_: Round, run: Run, state: str, reason: str, error: dict[str, Any] | None = None) -> Rest:
    ended = replace(run, state=state, reason=reason, error=error, ended_at=round_.now, until=None, held_until=None)
    round_.leave(ended)
    return Rest(is_over=True, step=ended.step or "", outcome="failed" if state == "failed" else "")


async def converted(turn: Turn) -> Turn:
    """Note when the run reached the goal of its automation, once."""
    goal, run = turn.flow.goal, turn.run
    if goal is None or run.converted_at is not None:
        return turn
    until = run.entered_at + goal.within if goal.within else None
    reached = await turn.happened([goal.event], goal.match, run.entered_at, until=until)
    return replace(turn, run=replace(run, converted_at=reached[0].at)) if reached else turn


async def _exit_reason(turn: Turn) -> str | None:
    """Why the run ends wherever it is, if it does."""
    for rule in turn.flow.exit:
        if await _applies(turn, rule):
            return rule.reason or rule.event or "condition"
    return None


async def _applies(turn: Turn, rule: ExitRule) -> bool:
    if rule.when is not None:
        return (await turn.judge(rule.when)).result
    assert rule.event is not None
    return bool(await turn.happened([rule.event], rule.match, turn.run.entered_at))


async def _reached(turn: Turn, step: Step) -> GoalStep | None:
    """The goal ahead in the same list whose event happened while the run waits, if there is one."""
    if turn.run.since is None:
        return None
    for goal in turn.tree.goals_ahead(step.id):
        if await turn.happened([goal.event], goal.match, turn.run.entered_at):
            return goal
    return None
