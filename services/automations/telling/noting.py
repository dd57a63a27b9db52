"""Steps that tell somebody: what they say is gathered, so that many runs tell it together."""

from uuid import uuid5

from domain.automations.definition.steps import Notify
from domain.text.json_faults import UNSTORABLE
from services.automations.outcomes import Done, Outcome
from services.automations.steps.turn import Turn
from store.automations.told import Note

MOST = 500
"""Characters of a message."""


async def notify(step: Notify, turn: Turn) -> Outcome:
    """Have somebody be told, once for this step of this run."""
    text = UNSTORABLE.sub("", turn.fill(step.message)).strip()
    message = text if len(text) <= MOST else f"{text[: MOST - 1]}…"
    kind = "callback" if step.to.callback else "email" if step.to.email else "owner"
    run = turn.run
    note = Note(
        uuid5(run.id, f"notify {turn.number}"),
        run.automation_id,
        run.account_id,
        kind,
        step.to.email or "",
        step.id,
        message or "(an empty message)",
    )
    turn.round.notes.append(note)
    return Done({"result": "noted"})
