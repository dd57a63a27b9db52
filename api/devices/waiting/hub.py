"""All that phones wait for in this process, and what wakes them."""

from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import UUID

from api.devices.waiting.notices import Notices
from api.devices.waiting.rounds import Rounds, Taken
from api.devices.waiting.streams import Streams
from domain.devices.messages import Session
from store.pool import Pool


class WaitingDevices:
    """One for each process of the API."""

    def __init__(self, pool: Pool, database_url: str) -> None:
        self._rounds = Rounds(pool)
        self._streams = Streams(pool)
        self._notices = Notices(database_url, self._heard, self._missed)
        self._is_stopping = False

    async def take(self, session: Session, limit: int, sim: str | None = None, seconds: float = 0.0) -> Taken:
        """Messages for a phone (``Rounds.take``)."""
        self._notices.begin()
        taken = await self._rounds.take(session, limit, sim, seconds)
        self._streams.asked(session.device_id, taken)
        return taken

    async def events(self, session: Session) -> AsyncIterator[bytes]:
        """Begin a phone's stream of events; returns its lines, until the session or this process ends.

        Raises:
            ApiError: 429 another one is about to begin; 503 too many phones come at once.
        """
        self._notices.begin()
        await self._streams.turn(session.device_id)
        return self._lines(session)

    async def _lines(self, session: Session) -> AsyncIterator[bytes]:
        stream = self._streams.open(session)  # not before: of a phone that has hung up this never begins
        try:
            async for line in stream.lines():
                yield line
        finally:
            self._streams.close(stream)

    def reported(self, session: Session) -> None:
        """A phone has reported messages: it may have room for others now."""
        self._rounds.look(session.device_id)
        self._streams.reported(session.device_id)

    def stop(self) -> None:
        """This process ends: all that waits is answered."""
        if not self._is_stopping:  # each connection calls it
            self._is_stopping = True
            self._rounds.end_all()
            self._streams.end_all()

    async def aclose(self) -> None:
        """End all that runs."""
        await self._notices.aclose()
        await self._streams.aclose()
        await self._rounds.aclose()

    def _heard(self, payload: str) -> None:
        kind, _, named = payload.partition(" ")
        with suppress(ValueError):  # what a later release says
            id_ = UUID(named)
            if kind == "m":
                self._rounds.wake(id_)
                self._streams.wake(id_)
            elif kind == "s":
                self._rounds.look(id_)
                self._streams.look(id_)

    def _missed(self) -> None:
        self._rounds.wake_all()
        self._streams.look_at_all()
