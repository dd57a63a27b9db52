"""The bulk lane makes way: a batch is in no hurry, a one-time code is."""

import os
import time
from contextlib import suppress
from pathlib import Path

NICE = 5
"""Where cores are short, about a third of what a process at normal priority gets; all of it where they are idle."""

_AUTOGROUP = Path("/proc/self/autogroup")
_TRIES = 50


def make_way() -> None:
    """Lower this process's CPU priority, for good. Call it before threads are started: each inherits it.

    On a machine shared with the API, the engine and the transactional lane a batch must not slow down what waits for
    an answer, and a batch takes every core it gets.
    """
    os.nice(NICE)
    if os.getsid(0) == os.getpid():  # of a session shared with others, such as a shell's, nice weighs us among them
        _weigh_session()


def _weigh_session() -> None:
    """Lower the session, too: the kernel may share cores out among sessions first, where nice counts for nothing.

    See "The autogroup feature" in sched(7). A kernel without it, or a container that hides it, needs no such step.
    """
    with suppress(OSError), _AUTOGROUP.open("wb", buffering=0) as session:
        for _ in range(_TRIES):
            if session.write(str(NICE).encode()):
                return
            time.sleep(0.1)  # the kernel takes one such request in a tenth of a second, whoever it comes from
