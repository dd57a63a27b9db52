"""Work that goes on side by side."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def run_together(*works: Coroutine[Any, Any, None]) -> None:
    """Run all until one ends or fails, then end the others.

    Raises:
        Exception: the first one that a work raised, as it is.
    """
    tasks = [asyncio.create_task(work) for work in works]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled():
                task.exception()
