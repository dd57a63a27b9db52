"""The connection to Temporal: opened in the background, so that the API starts, and answers, without it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio.client import Client

from domain.errors import UnavailableError
from runtime.settings import Settings
from runtime.tasks import cancel_and_wait
from runtime.temporal import connect

_PATIENCE = 2.0
"""Seconds that the start of the API waits for a connection: normally it is immediate."""
_PAUSE = 0.5


class TemporalUnavailable(UnavailableError):
    """Temporal could not be reached."""

    def __init__(self) -> None:
        super().__init__("unavailable", "Temporal does not answer: try again")


class TemporalLink:
    """Holds the client once it is connected; the client then reconnects automatically."""

    def __init__(self) -> None:
        self._client: Client | None = None

    @property
    def client(self) -> Client:
        """The client.

        Raises:
            TemporalUnavailable: Temporal was never reached yet.
        """
        if self._client is None:
            raise TemporalUnavailable
        return self._client

    async def connect(self, settings: Settings) -> None:
        """Try to connect until it succeeds."""
        while self._client is None:
            try:
                self._client = await connect(settings)
            except RuntimeError:  # raised by temporalio if the server is unavailable
                await asyncio.sleep(_PAUSE)


@asynccontextmanager
async def open_link(settings: Settings) -> AsyncIterator[TemporalLink]:
    """A link that has its client as soon as Temporal is available."""
    link = TemporalLink()
    connecting = asyncio.create_task(link.connect(settings))
    await asyncio.wait([connecting], timeout=_PATIENCE)
    try:
        yield link
    finally:
        await cancel_and_wait(connecting)
