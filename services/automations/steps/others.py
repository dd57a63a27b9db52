"""Steps about other automations of the same contact."""

import hashlib
from uuid import UUID

from domain.automations.definition.steps import Start, Stop
from services.automations.outcomes import Done, Outcome
from services.automations.steps.turn import Turn
from store.automations import queue, waking
from store.automations.queue import Noted

START, WAKE = "automation.start", "automation.wake"
"""What the queue calls them; no event of a contact has such a name."""
HOPS = "hops"
"""How many automations have started each other to come there."""


async def start(step: Start, turn: Turn) -> Outcome:
    """Have the contact enter another automation, once for this step of this run."""
    data = {"automation": step.automation, "data": turn.fill_all(step.data), HOPS: turn.run.hops + 1}
    await queue.put(turn.store, _noted(turn, START, data))
    return Done({"result": "started", "automation": step.automation})


async def stop(step: Stop, turn: Turn) -> Outcome:
    """Have the contact's runs of another automation, or of all others, end."""
    key = None if step.all else step.automation
    reason = step.reason or f"stopped by {turn.flow.key}"
    run = turn.run
    ended = await waking.ask_to_end(turn.store, run.account_id, run.contact_id, key, run.id, reason)
    if ended:
        await queue.put(turn.store, _noted(turn, WAKE, {"runs": [str(run_id) for run_id in ended]}))
    return Done({"result": "stopped", "runs": len(ended)})


def _noted(turn: Turn, name: str, data: dict[str, object]) -> Noted:
    source = UUID(bytes=hashlib.sha256(f"{name} {turn.run.id} {turn.number}".encode()).digest()[:16])
    return Noted(turn.run.account_id, source, turn.run.contact_id, name, turn.now, data)
