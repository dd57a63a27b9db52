"""A phone's connection to its server, with the faults of mobile networks."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import httpx

from phones.faults import Dice, Faults
from phones.timings import Timings

_READ_WITHIN = 60.0
"""Seconds: longer than any long-poll."""
_OFFLINE_LOOK = 0.5
"""Seconds, scaled: how often an open stream notices that the phone went offline."""


class NoNetwork(Exception):
    """There was no answer; the server may have got the request or not."""


class SessionEnded(Exception):
    """The server does not know the phone's session (any more), or the pairing token or code was refused."""


class Refused(Exception):
    """The server answered with an error.

    Args:
        status: of the answer.
        text: of the answer.
        retry_after: seconds that it wants the phone to wait.
    """

    def __init__(self, status: int, text: str, retry_after: float) -> None:
        super().__init__(f"HTTP {status}: {text[:200]}")
        self.status = status
        self.retry_after = retry_after

    @property
    def is_passing(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status in (408, 425, 429) or self.status >= 500


class Network:
    """Requests of one phone. Open it with ``async with``."""

    def __init__(self, url: str, faults: Faults, timings: Timings, dice: Dice) -> None:
        self._faults = faults
        self._timings = timings
        self._dice = dice
        self._http = httpx.AsyncClient(base_url=url, timeout=_READ_WITHIN, verify=_certificates())

    async def __aenter__(self) -> "Network":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def request(
        self, method: str, path: str, authorization: str | None = None, content: bytes | None = None, **more: Any
    ) -> httpx.Response:
        """Make a request; ``path`` may also be a whole address. ``more``: as httpx takes it (``json``, ``params``).

        Raises:
            NoNetwork: there was no answer.
            SessionEnded: 401.
            Refused: any other error.
        """
        headers = {"Authorization": authorization} if authorization else {}
        headers |= more.pop("headers", {})
        await self._meet_faults()
        lost = self._dice.hits("network", self._faults.lose_network)
        if lost and self._dice.hits("network before", 0.5):
            raise NoNetwork("the request was lost")
        try:
            answer = await self._http.request(method, path, headers=headers, content=content, **more)
        except httpx.TransportError as error:
            raise NoNetwork(repr(error)) from None
        if lost:
            raise NoNetwork("the answer was lost")
        _check(answer)
        return answer

    @asynccontextmanager
    async def stream(self, path: str, authorization: str) -> AsyncIterator[AsyncIterator[str]]:
        """Open a stream; yields its lines, which end without an error when the server or the network ends it.

        Raises:
            NoNetwork: it could not be opened, or broke.
            SessionEnded: 401.
            Refused: any other error.
        """
        await self._meet_faults()
        if self._dice.hits("network", self._faults.lose_network):
            raise NoNetwork("the request was lost")
        headers = {"Authorization": authorization, "Accept": "text/event-stream"}
        timeout = httpx.Timeout(_READ_WITHIN, read=3600.0)
        try:
            async with self._http.stream("GET", path, headers=headers, timeout=timeout) as answer:
                if answer.status_code >= 400:
                    await answer.aread()
                _check(answer)
                yield self._lines(answer)
        except httpx.TransportError as error:
            raise NoNetwork(repr(error)) from None

    async def _lines(self, answer: httpx.Response) -> AsyncIterator[str]:
        """Lines until the end; while the phone is offline nothing arrives, so the stream counts as ended."""
        lines = answer.aiter_lines()
        coming = asyncio.ensure_future(anext(lines, None))
        try:
            while not self._faults.is_offline:
                done, _ = await asyncio.wait([coming], timeout=self._timings.scale * _OFFLINE_LOOK)
                if not done:
                    continue
                line = coming.result()
                if line is None:
                    return
                yield line
                coming = asyncio.ensure_future(anext(lines, None))
        finally:
            coming.cancel()
            await asyncio.wait([coming])
            if not coming.cancelled():
                coming.exception()

    async def _meet_faults(self) -> None:
        if self._faults.is_offline:
            raise NoNetwork("the phone is offline")
        if self._faults.is_slow:
            await asyncio.sleep(self._timings.scale * self._timings.slow)


def _check(answer: httpx.Response) -> None:
    if answer.status_code == 401:
        raise SessionEnded(answer.text[:200])
    if answer.status_code >= 300:
        try:
            after = float(answer.headers.get("Retry-After", "0"))
        except ValueError:
            after = 0.0
        raise Refused(answer.status_code, answer.text, after)


@cache
def _certificates() -> ssl.SSLContext:
    """One for all phones of a process: it takes long to load."""
    return ssl.create_default_context()
