"""Whether what happened to a contact is what a trigger is for."""

from collections.abc import Mapping
from typing import Any

from domain.audience.changes import ABOUT
from domain.audience.conditions.tree import Scalar
from domain.audience.conditions.values import is_equal
from domain.automations.definition.triggers import Inbound, OnEvent, OnField, OnGroup, OnMessage, OnTag
from domain.automations.keywords import says
from domain.text.keywords import Keyword
from services.automations.flows import Published
from services.automations.listening import RECEIVED
from services.automations.runs.round import Round
from services.automations.steps.turn import Turn
from store.automations.queue import Noted
from store.automations.runs import Run
from store.pool import Connections


def kinds_of(noted: Noted) -> list[tuple[str, str]]:
    """Kinds and names of the triggers that an event may fit, as ``listening.triggers_of`` has them."""
    kinds = [("event", noted.name)]
    if noted.name in ABOUT:
        kinds.append((noted.name, str(noted.data.get(ABOUT[noted.name]))))
    if noted.name == RECEIVED:
        kinds.append((Inbound.kind, ""))
    return kinds


async def fits(store: Connections, of: Published, place: int, noted: Noted) -> bool:
    """Whether an event is what the trigger at this place of a definition is for."""
    trigger = of.flow.triggers[place]
    match trigger:
        case Inbound():
            return _is_said(trigger, noted.data)
        case OnTag() | OnGroup():
            return True
        case OnField(from_=before, to=after):
            return _is(before, noted.data.get("from")) and _is(after, noted.data.get("to"))
        case OnMessage(channel=channel) if channel not in (None, noted.data.get("channel")):
            return False
        case OnEvent(match=None) | OnMessage(match=None):
            return True
        case OnEvent(match=condition) | OnMessage(match=condition):
            assert condition is not None, "the case before"
            run = Run(noted.source, noted.source, noted.account_id, noted.contact_id, 0, "", "event", {}, {}, noted.at)
            round_ = Round(store, noted.at, [(run, of)])
            known = await round_.know(run)
            return known is not None and Turn(round_, run, of.flow, of.tree, known).matches(condition, noted.data)
    return False


def _is_said(trigger: Inbound, message: Mapping[str, Any]) -> bool:
    text = message.get("text")
    if not isinstance(text, str) or not text.strip() or message.get("keyword") == Keyword.STOP:
        return False
    if trigger.channel not in (None, message.get("channel")) or trigger.gateway not in (None, message.get("gateway")):
        return False
    return not trigger.keywords or says(text, trigger.keywords)


def _is(wanted: Scalar | None, found: Any) -> bool:
    return wanted is None or is_equal(wanted, found)
