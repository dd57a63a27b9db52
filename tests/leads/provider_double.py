"""What the doubles of providers have in common: a real socket, what was asked of it, and what goes wrong."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import orjson

from gateways.conformance.fake_provider import Reply, Request, answer, serve


@dataclass(frozen=True)
class Asked:
    """One request, in the order in which they came."""

    method: str
    path: str
    query: dict[str, str]
    raw_query: str
    headers: dict[str, str]
    body: bytes

    @property
    def token(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")


@dataclass(frozen=True)
class Given:
    """An answer of the API."""

    status: int
    body: Any
    headers: dict[str, str]


class ProviderDouble:
    """A provider's API. ``url`` is where it listens, once it is served."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Asked] = []
        self.instead: Reply | bytes | None = None
        """What is done to every request while it is set, such as ``hang``, ``reset`` or bytes of an answer."""
        self.headers: dict[str, str] = {}
        """Of every answer of the API."""
        self._open = asyncio.Event()
        self._open.set()
        self._changed = asyncio.Condition()

    def hold(self) -> None:
        """Be slow: requests are taken and answered no sooner than ``release`` is called."""
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    async def asked_for(self, number: int) -> None:
        """Wait until so many requests have come."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.asked) >= number)

    def respond(self, asked: Asked) -> Given:
        raise NotImplementedError

    async def reply(self, request: Request, writer: asyncio.StreamWriter) -> None:
        parts = urlsplit(request.target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        asked = Asked(request.method, parts.path, query, parts.query, request.headers, request.body)
        async with self._changed:
            self.asked.append(asked)
            self._changed.notify_all()
        await self._open.wait()
        if isinstance(self.instead, bytes):
            writer.write(self.instead)
        elif self.instead is not None:
            await self.instead(request, writer)
        else:
            given = self.respond(asked)
            headers = {"Content-Type": "application/json"} | self.headers | given.headers
            writer.write(answer(given.status, orjson.dumps(given.body), **headers))


Double = TypeVar("Double", bound=ProviderDouble)


@asynccontextmanager
async def serving(double: Double) -> AsyncIterator[Double]:
    """Let it listen on a free port of this machine."""
    async with serve(double.reply) as server:
        double.url = server.url
        yield double
        double.release()
