"""Who comes to automations by what happened."""

from dataclasses import dataclass

from domain.automations.definition.triggers import OnEvent, OnMessage
from services.automations.entering import Coming
from services.automations.flows import Flows, Published
from services.automations.triggering.matching import fits, kinds_of
from store.automations import triggers
from store.automations.automations import Automation
from store.automations.queue import Noted
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Arriving:
    """A contact that comes to an automation."""

    automation: Automation
    of: Published
    coming: Coming


async def arriving(store: Connections, flows: Flows, noted: Noted) -> list[Arriving]:
    """Who comes to which automations by an event: to each once, however many of its triggers it fits."""
    found: list[Arriving] = []
    for automation, places in await triggers.begun_by(store, noted.account_id, kinds_of(noted)):
        assert automation.version is not None, "only what was published has triggers"
        of = await flows.of(store, automation.id, automation.version, automation.revision)
        for place in places:
            if await fits(store, of, place, noted):
                trigger = of.flow.triggers[place]
                kind = "event" if isinstance(trigger, OnEvent | OnMessage) else trigger.kind
                coming = Coming(noted.contact_id, kind, str(noted.source), noted.data, noted.hops, noted.noted_at)
                found.append(Arriving(automation, of, coming))
                break
    return found
