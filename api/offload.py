"""Processes for requests that take long to read: the API must go on answering meanwhile."""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import ParamSpec, TypeVar

from api.errors import unavailable
from api.large_bodies import AT_A_TIME

PROCESSES = AT_A_TIME + 1
"""One for each large request that is let in, and one for small ones that are heavy. Started when they are needed."""
_NICE = 5
"""What is urgent goes first, on a busy machine too."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Offload:
    """Runs function calls in child processes."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["api.reading"])
        self._executor: ProcessPoolExecutor | None = None

    def warm_up(self) -> None:
        """Have a child ready before it is needed; returns at once."""
        self._running().submit(os.getpid)

    async def run(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Call ``work`` in the child.

        Raises:
            ApiError: 503 the child died.
        """
        executor = self._running()
        try:
            return await asyncio.wrap_future(executor.submit(work, *args, **kwargs))
        except BrokenProcessPool:
            if self._executor is executor:
                self._executor = None
            raise unavailable("the process that reads large requests died") from None

    def start_afresh(self) -> None:
        """Let the children go, with the memory that a large request took, and have another ready."""
        if self._executor is not None:
            self._executor.shutdown(wait=False)
            self._executor = None
        self.warm_up()

    async def aclose(self) -> None:
        """Let the children go, and wait until they are gone."""
        if self._executor is not None:
            await asyncio.to_thread(self._executor.shutdown)
            self._executor = None

    def _running(self) -> ProcessPoolExecutor:
        if self._executor is None:
            self._executor = ProcessPoolExecutor(PROCESSES, self._context, initializer=_begin)
        return self._executor


def _begin() -> None:
    os.nice(_NICE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the API tells this one itself
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(0)

    threading.Thread(target=follow, daemon=True).start()
