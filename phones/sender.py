"""Sending: one message after the other through the radio, as fast as the phone's settings allow."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from phones.device import Device
from phones.faults import Crashed
from phones.messages import EXPIRED, Entry, Message, State
from phones.radio import Radio
from phones.timings import wait_for

URGENT = 100
"""From this priority on a message waits for no interval and no limit."""


class Sender:
    """The queue of a phone."""

    def __init__(self, device: Device, radio: Radio, changed: Callable[[Entry], None]) -> None:
        self._device = device
        self._radio = radio
        self._changed = changed
        """Gets each message whose state has changed."""
        self._waiting = {key: e for key, e in device.journal.entries.items() if e.state == "waiting"}
        self._awake = asyncio.Event()
        self._free_at = 0.0
        self._begun: deque[float] = deque()
        self._answers: set[asyncio.Task[None]] = set()

    def take(self, message: Message) -> None:
        """Queue a message that is new to this phone."""
        entry = self._device.journal.take(message, self._device.now())
        self._waiting[message.key] = entry
        self._changed(entry)
        self._awake.set()

    def cancel(self, entry: Entry) -> None:
        """Take a message back; nothing happens if it has begun."""
        if self._waiting.pop(entry.message.key, None):
            self._move(entry, "cancelled")

    async def run(self) -> None:
        """Send for ever.

        Raises:
            Crashed: as ordered.
        """
        try:
            while True:
                entry = self._next()
                wait = None if entry is None else self._wait(entry)
                if entry is None or wait:
                    await wait_for(self._awake, wait)
                else:
                    await self._send(entry)
        finally:
            for answer in self._answers:
                answer.cancel()

    def _next(self) -> Entry | None:
        """The most urgent one, then by age."""
        sign = 1 if self._device.limits.is_fifo else -1
        return min(
            self._waiting.values(),
            key=lambda entry: (-entry.message.priority, sign * entry.message.created_at.timestamp()),
            default=None,
        )

    def _wait(self, entry: Entry) -> float:
        """Seconds until the phone may send it."""
        if entry.message.priority >= URGENT:
            return 0.0
        now, limits = time.monotonic(), self._device.limits
        while self._begun and self._begun[0] <= now - limits.period:
            self._begun.popleft()
        full = limits.count is not None and len(self._begun) >= limits.count
        return max(0.0, self._free_at - now, self._begun[0] + limits.period - now if full else 0.0)

    async def _send(self, entry: Entry) -> None:
        device, message = self._device, entry.message
        del self._waiting[message.key]
        if message.valid_until is not None and device.now() >= message.valid_until:
            self._move(entry, "failed", EXPIRED)
            return
        await device.journal.begin(entry, device.now())
        self._changed(entry)
        now = time.monotonic()
        self._begun.append(now)
        self._free_at = now + device.dice.between("interval", device.limits.interval)
        crash_after = self._crashes_after_radio(message)
        found = self._radio.transmit(message)
        device.say("radio", uid=message.uid, attempt=message.attempt, slot=message.slot, code=found.code)
        if crash_after:
            raise Crashed(f"after the radio had {message.uid}")
        answer = asyncio.create_task(self._answer(entry, found.code, found.part))
        self._answers.add(answer)
        answer.add_done_callback(self._answers.discard)

    def _crashes_after_radio(self, message: Message) -> bool:
        """Whether the app is to crash once the radio has the message; crashes at once if it is to do so before."""
        faults, dice = self._device.faults, self._device.dice
        point, faults.crash = faults.crash, None
        if point is None and dice.hits("crash", faults.crash_chance):
            point = "before-radio" if dice.hits("crash point", 0.5) else "after-radio"
        if point == "before-radio":
            raise Crashed(f"before the radio had {message.uid}")
        return point == "after-radio"

    async def _answer(self, entry: Entry, code: str | None, part: int | None) -> None:
        """What Android says of a message later: sent or not, and delivered."""
        device = self._device
        await asyncio.sleep(device.timings.scale * device.dice.between("radio", device.timings.radio))
        self._move(entry, "failed" if code else "sent", code, part)
        if code is None:
            await asyncio.sleep(device.timings.scale * device.dice.between("delivery", device.timings.delivery))
            self._move(entry, "delivered")

    def _move(self, entry: Entry, state: State, code: str | None = None, part: int | None = None) -> None:
        self._device.journal.move(entry, state, self._device.now(), code, part)
        self._device.say(state, uid=entry.message.uid, attempt=entry.message.attempt, code=code)
        self._changed(entry)
