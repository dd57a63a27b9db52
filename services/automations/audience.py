"""How many contacts an automation's schedules would bring."""

from datetime import UTC, datetime

from domain.audience.conditions.tree import Any_
from domain.automations.definition.flow import Flow
from domain.automations.definition.triggers import Schedule
from store.automations import clocks
from store.pool import Connections


async def count_now(store: Connections, account_id: int, flow: Flow) -> int | None:
    """How many contacts meet the condition of a schedule now, each counted once: without schedules 0.

    ``None``: counting them takes too long.
    """
    audiences = [trigger.audience for trigger in flow.triggers if isinstance(trigger, Schedule)]
    if not audiences:
        return 0
    return await clocks.count(store, account_id, Any_(tuple(audiences)), datetime.now(UTC))
