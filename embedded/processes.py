"""The processes of an install on Linux: find those that an earlier run left behind, end them."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

MARK = "XSENDER_SUPERVISED"
"""Environment variable that every supervised process carries; its value is the install's folder, absolute."""

_POLL = 0.02


def marked(folder: Path) -> set[int]:
    """Living processes that a supervisor of this folder started, and their descendants; never this process itself."""
    wanted = f"{MARK}={folder}".encode()
    return {pid for pid in _all_pids() if wanted in _read(pid, "environ").split(b"\0")}


def named_in(folder: Path, name: str) -> set[int]:
    """Living processes called ``name`` whose working directory is ``folder``."""
    return {pid for pid in _all_pids() if _cwd(pid) == str(folder) and _read(pid, "comm").strip() == name.encode()}


def send(pids: Iterable[int], number: signal.Signals) -> None:
    """Signal each process that is still there."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def kill_group(leader: int) -> None:
    """SIGKILL what is left of the process group that ``leader`` led."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


async def gone(find: Callable[[], set[int]], seconds: float) -> bool:
    """Wait until ``find`` finds nothing; ``False`` when ``seconds`` have passed before."""
    deadline = time.monotonic() + seconds
    while find():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(_POLL)
    return True


async def end(find: Callable[[], set[int]], grace: float) -> None:
    """SIGTERM all that ``find`` finds, SIGKILL what is still there after ``grace`` seconds."""
    send(find(), signal.SIGTERM)
    if not await gone(find, grace):
        send(find(), signal.SIGKILL)
        await gone(find, grace)


def _all_pids() -> list[int]:
    own = os.getpid()
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit() and int(entry) != own]


def _read(pid: int, entry: str) -> bytes:
    """A file of ``/proc/<pid>``; empty for a zombie, and for a process that is gone or not ours."""
    try:
        return Path(f"/proc/{pid}/{entry}").read_bytes()
    except OSError:
        return b""


def _cwd(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""
