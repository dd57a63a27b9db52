"""Checks without authentication: concurrent callers share one run of each kind."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

_A = TypeVar("_A")
_T = TypeVar("_T")


class SharedChecks:
    """The running checks."""

    def __init__(self) -> None:
        self._running: dict[object, asyncio.Task[Any]] = {}

    async def result(self, check: Callable[[_A], Coroutine[Any, Any, _T]], of: _A) -> _T:
        """The result of the check: started now, or of the one in progress."""
        task: asyncio.Task[_T] | None = self._running.get(check)
        if task is None:
            task = self._running[check] = asyncio.create_task(check(of))
            task.add_done_callback(lambda _: self._running.pop(check))
        return await asyncio.shield(task)  # a disconnected caller must not cancel it for the others
