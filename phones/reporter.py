"""Telling the server what became of messages, and handing on those that were received; retried, then dropped."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from phones.device import Device
from phones.doors.door import Door
from phones.messages import Entry, Inbound
from phones.network import NoNetwork, Refused
from phones.timings import REPORT_TRIES, wait_for


@dataclass(slots=True)
class _Due:
    """Something to be said."""

    at: float = 0.0
    tries: int = 0


class Reporter:
    """What a phone still has to say."""

    def __init__(self, device: Device, door: Door) -> None:
        self._device = device
        self._door = door
        entries = device.journal.entries.values()
        self._reports = {e.message.key: _Due() for e in entries if e.state != e.reported}
        self._inbound = {name: _Due() for name in device.journal.inbound}
        self._awake = asyncio.Event()

    def add(self, entry: Entry) -> None:
        """Report the state of a message, once more if need be."""
        self._reports[entry.message.key] = _Due()
        self._awake.set()

    def receive(self, inbound: Inbound) -> None:
        """Hand on a received message."""
        self._device.journal.receive(inbound)
        self._inbound[inbound.id] = _Due()
        self._awake.set()

    async def run(self) -> None:
        """Report for ever."""
        heartbeat = self._device.timings.scale * self._device.timings.heartbeat
        beats_at = time.monotonic() + heartbeat
        while True:
            now = time.monotonic()
            due = [key for key, one in self._reports.items() if one.at <= now][: self._door.batch]
            inbound = [name for name, one in self._inbound.items() if one.at <= now]
            if due or beats_at <= now:
                beats_at = now + heartbeat
                await self._report(due)
            for name in inbound:
                await self._forward(name)
            if not due and not inbound:
                await wait_for(self._awake, self._next(beats_at) - time.monotonic())

    def _next(self, beats_at: float) -> float:
        """When there is something to do."""
        return min([beats_at, *(one.at for one in (*self._reports.values(), *self._inbound.values()))])

    async def _report(self, keys: Sequence[str]) -> None:
        entries = [self._device.journal.entries[key] for key in keys]
        dues = {key: self._reports[key] for key in keys}
        states = [entry.state for entry in entries]
        try:
            await self._door.report(entries)
        except (NoNetwork, Refused) as error:
            self._device.say("report failed", messages=len(keys), error=str(error))
            for key, due in dues.items():
                self._retry(self._reports, key, due)
            return
        for entry, state in zip(entries, states, strict=True):
            self._device.journal.confirm(entry, state)
            if self._reports.get(entry.message.key) is dues[entry.message.key]:  # no newer state meanwhile
                del self._reports[entry.message.key]

    async def _forward(self, name: str) -> None:
        inbound = self._device.journal.inbound[name]
        due = self._inbound[name]
        try:
            await self._door.forward(inbound)
        except (NoNetwork, Refused) as error:
            self._device.say("forwarding failed", id=name, error=str(error))
            self._retry(self._inbound, name, due)
            return
        self._device.journal.forward(inbound)
        del self._inbound[name]

    def _retry(self, waiting: dict[str, _Due], name: str, due: _Due) -> None:
        """Try again later, or not at all any more."""
        if waiting.get(name) is not due:
            return
        due.tries += 1
        due.at = time.monotonic() + self._device.timings.backoff(due.tries)
        if due.tries >= REPORT_TRIES:
            del waiting[name]
            self._device.say("dropped", id=name)
