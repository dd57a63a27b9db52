"""Starting child processes, and ending them with their parent (Linux)."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # slow to import, and parents of processes of other programs need none
    from runtime.settings import Settings

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


def own_command(*arguments: str) -> tuple[str, ...]:
    """The command line of this Python's ``xsender``; the environment selects the install."""
    return (sys.executable, str(Path(sys.executable).with_name("xsender")), *arguments)


def environment_of(settings: "Settings") -> dict[str, str]:
    """The environment of a child process with these settings: those that were set, and no others of this process."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("XSENDER_")}
    given = {name: value for name, value in settings if name in settings.model_fields_set and value is not None}
    return inherited | {f"XSENDER_{name.upper()}": _text(value) for name, value in given.items()}


def _text(value: object) -> str:
    secret = getattr(value, "get_secret_value", None)
    return str(secret() if secret else value)


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
