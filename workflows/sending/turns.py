"""Groups a page's messages by their turns."""

from collections.abc import Mapping
from typing import Any

from domain.messages.page import PageHeader, Turn


def first_turns(page: PageHeader, accepted_at: float) -> list[tuple[Turn, list[int]]]:
    """The first turns of a page's messages: at once, or when they are due."""
    together: dict[float, list[int]] = {}
    for index in range(page.size):
        due = page.due[index] if page.due else 0.0
        together.setdefault(due if due > accepted_at else 0.0, []).append(index)
    return [(Turn(at, waits_for="schedule") if at else Turn(), indexes) for at, indexes in together.items()]


def group_due(waiting: Mapping[int, Turn], now: float) -> list[tuple[Turn, list[int]]]:
    """Due messages, those with equal turns together."""
    groups: dict[tuple[Any, ...], tuple[Turn, list[int]]] = {}
    for index, turn in waiting.items():
        if turn.at <= now:
            alike = (turn.attempt, turn.strikes, turn.excluded, turn.pinned, id(turn.route) if turn.route else 0)
            groups.setdefault(alike, (turn, []))[1].append(index)
    return list(groups.values())


def group_turns(waiting: Mapping[int, Turn]) -> list[tuple[Turn, list[int]]]:
    """All waiting messages, those with equal turns together."""
    groups: dict[int, tuple[Turn, list[int]]] = {}
    for index, turn in waiting.items():
        groups.setdefault(id(turn), (turn, []))[1].append(index)
    return list(groups.values())
