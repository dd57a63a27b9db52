"""Computing that takes a while, beside the event loop.

One thread does it all. Python runs one thread at a time and lets the loop take its turn every five milliseconds; with
several of them the loop would wait for each.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

QUICK = 32 * 1024
"""Characters or bytes of an email that are gone through in a few milliseconds: not worth a thread."""

_P = ParamSpec("_P")
_T = TypeVar("_T")

_THREAD = ThreadPoolExecutor(1, "background")


async def in_background(work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Call ``work`` in the thread, after what was given to it before."""
    return await asyncio.wrap_future(_THREAD.submit(work, *args, **kwargs))
