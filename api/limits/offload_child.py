"""Code of the child processes of ``api.limits.offload``, besides the work itself. It imports nothing heavy."""

import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from typing import TypeVar

_NICE = 10
"""Urgent work has priority, also on a busy machine."""
_MANY_OBJECTS = 50_000

_T = TypeVar("_T")


def begin() -> None:
    """Prepare the process."""
    os.nice(_NICE)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the API ends this one itself
    gc.freeze()
    gc.disable()  # repeated collections over all contacts take as long as reading them
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(0)

    threading.Thread(target=follow, daemon=True).start()


def call_within(seconds: float, work: Callable[[], _T]) -> _T:
    """Call ``work``. If it takes longer, an uncaught signal ends the process."""
    if gc.get_count()[0] > _MANY_OBJECTS:
        gc.collect()
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return work()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
