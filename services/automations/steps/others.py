"""Steps about other automations of the same contact."""

import hashlib
from uuid import UUID

from domain.automations.definition.steps import Start, Stop
from services.automations.outcomes import Done, Outcome
from services.automations.steps.turn import Turn
from store.automations import queue, waking
from store.automations.queue import Noted

START = "automation.start"
"""What the queue calls it; no event of a contact has such a name."""
HOPS = "hops"
"""How many automations have started each other to come there."""


async def start(step: Start, turn: Turn) -> Outcome:
    """Have the contact enter another automation, once for this step of this run."""
    data = {"automation": step.automation, "data": turn.fill_all(step.data), HOPS: turn.run.hops + 1}
    source = UUID(bytes=hashlib.sha256(f"{START} {turn.run.id} {turn.number}".encode()).digest()[:16])
    noted = Noted(turn.run.account_id, source, turn.run.contact_id, START, turn.now, data)
    await queue.put(turn.store, noted)
    return Done({"result": "started", "automation": step.automation})


async def stop(step: Stop, turn: Turn) -> Outcome:
    """Have the contact's runs of another automation, or of all others, end."""
    key = None if step.all else step.automation
    reason = step.reason or f"stopped by {turn.flow.key}"
    run = turn.run
    ended = await waking.ask_to_end(turn.store, run.account_id, run.contact_id, key, run.id, reason)
    turn.round.to_end |= dict.fromkeys(ended, reason)
    return Done({"result": "stopped", "runs": len(ended)})
