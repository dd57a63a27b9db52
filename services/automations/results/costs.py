"""What runs that go on at a step cost at most, about."""

from collections.abc import Mapping
from uuid import UUID

from domain.automations.definition.steps import Send
from services.automations.flows import Flows
from store.accounts import rates
from store.automations.automations import Automation
from store.automations.publishing import versions
from store.automations.results import failed_runs
from store.pool import Connections

_LOOKED_AT = 500
"""Runs, the newest, whose messages say what a step costs."""


async def most_credits(
    store: Connections, flows: Flows, automation: Automation, at: Mapping[tuple[int, str], int]
) -> int:
    """Credits for so many runs, by version and step, if each takes the dearest arms.

    A step costs as much as the dearest of its last messages; one that has sent none, as a message of one part at the
    highest rate of the account's plan.
    """
    found = await failed_runs.dearest_messages(store, automation.id, _LOOKED_AT)
    named = await rates.of_accounts(store, [automation.account_id])
    listed = named[automation.account_id][1] if automation.account_id in named else []
    total = 0
    for (version, step), count in at.items():
        of = await flows.of(store, *await _newest(store, automation.id, version))
        if step not in of.tree.places:
            continue
        costs = {
            one.id: found.get(one.id, max((rate.credits for rate in listed if rate.channel == one.channel), default=1))
            for one in of.flow.walk()
            if isinstance(one, Send)
        }
        total += count * of.tree.dearest(step, costs)
    return total


async def _newest(store: Connections, automation_id: UUID, version: int) -> tuple[UUID, int, int]:
    return automation_id, version, await versions.newest_revision(store, automation_id, version)
