"""Emulated phones of both protocols that are killed, started and paired again; and what really left them."""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from domain.devices.smsgate.ids import parse_id
from phones.faults import Crashed, CrashPoint, Faults
from phones.phone import Phone
from phones.profile import Connection, DoorName, Profile, cards
from phones.timings import Timings

SIMS = 2
QUICK = Timings(scale=0.1, retry=0.5)


class Fleet:
    """Phones in this process, every other one with the open-source app.

    Args:
        folder: where each has its own.
        seed: of their chances.
    """

    def __init__(self, url: str, folder: Path, tokens: Sequence[str], seed: int) -> None:
        self.said = folder / "said.jsonl"
        self._folders = [folder / f"phone-{number}" for number in range(len(tokens))]
        self._phones = [
            Phone(
                Profile(f"phone-{number}", cards(SIMS, number)),
                Connection(url, _door(number), token),
                self._folders[number],
                timings=QUICK,
                faults=Faults(),
                seed=seed,
                said=self.said,
            )
            for number, token in enumerate(tokens)
        ]
        self._running: dict[int, asyncio.Task[None]] = {}

    def start(self, *numbers: int) -> None:
        """Switch phones on; without numbers all of them."""
        for number in numbers or range(len(self._phones)):
            self._running[number] = asyncio.create_task(self._phones[number].run())

    async def kill(self, number: int) -> None:
        """End a phone wherever it is."""
        await _ended(self._running.pop(number))

    async def crash(self, number: int, point: CrashPoint) -> None:
        """Have a phone end at its next message, just before or after the radio has it."""
        self._phones[number].faults.crash = point
        with suppress(Crashed):
            await self._running.pop(number)

    def relink(self, number: int, token: str) -> None:
        """Pair a phone that does not run again, as the same device; and start it."""
        phone = self._phones[number]
        phone.connection = replace(phone.connection, token=token)
        self.start(number)

    async def stop(self) -> None:
        """End all. A phone that ended by itself shows why."""
        for number in list(self._running):
            await _ended(self._running.pop(number))

    def check(self) -> None:
        """Raise what a phone ended with."""
        for task in self._running.values():
            if task.done():
                task.result()

    def begun(self) -> set[str]:
        """Messages that phones have begun and of which they do not know whether they left, by uid."""
        states: dict[str, str] = {}
        for folder in self._folders:
            for line in (folder / "app/journal.jsonl").read_text().splitlines():
                record = json.loads(line)
                if "state" in record:
                    states[f"{folder}/{record['key']}"] = record["state"]
        return {uid_of(_name(key)) for key, state in states.items() if state == "begun"}

    def left(self) -> "Left":
        """What left the phones."""
        lines = self.said.read_text().splitlines() if self.said.exists() else []
        return Left([json.loads(line) for line in lines])


def _door(number: int) -> DoorName:
    return "smsgate" if number % 2 else "xsender"


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _name(key: str) -> str:
    """How a door calls the message with this key of a journal, which may have its attempt at the end."""
    name = key.split("/")
    return name[-2] if len(name[-1]) < 4 else name[-1]


def uid_of(name: str) -> str:
    """A message's uid: the app knows later attempts by other ids."""
    parsed = parse_id(name)
    assert parsed is not None
    return str(parsed[0])


@dataclass
class Left:
    """Messages that left phones."""

    lines: list[dict[str, Any]]
    arrived: Counter[str] = field(init=False)
    """How often, by uid."""

    def __post_init__(self) -> None:
        self.arrived = Counter(uid_of(line["uid"]) for line in self.lines)

    def by_sim(self) -> Counter[str]:
        """How many of each SIM."""
        return Counter(line["sim"] for line in self.lines)

    def busiest(self, seconds: float) -> int:
        """The most messages that one SIM sent within so many seconds."""
        times: dict[str, list[float]] = defaultdict(list)
        for line in self.lines:
            times[line["sim"]].append(datetime.fromisoformat(line["at"]).timestamp())
        return max((_most_within(sorted(each), seconds) for each in times.values()), default=0)


def _most_within(times: Sequence[float], seconds: float) -> int:
    most = first = 0
    for last, at in enumerate(times):
        while times[first] <= at - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most
