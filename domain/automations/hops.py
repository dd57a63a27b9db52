"""Automations that start each other: a circle of them would never end by itself."""

from collections.abc import Collection, Iterator, Mapping

from domain.automations.definition.flow import Flow
from domain.automations.definition.steps import Emit, Start
from domain.automations.definition.triggers import OnEvent

MAX_CIRCLES = 20
"""Circles that are named."""


def started_by(flow: Flow) -> frozenset[str]:
    """Keys of the automations that it starts by name."""
    return frozenset(step.automation for step in flow.walk() if isinstance(step, Start))


def emitted_by(flow: Flow) -> frozenset[str]:
    """Names of the events that it records."""
    return frozenset(step.event for step in flow.walk() if isinstance(step, Emit))


def heard_by(flow: Flow) -> frozenset[str]:
    """Names of the events that begin it."""
    return frozenset(trigger.event for trigger in flow.triggers if isinstance(trigger, OnEvent))


def graph(flows: Collection[Flow]) -> dict[str, frozenset[str]]:
    """By key: the keys of those that each of these may start, by name or by an event."""
    listeners: dict[str, set[str]] = {}
    for flow in flows:
        for event in heard_by(flow):
            listeners.setdefault(event, set()).add(flow.key)
    return {
        flow.key: started_by(flow).union(*(listeners.get(event, ()) for event in emitted_by(flow))) for flow in flows
    }


def circles(starts: Mapping[str, Collection[str]]) -> list[tuple[str, ...]]:
    """Circles among automations, at least one through each knot of them; ``starts``: by key, whom each may start.

    A circle names each of its automations once, in the order in which they start each other. The first ``MAX_CIRCLES``.
    """
    found: list[tuple[str, ...]] = []
    done: set[str] = set()
    for key in sorted(starts):
        if key in done:
            continue
        for circle in _circles_from(key, starts, done):
            found.append(circle)
            if len(found) == MAX_CIRCLES:
                return found
    return found


def _circles_from(root: str, starts: Mapping[str, Collection[str]], done: set[str]) -> Iterator[tuple[str, ...]]:
    # Without recursion: an account may have thousands of automations in a row.
    path, places, ways = [root], {root: 0}, [iter(sorted(starts.get(root, ())))]
    while path:
        following = next(ways[-1], None)
        if following is None:
            ways.pop()
            done.add(path[-1])
            del places[path.pop()]
        elif following in places:
            yield tuple(path[places[following] :])
        elif following not in done:
            places[following] = len(path)
            path.append(following)
            ways.append(iter(sorted(starts.get(following, ()))))
