"""Takes a step, whatever its kind."""

from domain.automations.definition.steps import (
    Branch,
    Call,
    Emit,
    Exit,
    GoalStep,
    Notify,
    Send,
    SetValues,
    Split,
    Start,
    Step,
    Stop,
    Wait,
    WaitEvent,
)
from domain.automations.splits import arm_of
from services.automations.calls.making import call
from services.automations.outcomes import Done, Ends, Outcome, StepFailed
from services.automations.steps.messages import send
from services.automations.steps.others import start, stop
from services.automations.steps.turn import Turn
from services.automations.steps.values import emit, set_values
from services.automations.steps.waiting import wait, wait_event
from services.automations.telling.noting import notify


async def take(step: Step, turn: Turn) -> Outcome:
    """Take it, in the transaction of the turn.

    Raises:
        StepFailed: it cannot be taken.
    """
    match step:
        case Send():
            return await send(step, turn)
        case Wait():
            return await wait(step, turn)
        case WaitEvent():
            return await wait_event(step, turn)
        case Branch():
            return await _branch(step, turn)
        case Split():
            return Done(arm=arm_of(step, turn.flow.key, str(turn.run.contact_id), str(turn.run.id)))
        case SetValues():
            return await set_values(step, turn)
        case Call():
            return await call(step, turn)
        case Emit():
            return await emit(step, turn)
        case Start():
            return await start(step, turn)
        case Stop():
            return await stop(step, turn)
        case Notify():
            return await notify(step, turn)
        case GoalStep():
            return Done({"result": "goal"})
        case Exit(reason=reason):
            return Ends(reason)
    raise StepFailed("step_kind", f"steps of the kind {step.kind!r} cannot be taken yet")


async def _branch(step: Branch, turn: Turn) -> Outcome:
    for number, arm in enumerate(step.arms):
        trace = await turn.judge(arm.when)
        if trace.result:
            return Done({"name": arm.name, "why": trace.why}, arm=f"arms/{number}")
    return Done(arm="else")
