"""A client of the install's API that keeps how long each request took."""

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from httpx_aiohttp import AiohttpTransport

_PATIENCE = 60.0


@dataclass(slots=True)
class Requests:
    """Requests of one kind."""

    took: list[float] = field(default_factory=list)
    """Seconds, of each that was answered with success."""
    answers: list[dict[str, Any]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """What the others were answered, or why they were not."""


class Client:
    """Sends messages to numbers that nobody has, and reads."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._numbers = itertools.cycle(f"+1415555{n:04}" for n in random.sample(range(10_000), 10_000))

    async def send(self, into: Requests, contacts: int = 1, **more: object) -> None:
        """``POST /api/sms/send``; ``more`` stands beside ``contact``."""
        contact = [{"number": next(self._numbers), "body": "xsender benchmark"} for _ in range(contacts)]
        await self._ask(into, "POST", "/api/sms/send", {"contact": contact, **more})

    async def get(self, into: Requests, path: str) -> None:
        """Read something."""
        await self._ask(into, "GET", path)

    async def _ask(self, into: Requests, method: str, path: str, body: object = None) -> None:
        begun = time.perf_counter()
        try:
            answer = await self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            into.refused.append(f"{type(error).__name__}: {error}")
            return
        if answer.status_code == httpx.codes.OK:
            into.took.append(time.perf_counter() - begun)
            into.answers.append(answer.json())
        else:
            into.refused.append(f"{answer.status_code}: {answer.text[:300]}")


@asynccontextmanager
async def open_client(url: str, key: str) -> AsyncIterator[Client]:
    """A client of the API at this address, with this key."""
    headers = {"Api-key": key}
    async with httpx.AsyncClient(
        transport=AiohttpTransport(), base_url=url, headers=headers, timeout=_PATIENCE
    ) as http:
        yield Client(http)


async def in_flight(work: Callable[[], Awaitable[None]], count: int, connections: int) -> float:
    """Do it so often, so many at a time. Returns how many seconds that took."""
    left = iter(range(count))

    async def one_after_another() -> None:
        for _ in left:
            await work()

    begun = time.perf_counter()
    await asyncio.gather(*(one_after_another() for _ in range(connections)))
    return time.perf_counter() - begun
