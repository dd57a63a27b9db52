"""Dispatches that did not end within their page's workflow task: the messages that they began get their answers."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from runtime.tasks import cancel_and_wait

_T = TypeVar("_T")


class Unfinished:
    """Those of a process."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def begin(self, work: Coroutine[Any, Any, _T]) -> "asyncio.Task[_T]":
        """Have something done, whether or not anybody waits for it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def aclose(self, seconds: float) -> None:
        """Wait for what is left, but no longer than that: then it is cut off. Nothing may begin meanwhile."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=seconds)
            await cancel_and_wait(*late)

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # the dispatch that follows meets it as well, and reports it
