"""Who comes to automations by what happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.automations.definition.triggers import OnEvent, OnMessage
from services.automations.entering import Coming
from services.automations.flows import Flows, Published
from services.automations.triggering.matching import fits, kinds_of
from store.automations import automations, clocks, triggers
from store.automations.automations import Automation
from store.automations.queue import Noted
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Arriving:
    """A contact that comes to an automation."""

    automation: Automation
    of: Published
    coming: Coming


ENTER = "automation.enter"
"""What the queue calls contacts for whom an automation has looked by itself."""


async def arriving(store: Connections, flows: Flows, happened: Sequence[Noted]) -> list[Arriving]:
    """Who comes to which automations by events: by each once, however many triggers of an automation it fits."""
    begun: dict[tuple[int, tuple[tuple[str, str], ...]], Sequence[tuple[Automation, Sequence[int]]]] = {}
    found: list[Arriving] = []
    for noted in happened:
        if noted.name == ENTER:
            continue
        asked = noted.account_id, tuple(kinds_of(noted))
        if asked not in begun:
            begun[asked] = await triggers.begun_by(store, *asked)
        for automation, places in begun[asked]:
            found += await _arriving(store, flows, noted, automation, places)
    return found + await _by_time(store, flows, [noted for noted in happened if noted.name == ENTER])


async def _by_time(store: Connections, flows: Flows, looked_for: Sequence[Noted]) -> list[Arriving]:
    """Who comes by a date or a schedule: for each date and time once, also if a clock was set back."""
    known: dict[str, Automation | None] = {}
    came = await clocks.have_come(store, looked_for)
    found: list[Arriving] = []
    for noted in looked_for:
        id_ = noted.data["automation"]
        if id_ not in known:
            known[id_] = await automations.of_id(store, UUID(id_))
        automation = known[id_]
        if noted.source in came or automation is None or automation.version is None:
            continue
        of = await flows.of(store, automation.id, automation.version, automation.revision)
        trigger, event = noted.data["trigger"], noted.data["event"]
        coming = Coming(noted.contact_id, trigger, str(noted.source), event, at=noted.noted_at)
        found.append(Arriving(automation, of, coming))
    return found


async def _arriving(
    store: Connections, flows: Flows, noted: Noted, automation: Automation, places: Sequence[int]
) -> list[Arriving]:
    assert automation.version is not None, "only what was published has triggers"
    of = await flows.of(store, automation.id, automation.version, automation.revision)
    for place in places:
        if await fits(store, of, place, noted):
            trigger = of.flow.triggers[place]
            kind = "event" if isinstance(trigger, OnEvent | OnMessage) else trigger.kind
            coming = Coming(noted.contact_id, kind, str(noted.source), noted.data, noted.hops, noted.noted_at)
            return [Arriving(automation, of, coming)]
    return []
