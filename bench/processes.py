"""CPU time of process trees, from /proc."""

import os
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from bench.figure import Figure

ALL_PARTS = "all parts"

_TICKS = os.sysconf("SC_CLK_TCK")


def tree(root: int) -> list[int]:
    """A process and all its descendants."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            children[int(stat.rpartition(")")[2].split()[1])].append(int(entry.name))
    found, queue = [], [root]
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue += children[pid]
    return found


def cpu_seconds(root: int) -> float:
    """User and system time of a process tree so far, ended children included."""
    total = 0
    for pid in tree(root):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(int(ticks) for ticks in fields[11:15])
    return total / _TICKS


def cpu_of_parts(pids: Mapping[str, int]) -> dict[str, float]:
    """CPU seconds of each part so far."""
    return {name: cpu_seconds(pid) for name, pid in pids.items()}


class CpuMeter:
    """Adds up what the product's parts use while it counts, per message."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = {name: pid for name, pid in pids.items() if name != "sink"}
        self._spent: dict[str, float] = defaultdict(float)
        self._messages = 0

    @asynccontextmanager
    async def counting(self, messages: int) -> AsyncIterator[None]:
        """Count what is used in this context for so many messages."""
        before = cpu_of_parts(self._pids)
        yield
        for name, seconds in cpu_of_parts(self._pids).items():
            self._spent[name] += seconds - before[name]
        self._messages += messages

    def per_thousand(self) -> dict[str, float]:
        """CPU seconds per 1,000 messages of each part, all parts last."""
        parts = {name: seconds * 1000 / self._messages for name, seconds in self._spent.items()}
        return parts | {ALL_PARTS: sum(parts.values())}

    def figures(self, load: str) -> list[Figure]:
        """One figure per part."""
        bound = "What a message costs there; `python -m bench.profile` says on what."
        return [
            Figure(f"{load}: CPU of {name} per 1,000", seconds, "s", bound)
            for name, seconds in self.per_thousand().items()
        ]
