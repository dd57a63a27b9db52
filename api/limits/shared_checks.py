"""Checks that anybody may ask for: however many ask, one of each kind runs at a time."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

_A = TypeVar("_A")
_T = TypeVar("_T")


class SharedChecks:
    """Those that run now."""

    def __init__(self) -> None:
        self._running: dict[object, asyncio.Task[Any]] = {}

    async def result(self, check: Callable[[_A], Coroutine[Any, Any, _T]], of: _A) -> _T:
        """What the check finds: begun now, or the one that is under way, whoever asked for it."""
        task: asyncio.Task[_T] | None = self._running.get(check)
        if task is None:
            task = self._running[check] = asyncio.create_task(check(of))
            task.add_done_callback(lambda _: self._running.pop(check))
        return await asyncio.shield(task)  # one who hangs up must not end it for the others
