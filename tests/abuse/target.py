"""An install to attack, with a neighbour in it whose sends are watched all the time."""

import asyncio
import json
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import psutil

from tests.abuse.felt import MEASURES, RECOVERY, Felt, Send, bound, faults, p95
from tests.faults.dev import Dev
from tests.stack import Stack

QUIET = 5.0 if MEASURES else 1.5
"""Seconds in which nothing is attacked, before each attack."""
AFTER = 4.0 if MEASURES else 1.5
"""Seconds that are watched once ``RECOVERY`` is over."""
LONGEST = 2.5
"""Seconds of an attack at most, where nothing is measured."""
WATCHED = ("api", "workers")

Attack = Callable[[], Coroutine[Any, Any, object]]


class Target:
    """A running install."""

    def __init__(self, dev: Dev, stack: Stack) -> None:
        self.dev = dev
        self.stack = stack
        self._sends: list[Send] = []
        self._felt_last: float | None = None
        """The 95th percentile after the last attack, if all was as before."""

    async def under(self, name: str, attack: Attack, seconds: float) -> Felt:
        """Attack for so long; ``attack`` is cancelled then, or ends earlier by itself and is begun again.

        An attack that is felt is made once more: the machine may have had other work.
        """
        seconds = seconds if MEASURES else min(seconds, LONGEST)
        first = await self._under(name, attack, seconds)
        return first if first.holds else await self._under(name, attack, seconds)

    async def _under(self, name: str, attack: Attack, seconds: float) -> Felt:
        quiet = await self._quiet()
        begun = time.monotonic()
        memory: dict[str, int] = defaultdict(int)
        running = [asyncio.create_task(again_and_again(attack)), asyncio.create_task(self._weigh(memory))]
        failed, _ = await asyncio.wait(running, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        ended = time.monotonic()
        running[0].cancel()
        for task in failed:
            task.result()
        after = await self._recovered(ended, quiet)
        running[1].cancel()
        await asyncio.wait(running)
        during = await self._between(begun, ended)
        return Felt(name, quiet, p95(during), p95(after), faults([*during, *after]), dict(memory))

    async def _quiet(self) -> float:
        """What the neighbour feels now; where nothing is measured, what it felt after the attack before."""
        if MEASURES or self._felt_last is None:
            await asyncio.sleep(QUIET)
            now = time.monotonic()
            return p95(await self._between(now - QUIET, now))
        return self._felt_last

    async def _recovered(self, ended: float, quiet: float) -> list[Send]:
        """The sends from ``RECOVERY`` after the end on; where nothing is measured, from when all is as before."""
        start = ended + RECOVERY if MEASURES else ended
        while True:
            await asyncio.sleep(max(start + AFTER - time.monotonic(), 0))
            sends = await self._between(start, start + AFTER)
            is_as_before = p95(sends) <= bound(quiet)
            if is_as_before or start >= ended + RECOVERY:
                self._felt_last = p95(sends) if is_as_before else None
                return sends
            start += 0.5

    async def _between(self, start: float, end: float) -> list[Send]:
        """The sends that were due in this time, once all of them are answered."""
        due = int((end - start) / 0.1) - 1
        async with asyncio.timeout(90):
            while len(found := [send for send in self._sends if start <= send[0] < end]) < due:
                await asyncio.sleep(0.1)
        return found

    async def _weigh(self, memory: dict[str, int]) -> None:
        """Note the most MiB of every kind of process, each taken with its children, shared pages counted once."""
        while True:
            for part in WATCHED:
                for leader in self.dev.processes(part):
                    with suppress(psutil.NoSuchProcess):
                        family = [leader, *leader.children(recursive=True)]
                        weight = sum(process.memory_full_info().pss for process in family) // 2**20
                        memory[part] = max(memory[part], weight)
            await asyncio.sleep(0.5)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator["Target"]:
        """A neighbour with a gateway of its own sends while the context is open."""
        user = await self.stack.user(100_000)
        await self.stack.gateway(user.id, "sms", "sandbox", {})
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.abuse.neighbour", self.stack.url, user.key, stdout=asyncio.subprocess.PIPE
        )
        reading = asyncio.create_task(self._read(process))
        try:
            async with asyncio.timeout(60):
                while not self._sends:  # on a busy machine it takes a while to start
                    await asyncio.sleep(0.1)
            yield self
        finally:
            process.kill()
            await process.wait()
            reading.cancel()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            self._sends.append(tuple(json.loads(line)))


async def again_and_again(attack: Attack) -> None:
    """Attack until cancelled."""
    while True:
        await attack()
        await asyncio.sleep(0.05)
