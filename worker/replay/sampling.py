"""Which workflows a replay check looks at: of each type as many, running and ended ones, spread over the time."""

from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from temporalio.client import Client, WorkflowExecution

_SLICES = 4
"""Parts of the time: what ended last went through the newest build alone."""

Item = TypeVar("Item")


async def sample(client: Client, types: Sequence[str], since: datetime, limit: int) -> list[WorkflowExecution]:
    """At most ``limit`` workflows of these types: those that run, however old, and those that ended after ``since``."""
    now = datetime.now(UTC)
    by_type = [
        _in_turn([client.list_workflows(query, page_size=limit, limit=limit) for query in _queries(name, since, now)])
        for name in types
    ]
    found: list[WorkflowExecution] = []
    async for workflow in _in_turn(by_type):
        found.append(workflow)
        if len(found) == limit:
            break
    return found


def _queries(name: str, since: datetime, now: datetime) -> Iterator[str]:
    kind = f"WorkflowType = '{name}'"
    yield f"{kind} and ExecutionStatus = 'Running' and StartTime < '{since.isoformat()}'"
    step = (now - since) / _SLICES
    for begin in (since + step * number for number in range(_SLICES)):
        end = begin + step
        yield f"{kind} and ExecutionStatus = 'Running' and {_within('StartTime', begin, end)}"
        yield f"{kind} and {_within('CloseTime', begin, end)}"


def _within(name: str, begin: datetime, end: datetime) -> str:
    return f"{name} >= '{begin.isoformat()}' and {name} < '{end.isoformat()}'"


async def _in_turn(streams: Sequence[AsyncIterator[Item]]) -> AsyncIterator[Item]:
    """One of each, again and again, until all have ended."""
    left = deque(streams)
    while left:
        stream = left.popleft()
        try:
            yield await anext(stream)
        except StopAsyncIteration:
            continue
        left.append(stream)
