"""Whether what happened to a contact is what a trigger is for."""

from typing import Any

from domain.automations.definition.triggers import OnEvent, OnMessage
from services.automations.facts import know
from services.automations.flows import Published
from services.automations.steps.turn import Turn
from store.automations.queue import Noted
from store.automations.runs import Run
from store.pool import Connections


async def fits(store: Connections, of: Published, place: int, noted: Noted) -> bool:
    """Whether an event is what the trigger at this place of a definition is for."""
    trigger: Any = of.flow.triggers[place]
    if isinstance(trigger, OnMessage) and trigger.channel not in (None, noted.data.get("channel")):
        return False
    if not isinstance(trigger, OnEvent | OnMessage) or trigger.match is None:
        return isinstance(trigger, OnEvent | OnMessage)
    run = Run(noted.source, noted.source, noted.account_id, noted.contact_id, 0, "", "event", {}, {}, noted.at)
    known = await know(store, run, noted.at)
    return known is not None and Turn(store, run, of.flow, of.tree, noted.at, known).matches(trigger.match, noted.data)
