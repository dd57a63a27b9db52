"""Automations that would start each other for ever."""

from domain.automations.definition.flow import Flow
from domain.automations.definition.parsing import parse_flow
from domain.automations.hops import circles, emitted_by, graph, started_by
from domain.errors import FieldError, invalid
from store.automations import automations
from store.automations.automations import Automation
from store.pool import Connections


async def check_circles(store: Connections, account_id: int, flow: Flow) -> None:
    """Refuse a definition that starts itself by way of others, by name or by an event.

    Raises:
        InvalidError: it names the automations in their order.
    """
    flows, waiting = {flow.key: flow}, [flow]
    while waiting:
        for one in await _after(store, account_id, waiting.pop()):
            if one.key not in flows and one.version is not None:
                found = await automations.version(store, one.id, one.version, one.revision)
                assert found is not None, "what was published has a definition"
                flows[one.key] = parse_flow(found.definition)
                waiting.append(flows[one.key])
    for circle in circles(graph(list(flows.values()))):
        if flow.key in circle:
            message = f"these would start each other for ever: {' → '.join([*circle, circle[0]])}"
            raise invalid([FieldError("/steps", "automation_circle", message)])


async def _after(store: Connections, account_id: int, flow: Flow) -> list[Automation]:
    """Those that it may start."""
    named = [await automations.find(store, account_id, key) for key in sorted(started_by(flow))]
    found = [one for one in named if one is not None]
    for event in sorted(emitted_by(flow)):
        found += [one for one, _ in await automations.triggered_by(store, account_id, "event", event)]
    return found
