"""Starting child processes, and ending them with their parent (Linux)."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


def own_command(*arguments: str) -> tuple[str, ...]:
    """The command line of this Python's ``xsender``; the environment selects the install."""
    return (sys.executable, str(Path(sys.executable).with_name("xsender")), *arguments)


def die_with_parent(number: signal.Signals) -> Callable[[], None]:
    """A ``preexec_fn``: the kernel will send ``number`` to the child when this *thread* ends, however it ends."""
    parent = os.getpid()

    def tie() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # the parent died between fork and prctl: the signal would never come
            os._exit(1)

    return tie


def stop_with_parent() -> None:
    """Have this process receive SIGTERM when its parent dies.

    Raises:
        ProcessLookupError: the parent is already dead.
    """
    parent = os.getppid()
    _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() != parent:
        raise ProcessLookupError("the parent process has ended")
