"""Automations that a lead begins: the one that its source names, and those with a trigger for its source."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.automations.definition.triggers import Lead
from services.automations.entering import Coming, enter
from services.automations.flows import Flows
from store.automations import automations, triggers
from store.automations.automations import Automation
from store.leads.sources import Source
from store.pool import Connections


async def enrol(
    store: Connections,
    flows: Flows,
    source: Source,
    named: str | None,
    lead_id: UUID,
    contact_id: UUID,
    event: Mapping[str, Any],
    now: datetime,
) -> list[UUID]:
    """Have the contact enter them, once for the lead, in a transaction. Returns the runs that begin.

    ``named``: the key of the automation that the source's settings name. Who is refused is noted with the reason, as
    for all entries.
    """
    found = [one for one in await _listening(store, flows, source) if one.key != named]
    if named is not None:
        one = await automations.find(store, source.account_id, named)
        if one is not None and one.version is not None and one.state == "active":
            found.append(one)
    begun = [await _enter(store, flows, one, Coming(contact_id, Lead.kind, str(lead_id), event), now) for one in found]
    return [run_id for run_id in begun if run_id is not None]


async def _listening(store: Connections, flows: Flows, source: Source) -> list[Automation]:
    """Active automations with a trigger for leads of this source."""
    found = []
    for one, places in await triggers.begun_by(store, source.account_id, [(Lead.kind, "")]):
        assert one.version is not None, "only what was published has triggers"
        of = await flows.of(store, one.id, one.version, one.revision)
        leads = [trigger for place in places if isinstance(trigger := of.flow.triggers[place], Lead)]
        if any(not trigger.source or source.key in trigger.source for trigger in leads):
            found.append(one)
    return found


async def _enter(
    store: Connections, flows: Flows, automation: Automation, coming: Coming, now: datetime
) -> UUID | None:
    assert automation.version is not None, "only what was published has triggers"
    of = await flows.of(store, automation.id, automation.version, automation.revision)
    return (await enter(store, automation, of, coming, now)).run_id
