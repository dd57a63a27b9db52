"""Streams of events: phones of the app "SMS Gateway for Android" learn by them that there is something to fetch.

An event says that messages wait, and the phone asks for them. So that one message does not call a whole fleet, no more
phones are called than messages wait, those first that were called longest ago, and the others if those do not come.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from api.devices.waiting.rounds import Taken
from api.devices.waiting.stream import Stream
from api.http.errors import ApiError, unavailable
from domain.devices.messages import Session
from runtime.tasks import cancel_and_wait
from store.devices.doors import watching
from store.pool import DB_UNAVAILABLE, Pool

ACCEPTED_A_SECOND = 50
"""Streams that begin: each is followed by a request for messages."""
_LONGEST_TURN = 20.0
"""Seconds that one waits for that."""
_PAUSE = 1.0
"""Seconds between two calls while messages wait."""
_TOGETHER = 0.1
"""Seconds in which messages that come call phones together."""
_MOST_CALLED = 100
_LOOK_EVERY = 30.0
_SEEN_FOR = 420.0
"""A phone counts as online for so long after its last request while its stream is open: it pings every 300 seconds."""


class Streams:
    """All streams of this process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._of: dict[UUID, Stream] = {}
        """By device."""
        self._changed: set[UUID] = set()
        """Devices that are to be looked at."""
        self._looking: asyncio.Task[None] | None = None
        self._around: asyncio.Task[None] | None = None
        self._calling: dict[UUID, asyncio.Task[None]] = {}
        """By gateway."""
        self._woken: dict[UUID, asyncio.Event] = {}
        """By gateway whose phones are called: set when messages have come since they were last counted."""
        self._next_begin = 0.0
        self._waiting: set[UUID] = set()
        """Devices whose streams are about to begin."""
        self._is_over = False

    async def turn(self, device_id: UUID) -> None:
        """Wait until the stream of this phone may begin: after a restart all phones come.

        Raises:
            ApiError: 429 it waits already; 503 too many do.
        """
        now = asyncio.get_running_loop().time()
        begin = max(self._next_begin, now)
        if device_id in self._waiting:
            raise ApiError(429, "too_many_at_once", "another stream of this phone is about to begin", retry_after=5.0)
        if begin - now > _LONGEST_TURN:
            raise unavailable("too many phones come at once", _LONGEST_TURN)
        self._next_begin = begin + 1 / ACCEPTED_A_SECOND
        self._waiting.add(device_id)
        try:
            await asyncio.sleep(begin - now)
        finally:
            self._waiting.discard(device_id)

    def open(self, session: Session) -> Stream:
        """A new stream of a phone, which ends the one before; to be closed."""
        stream = Stream(session, asyncio.get_running_loop().time())
        if older := self._of.pop(session.device_id, None):
            older.end()
        self._of[session.device_id] = stream
        self.look(session.device_id)
        if self._is_over:
            stream.end()
        if self._around is None:
            self._around = asyncio.create_task(self._look_around())
        return stream

    def close(self, stream: Stream) -> None:
        """Its phone has hung up."""
        if self._of.get(stream.session.device_id) is stream:
            del self._of[stream.session.device_id]

    def asked(self, device_id: UUID, taken: Taken) -> None:
        """A phone has asked for messages."""
        if stream := self._of.get(device_id):
            stream.asked(asyncio.get_running_loop().time(), taken)

    def reported(self, device_id: UUID) -> None:
        """A phone has reported messages."""
        if stream := self._of.get(device_id):
            stream.reported(asyncio.get_running_loop().time())

    def wake(self, gateway_id: UUID) -> None:
        """Messages wait for phones of this gateway."""
        for stream in self._with(gateway_id):
            stream.hope()
        if woken := self._woken.get(gateway_id):
            woken.set()
        elif self._with(gateway_id):
            self._woken[gateway_id] = asyncio.Event()
            self._calling[gateway_id] = asyncio.create_task(self._call(gateway_id, self._woken[gateway_id]))

    def look(self, *device_ids: UUID) -> None:
        """Look whether something has changed for these devices."""
        self._changed.update(device_id for device_id in device_ids if device_id in self._of)
        if self._changed and self._looking is None:
            self._looking = asyncio.create_task(self._look())

    def look_at_all(self) -> None:
        """Anything may have changed."""
        self.look(*self._of)
        for gateway_id in {stream.session.gateway_id for stream in self._of.values()}:
            self.wake(gateway_id)

    def end_all(self) -> None:
        """This process ends."""
        self._is_over = True
        for stream in self._of.values():
            stream.end()

    async def aclose(self) -> None:
        """End what runs."""
        tasks = (self._looking, self._around, *self._calling.values())
        await cancel_and_wait(*(task for task in tasks if task is not None))

    def _with(self, gateway_id: UUID) -> list[Stream]:
        return [stream for stream in self._of.values() if stream.session.gateway_id == gateway_id]

    async def _call(self, gateway_id: UUID, woken: asyncio.Event) -> None:
        """Call phones until no message waits."""
        loop = asyncio.get_running_loop()
        try:
            while self._with(gateway_id):
                woken.clear()
                with suppress(*DB_UNAVAILABLE):
                    count = await watching.count_waiting(self._pool, gateway_id, _MOST_CALLED)
                    if not count and not woken.is_set():
                        return
                    call_some(self._with(gateway_id), count, loop.time())
                await asyncio.sleep(_TOGETHER)
                with suppress(TimeoutError):
                    async with asyncio.timeout(_PAUSE):
                        await woken.wait()
        finally:
            del self._calling[gateway_id], self._woken[gateway_id]

    async def _look(self) -> None:
        try:
            while self._changed:
                device_ids, self._changed = self._changed, set()
                await self._tell([self._of[device_id] for device_id in device_ids if device_id in self._of])
        finally:
            self._looking = None

    async def _tell(self, streams: Sequence[Stream]) -> None:
        try:
            found = await watching.changes(self._pool, [stream.session for stream in streams])
        except DB_UNAVAILABLE:  # then notices are not heard either, and all are looked at once they are
            return
        now = asyncio.get_running_loop().time()
        for stream in streams:
            changes = found.get(stream.session.device_id)
            if changes is None:
                stream.end()
            else:
                stream.tell(changes, now)

    async def _look_around(self) -> None:
        """Now and then: what nobody gives notice of."""
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            if self._of:
                with suppress(*DB_UNAVAILABLE):
                    await self._note_seen()
                    await self._call_again()
            for gateway_id in {stream.session.gateway_id for stream in self._of.values()}:
                self.wake(gateway_id)  # messages may wait that could not be sent before, or whose notice was lost

    async def _note_seen(self) -> None:
        """A phone that only listens is online, too."""
        since = asyncio.get_running_loop().time() - _SEEN_FOR
        seen = [stream.session for stream in self._of.values() if stream.asked_at > since]
        await watching.note_seen(self._pool, seen)

    async def _call_again(self) -> None:
        """Call phones that have messages of which they said nothing: they may have missed an answer."""
        now = asyncio.get_running_loop().time()
        for device_id in await watching.due_again(self._pool, list(self._of)):
            if stream := self._of.get(device_id):
                stream.call(now)


def call_some(streams: Sequence[Stream], count: int, now: float) -> None:
    """Call as many phones as messages wait."""
    free = [stream for stream in streams if stream.callable_at <= now]
    for stream in sorted(free, key=lambda one: one.called_at)[:count]:
        stream.call(now)
