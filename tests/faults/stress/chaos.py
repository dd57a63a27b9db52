"""What is done to the install: parts are killed, stopped for a while, and cut off from all others."""

import asyncio
import random
import signal
import time
from contextlib import suppress
from dataclasses import dataclass

import psutil

from tests.faults.stress.install import PARTS, Install

ACTIONS = ("kill", "stop", "silence")
LINGER = {"kill": 15.0, "stop": 15.0, "silence": 60.0}
"""Seconds after the end of an action in which its consequences may still come: 10 s until a heartbeat is missed, and
45 s until a connection that was silenced is given up."""


@dataclass(frozen=True)
class Disturbance:
    """Something that was done to a part."""

    action: str
    part: str
    began: float
    ended: float
    """Unix seconds, as ``began``. Of a kill: the same."""

    def concerns(self, began: float, ended: float) -> bool:
        """Whether it may have to do with what happened between these moments."""
        return self.began <= ended and began <= self.ended + LINGER[self.action]


class Chaos:
    """Does everything to every part, in random order, again and again."""

    def __init__(self, install: Install, dice: random.Random, longest: float, pause: float, rest: float) -> None:
        """``longest``: seconds of a stop or a silence. ``pause``: seconds between two actions. ``rest``: seconds of
        quiet after each round of all actions."""
        self.done: list[Disturbance] = []
        self._install = install
        self._dice = dice
        self._longest = longest
        self._pause = pause
        self._rest = rest

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until ``stop``; everything flows again then."""
        while not stop.is_set():
            every = [(action, part) for action in ACTIONS for part in PARTS]
            for action, part in self._dice.sample(every, len(every)):
                if await _is_over(stop, self._dice.uniform(0.5, 1.5) * self._pause):
                    return
                await self._act(action, part, stop)
            await _is_over(stop, self._rest)

    async def _act(self, action: str, part: str, stop: asyncio.Event) -> None:
        while not (processes := self._install.processes(part)):  # it has not been restarted yet
            await asyncio.sleep(0.05)
        began = time.time()
        if action == "kill":
            _send(processes, signal.SIGKILL)
        elif action == "stop":
            _send(processes, signal.SIGSTOP)
            try:
                await _is_over(stop, self._dice.uniform(1.0, self._longest))
            finally:
                _send(processes, signal.SIGCONT)
        else:
            await self._silence(part, stop)
        self.done.append(Disturbance(action, part, began, began if action == "kill" else time.time()))

    async def _silence(self, part: str, stop: asyncio.Event) -> None:
        """Swallow what old connections carry, or what all do."""
        proxies = self._install.proxies(part)
        old_only = self._dice.random() < 0.5
        for proxy in proxies:
            proxy.silence_old() if old_only else proxy.silence_all()
        await _is_over(stop, self._dice.uniform(1.0, self._longest))
        for proxy in proxies:
            proxy.resume()


def _send(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


async def _is_over(stop: asyncio.Event, seconds: float) -> bool:
    """Wait so long, or until ``stop``; returns whether it is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
    return stop.is_set()
