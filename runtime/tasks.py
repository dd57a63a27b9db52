"""Ending tasks that run until they are cancelled."""

import asyncio
from collections.abc import Collection
from typing import Any

_AGAIN = 10.0
"""Seconds that a task has for what it does at its end."""


async def cancel_and_wait(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel tasks and wait until they have ended, whatever their results are.

    Those that go on are cancelled again: until Python 3.12, `asyncio.wait_for` forgets a cancellation that comes in the
    moment in which it gets what it waits for, and connection pools use it (python/cpython#86296).
    """
    pending: Collection[asyncio.Task[Any]] = [task for task in tasks if not task.done()]
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_AGAIN)
