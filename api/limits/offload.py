"""Child processes for requests that take long to read, so that the API continues to answer meanwhile.

Each slot has its own process, so that one that dies, or is killed because it takes too long, affects
no other request. Accounts take turns.
"""

import asyncio
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing.context import ForkServerContext
from typing import ParamSpec, TypeVar

from api.http.callers import Caller, caller_gone, should_check
from api.http.errors import ApiError, unavailable
from api.limits.fair_slots import FairSlots
from api.limits.offload_child import begin, call_within

PROCESSES = 3
"""Started when they are needed: what they are forked from then takes a second to load, once, and 45 MiB."""
UNUSED = 5.0
"""Seconds after which a process that has nothing to read is ended: it keeps much of the memory that it once had."""
LONGEST = 120.0
"""Seconds after which a process that still reads a request is ended."""
_HEAVY = 4 * 1024 * 1024
"""Bytes of a body that takes two slots, and after which its process is ended, both because of its memory."""
_WAITING = 50
"""Requests of one account that may wait for a slot."""
_PATIENCE = 60.0

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Offload:
    """Runs function calls in child processes."""

    def __init__(self, longest: float = LONGEST, unused: float = UNUSED) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["api.sending.preload"])
        self._children = [_Child(context, longest, unused) for _ in range(PROCESSES)]
        self._idle = self._children.copy()
        self._slots = FairSlots(
            PROCESSES, 1, waiting=_WAITING, patience=_PATIENCE, what="requests that take long to read"
        )

    async def run(
        self,
        account_id: int,
        size: int,
        caller: Caller,
        work: Callable[_P, _T],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> _T:
        """Call ``work`` in a child, for a request of an account with a body of ``size`` bytes.

        Raises:
            ApiError: 429 or 503 there was no slot (``FairSlots``); 503 the child died, or the caller has disconnected;
                422 it takes too long.
        """
        begun, is_heavy = time.monotonic(), size > _HEAVY
        async with self._slots.slots(account_id, 2 if is_heavy else 1):
            if should_check(begun, time.monotonic()) and await caller():
                raise caller_gone()
            child = self._idle.pop()
            try:
                return await child.run(work, *args, **kwargs)
            finally:
                if is_heavy:
                    child.end()
                self._idle.insert(len(self._idle) if child.is_running else 0, child)  # the last one is taken next

    async def aclose(self) -> None:
        """End the children, and wait for their ends."""
        for child in self._children:
            await child.aclose()


class _Child:
    """One process, started when it is needed, and again when it died."""

    def __init__(self, context: ForkServerContext, longest: float, unused: float) -> None:
        self._context = context
        self._longest = longest
        self._unused = unused
        self._executor: ProcessPoolExecutor | None = None
        self._ending: asyncio.TimerHandle | None = None

    @property
    def is_running(self) -> bool:
        return self._executor is not None

    async def run(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        begun = time.monotonic()
        if self._ending is not None:
            self._ending.cancel()
        try:
            return await asyncio.wrap_future(
                self._running().submit(call_within, self._longest, partial(work, *args, **kwargs))
            )
        except BrokenProcessPool:
            self._executor = None
            if time.monotonic() - begun >= self._longest:
                raise _too_long(self._longest) from None
            raise unavailable("the process that reads large requests died") from None
        except asyncio.CancelledError:  # the child still computes: no other request shall wait for it
            self.end()
            raise
        finally:
            self._ending = asyncio.get_running_loop().call_later(self._unused, self.end)

    def end(self) -> None:
        """End the process, which frees the memory of a large request."""
        if self._executor is not None:
            self._executor.shutdown(wait=False)
            self._executor = None

    async def aclose(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
        if self._executor is not None:
            await asyncio.to_thread(self._executor.shutdown)
            self._executor = None

    def _running(self) -> ProcessPoolExecutor:
        if self._executor is None:
            self._executor = ProcessPoolExecutor(1, self._context, initializer=begin)
        return self._executor


def _too_long(longest: float) -> ApiError:
    message = f"reading this request takes longer than {longest:g} s: simplify its templates, or split the list"
    return ApiError(422, "too_heavy", message)
