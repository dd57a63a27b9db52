"""The stream of events of one phone with the app "SMS Gateway for Android"."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import orjson

from api.devices.waiting.rounds import Taken
from domain.devices.messages import Session
from domain.devices.smsgate.ids import message_id
from services.devices.handing import LONGEST_WAIT
from store.devices.doors.watching import Changes

KEEP_ALIVE = 20.0
"""Seconds without an event after which a comment is sent, as what is between closes silent connections."""
_CALLED_AGAIN = 30.0
"""Seconds after which a phone that was called and did not come may be called again."""
_LONGEST_PAUSE = 30.0
"""Seconds that a phone is not called after it came in vain, at most."""
_LONGEST_HOPE = 5.0
"""The same if another message has come since, which it may be able to send."""


class Stream:
    """Of one phone."""

    def __init__(self, session: Session, now: float) -> None:
        self.session = session
        self.called_at = 0.0
        self.asked_at = now
        """Its last request."""
        self.is_over = False
        self._rests_until = now
        """When a SIM of it may send again, or when it should have come if it was called."""
        self._is_full = False
        self._pauses_until = now
        """After requests in vain."""
        self._in_vain = 0
        """Requests since it got a message."""
        self._settings: int | None = None
        self._cancelled: set[str] = set()
        self._events: dict[tuple[str, str], None] = {}
        self._changed = asyncio.Event()

    def send(self, name: str, **data: str) -> None:
        """Send an event, unless it is already to be sent."""
        self._events[name, orjson.dumps(data).decode()] = None
        self._changed.set()

    def call(self, now: float) -> None:
        """Tell the phone to ask for messages."""
        self.called_at, self._rests_until = now, now + _CALLED_AGAIN
        self.send("MessageEnqueued")

    def end(self) -> None:
        """Close it."""
        self.is_over = True
        self._changed.set()

    @property
    def callable_at(self) -> float:
        """When the phone may be called."""
        return max(self._rests_until, self._pauses_until)

    def asked(self, now: float, taken: Taken) -> None:
        """The phone has asked for messages."""
        self.asked_at, self._rests_until, self._is_full = now, now + taken.rest, taken.is_full
        if taken.offers or taken.wait >= LONGEST_WAIT:  # it got some, or none waits
            self._in_vain, self._pauses_until = 0, now
        elif not taken.rest:  # another phone is to send them, or none can
            self._in_vain += 1
            self._pauses_until = now + min(2.0**self._in_vain, _LONGEST_PAUSE)

    def reported(self, now: float) -> None:
        """The phone has reported messages. If it had as many as it may, it can have others now."""
        if self._is_full:
            self._is_full, self._rests_until = False, now

    def hope(self) -> None:
        """Another message has come."""
        self._pauses_until = min(self._pauses_until, self.asked_at + min(self._in_vain, _LONGEST_HOPE))

    def tell(self, changes: Changes, now: float) -> None:
        """Send what has changed."""
        if self._settings is not None and changes.settings != self._settings:
            self._rests_until, self._pauses_until, self._in_vain = now, now, 0
        if changes.settings != self._settings and not changes.has_settings:
            self.send("SettingsUpdated")
            self.send("WebhooksUpdated")
        self._settings = changes.settings
        cancelled = {message_id(uid, attempt) for uid, attempt in changes.cancelling}
        for name in sorted(cancelled - self._cancelled):
            self.send("MessageCancelled", messageId=name)
        self._cancelled = cancelled

    async def lines(self) -> AsyncIterator[bytes]:
        """What is sent, until it is over."""
        yield b":begun\n\n"
        while not self.is_over:
            with suppress(TimeoutError):
                async with asyncio.timeout(KEEP_ALIVE):
                    await self._changed.wait()
            self._changed.clear()
            events, self._events = self._events, {}
            if not self.is_over:
                yield b"".join(_line(*event) for event in events) or b":keepalive\n\n"


def _line(name: str, data: str) -> bytes:
    return f"event: {name}\ndata: {data}\n\n".encode()
