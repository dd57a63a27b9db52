"""Goals that contacts reach when their runs have ended: many automations end with a message."""

from collections.abc import Sequence
from uuid import UUID

from services.automations.flows import Flows
from services.automations.runs.round import Round
from services.automations.runs.stepping import converted
from services.automations.steps.turn import Turn
from store.automations import runs
from store.pool import Connections


async def count_late_goals(store: Connections, flows: Flows, happened: Sequence[tuple[int, UUID, str]]) -> None:
    """Count what happened as the goal of runs that have ended, if it came within the time that the goal has.

    ``happened``: names of events, with their accounts and contacts.
    """
    looked = await runs.look(store, await runs.ended_without_goal(store, happened))
    if not looked:
        return
    inside = [(one.run, await flows.of(store, one.run.automation_id, one.run.version, one.revision)) for one in looked]
    round_ = Round(store, looked[0].now, inside)
    for run, of in inside:
        known = await round_.know(run)
        if known is None or of.flow.goal is None or of.flow.goal.within is None:
            continue
        turn = await converted(Turn(round_, run, of.flow, of.tree, known))
        if turn.run.converted_at is not None:
            round_.leave(turn.run)
    await round_.write()
