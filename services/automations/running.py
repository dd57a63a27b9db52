"""Has runs take their steps: each in a transaction with its effect, until the run has to wait, or has ended."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from domain.automations.definition.flow import ExitRule
from domain.automations.definition.limits import MAX_VARS
from domain.automations.definition.steps import GoalStep, OnError, Step
from domain.automations.rest import Rest
from services.automations.facts import know
from services.automations.flows import Flows
from services.automations.outcomes import Done, Ends, Outcome, StepFailed, Waits
from services.automations.publishing.moving import Moves
from services.automations.steps.taking import take
from services.automations.steps.turn import Turn
from store.automations import runs
from store.automations.runs import Looked, Run, StepTaken
from store.pool import Connections, InTransaction, Pool

_MOST_STEPS = 50
"""Of one call: then the caller asks again, so that none takes long."""


class Running:
    """One per process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._flows = Flows()
        self._moves = Moves(self._flows)

    async def give_up(self, run_id: UUID, error: Exception) -> Rest:
        """End a run whose step fails by a fault of ours, however often it is tried. It stays listed."""
        async with self._pool.connection() as conn, conn.transaction():
            store = InTransaction(conn)
            looked = await runs.look(store, run_id)
            if looked is None or looked.run.ended_at is not None:
                return Rest(is_over=True)
            told = {
                "step": looked.run.step,
                "code": "internal_error",
                "message": f"{type(error).__name__}: see the log",
            }
            return await _end(store, looked, "failed", "internal_error", error=told)

    async def go_on(self, run_id: UUID) -> Rest:
        """Take the steps of a run that can be taken now. Safe to repeat, also at the same time."""
        for _ in range(_MOST_STEPS):
            async with self._pool.connection() as conn, conn.transaction():
                rest = await self._once(InTransaction(conn), run_id)
            if rest is not None:
                return rest
        return Rest(until=0.0)

    async def _once(self, store: Connections, run_id: UUID) -> Rest | None:
        """Take one step. Returns when to go on, if not at once."""
        looked = await runs.look(store, run_id)
        if looked is None or looked.run.ended_at is not None:
            return Rest(is_over=True)
        run = looked.run
        if looked.state == "archived":
            return await _end(store, looked, "cancelled", "archived")
        if run.to_end is not None:
            return await _end(store, looked, "exited", run.to_end)
        if looked.state == "paused":  # the sweep wakes it when its automation is resumed
            if run.until is None:
                await runs.write(store, replace(run, until=looked.now), [])
            return Rest(step=run.step or "")
        landed = await self._moves.landed(store, looked)
        looked, run = landed.looked, landed.looked.run
        if landed.ends is not None:
            return await _end(store, looked, landed.ends, "step_removed", run, counts=False)
        of = await self._flows.of(store, run.automation_id, run.version, looked.revision)
        known = await know(store, run, looked.now)
        if known is None:
            return await _end(store, looked, "exited", "contact_deleted")
        turn = await _converted(Turn(store, run, of.flow, of.tree, looked.now, known))
        if turn.run.converted_at is not None and of.flow.goal is not None and of.flow.goal.exit:
            return await _end(store, looked, "exited", "goal", turn.run, counts=False)
        if (reason := await _exit_reason(turn)) is not None:
            return await _end(store, looked, "exited", reason, turn.run, counts=False)
        return await self._take(looked, turn, of.tree.step(run.step or of.tree.first()))

    async def _take(self, looked: Looked, turn: Turn, step: Step) -> Rest | None:
        turn = replace(turn, run=replace(turn.run, step=step.id))
        if (goal := await _reached(turn, step)) is not None:
            step = goal
            turn = replace(turn, run=replace(turn.run, step=goal.id, since=None))
        outcome: Outcome
        try:
            async with turn.store.connection() as conn, conn.transaction():  # a step that fails has done nothing
                outcome = await _attempt(step, turn)
                if isinstance(outcome, Done) and outcome.vars:
                    _check_size({**turn.run.vars, **outcome.vars})
        except StepFailed as failure:
            return await _failed(looked, turn, step, failure)
        match outcome:
            case Waits(until, events):
                return await _wait(turn, step, until, events)
            case Ends(reason, noted):
                await _note(turn, step, {"result": "exit", **noted})
                return await _end(turn.store, looked, "exited", reason, turn.run)
            case Done(noted, arm, skips_next, more):
                await _note(turn, step, noted if arm is None else {"arm": arm, **noted})
                following = turn.tree.after(step.id) if arm is None else turn.tree.into(step.id, arm)
                if skips_next:
                    following = turn.tree.after_next(step.id)
                run = replace(turn.run, vars={**turn.run.vars, **more})
                return await _move(turn.store, looked, run, following)


