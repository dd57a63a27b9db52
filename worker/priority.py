"""CPU priority of bulk workers: a batch is less urgent than a one-time code."""

import os
import time
from contextlib import suppress
from pathlib import Path

NICE = 5
"""On busy cores about a third of the CPU time of a process at normal priority; on idle cores all of it."""

_AUTOGROUP = Path("/proc/self/autogroup")
_TRIES = 50


def lower_priority() -> None:
    """Lower this process's CPU priority permanently. Call it before threads are started: each inherits it.

    On a machine shared with the API, the engine and the transactional lane a batch must not slow down what waits for
    an answer, and a batch takes every core it gets.
    """
    os.nice(NICE)
    if os.getsid(0) == os.getpid():  # in a shared session, such as a shell's, nice works among its processes
        _lower_session_priority()


def _lower_session_priority() -> None:
    """Lower the session's priority, too: the kernel may divide CPU time among sessions first, ignoring nice.

    See "The autogroup feature" in sched(7). A kernel without it, or a container that hides it, needs no such step.
    """
    with suppress(OSError), _AUTOGROUP.open("wb", buffering=0) as session:
        for _ in range(_TRIES):
            if session.write(str(NICE).encode()):
                return
            time.sleep(0.1)  # the kernel accepts one such request per tenth of a second, system-wide