def _check_size(vars_: Mapping[str, Any]) -> None:
    if len(orjson.dumps(vars_)) > MAX_VARS:
        raise StepFailed("vars_size", f"a run keeps at most {MAX_VARS // 1024} kB in vars")


async def _attempt(step: Step, turn: Turn) -> Outcome:
    if step.disabled:
        return Done({"result": "disabled"})
    if step.if_ is not None and turn.run.since is None:
        trace = await turn.judge(step.if_)
        if not trace.result:
            return Done({"result": "passed_over", "why": trace.why})
    return await take(step, turn)


async def _failed(looked: Looked, turn: Turn, step: Step, failure: StepFailed) -> Rest | None:
    """What the step, or else the automation, says of failures."""
    rule: OnError = step.on_error or turn.flow.settings.on_error
    error = {"step": step.id, "code": failure.code, "message": failure.message[:1000]}
    await _note(turn, step, {"result": "failed", "code": failure.code, "message": failure.message[:1000]})
    match rule.then:
        case "skip":
            return await _move(turn.store, looked, turn.run, turn.tree.after(step.id))
        case "exit":
            return await _end(turn.store, looked, "exited", failure.code, turn.run)
        case "arm" if step.on_error and step.on_error.arm:
            return await _move(turn.store, looked, turn.run, turn.tree.into(step.id, "on_error"))
    return await _end(turn.store, looked, "failed", failure.code, turn.run, error)


async def _wait(turn: Turn, step: Step, until: datetime, events: tuple[str, ...]) -> Rest:
    run = replace(turn.run, state="waiting", since=turn.run.since or turn.now, until=until)
    await runs.write(turn.store, run, sorted({*events, *_always(turn, step)}))
    return Rest(until=until.timestamp(), step=step.id)


def _always(turn: Turn, step: Step) -> set[str]:
    """Events that matter wherever a run waits: those that end it, its goal, and goals ahead."""
    flow = turn.flow
    names = {rule.event for rule in flow.exit if rule.event}
    if flow.goal:
        names.add(flow.goal.event)
    return names | {goal.event for goal in turn.tree.goals_ahead(step.id)}


async def _move(store: Connections, looked: Looked, run: Run, following: str | None) -> Rest | None:
    run = replace(run, step=following, taken=run.taken + 1, since=None, until=None, state="running")
    if following is None:
        return await _end(store, looked, "completed", "completed", run, counts=False)
    await runs.write(store, run, [])
    return None


async def _end(
    store: Connections,
    looked: Looked,
    state: str,
    reason: str,
    run: Run | None = None,
    error: dict[str, Any] | None = None,
    *,
    counts: bool = True,
) -> Rest:
    """``counts``: whether the run has just taken a step that is noted, and not counted yet."""
    taken = run or looked.run
    number = taken.taken + (1 if run is not None and counts else 0)
    ended = replace(taken, state=state, reason=reason, error=error, ended_at=looked.now, until=None, taken=number)
    await runs.write(store, ended, [])
    return Rest(is_over=True, step=ended.step or "")


async def _note(turn: Turn, step: Step, outcome: Mapping[str, Any]) -> None:
    await runs.note_step(turn.store, turn.run.id, StepTaken(turn.number, step.id, turn.now, dict(outcome)))


async def _converted(turn: Turn) -> Turn:
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
