"""Providers over real sockets, one for each way in which a provider can behave, that remember what reached them."""

import asyncio
import json
import os
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from gateways.conformance.listening import listening

QUICK_SECONDS = 0.02
SLOW_SECONDS = 25.0
TAKEN = b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"id": "p"}'
SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
REFUSED = b"HTTP/1.1 422 No\r\nContent-Length: 2\r\n\r\nno"
LATER = b"HTTP/1.1 429 Later\r\nRetry-After: 1\r\nContent-Length: 5\r\n\r\nlater"
CUT_OFF = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"


@dataclass
class Arrival:
    """A message as it reached a provider."""

    at: float
    """Unix seconds."""
    is_taken: bool = True
    """Whether the provider took it; not where it said no, or asked to come back."""
    is_lost: bool = False
    """Whether the provider meant to give no answer that can be understood."""


@dataclass
class Provider:
    """One provider, and all that reached it."""

    answer: "Answer"
    arrivals: dict[str, list[Arrival]] = field(default_factory=lambda: defaultdict(list))
    """By our reference, which is the message's uid."""
    mended: asyncio.Event = field(default_factory=asyncio.Event)
    """Set: from now on it takes messages at once, whatever it did before."""
    url: str = ""
    reference: Callable[[Any], str] = itemgetter("ref")
    """Finds our reference in the body of a request."""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of a connection."""
        try:
            while not writer.is_closing():
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
                body = json.loads(await reader.readexactly(length))
                arrival = Arrival(time.time())
                reference = self.reference(body)
                self.arrivals[reference].append(arrival)
                await self.answer(self, reference, writer)
                await writer.drain()
        except asyncio.IncompleteReadError:
            pass  # the worker was killed


Answer = Callable[[Provider, str, asyncio.StreamWriter], Awaitable[None]]


def after(seconds: float) -> Answer:
    """Take a message after so long."""

    async def answer(provider: Provider, reference: str, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        writer.write(TAKEN)

    return answer


async def drip(provider: Provider, reference: str, writer: asyncio.StreamWriter) -> None:
    """Take a message, and say so one byte a second."""
    for byte in SHORT:
        writer.write(bytes([byte]))
        await asyncio.sleep(1)


async def never(provider: Provider, reference: str, writer: asyncio.StreamWriter) -> None:
    """Take the message and say nothing."""
    if provider.mended.is_set():
        writer.write(TAKEN)
        return
    provider.arrivals[reference][-1].is_lost = True
    await asyncio.Event().wait()


async def garbage(provider: Provider, reference: str, writer: asyncio.StreamWriter) -> None:
    """Take the message and answer what is no HTTP."""
    provider.arrivals[reference][-1].is_lost = True
    writer.write(b"\x00" + os.urandom(200))
    writer.close()


async def closing(provider: Provider, reference: str, writer: asyncio.StreamWriter) -> None:
    """Take the message; every second time close in the middle of the answer."""
    if sum(map(len, provider.arrivals.values())) % 2:
        writer.write(TAKEN)
        return
    provider.arrivals[reference][-1].is_lost = True
    writer.write(CUT_OFF)
    writer.close()


async def refusing(provider: Provider, reference: str, writer: asyncio.StreamWriter) -> None:
    """Refuse the message for good."""
    provider.arrivals[reference][-1].is_taken = False
    writer.write(REFUSED)


async def busy(provider: Provider, reference: str, writer: asyncio.StreamWriter) -> None:
    """Ask to come back in a second; then take the message."""
    if len(provider.arrivals[reference]) % 2:
        provider.arrivals[reference][-1].is_taken = False
        writer.write(LATER)
    else:
        writer.write(TAKEN)


@dataclass(frozen=True)
class Kind:
    """A gateway of the test."""

    channel: str
    answer: Answer
    weight: int
    """How many of a hundred messages of mixed traffic go through it."""
    late: float
    """Seconds that its messages may take beyond ``ledger.BASE_AGE``."""
    per_second: float | None = None
    timeout: float = 60.0


GATEWAYS = {
    "quick": Kind("sms", after(QUICK_SECONDS), 64, 0),
    "steady": Kind("sms", after(QUICK_SECONDS), 10, 120, per_second=20.0),
    "slow": Kind("sms", after(SLOW_SECONDS), 3, 16 * SLOW_SECONDS),
    "drip": Kind("sms", drip, 3, 5 * len(SHORT)),
    "never": Kind("sms", never, 2, 330, timeout=20.0),
    "garbage": Kind("sms", garbage, 3, 0),
    "closing": Kind("sms", closing, 5, 30),
    "refusing": Kind("sms", refusing, 5, 0),
    "busy": Kind("sms", busy, 5, 60),
    "chat": Kind("whatsapp", after(QUICK_SECONDS), 0, 0),
}
"""By identifier. A worker has 64 messages at ``slow`` at a time, which is 2.5 a second: at 45 messages a second its
weight takes half of that, or its queue would grow all the time. What goes there at once may take several
rounds of all these slots; ``never`` is waited for until it was mended, and its breaker's pause is up to 300 s."""


@asynccontextmanager
async def running_providers() -> AsyncIterator[dict[str, Provider]]:
    """A provider for each gateway, by its identifier."""
    async with AsyncExitStack() as opened:
        providers = {name: Provider(kind.answer) for name, kind in GATEWAYS.items()}
        for provider in providers.values():
            provider.url = await opened.enter_async_context(serving(provider))
        yield providers


@asynccontextmanager
async def serving(provider: Provider) -> AsyncIterator[str]:
    """A provider on a free port; yields its address."""
    async with listening(provider.talk) as port:
        yield f"http://127.0.0.1:{port}"


def config(name: str, provider: Provider) -> dict[str, object]:
    """The configuration of a gateway of type ``http`` to a provider."""
    return {
        "url": f"{provider.url}/",
        "body": {"ref": "{{ reference }}", "to": "{{ to }}", "text": "{{ body }}"},
        **({} if name == "drip" else {"id_path": "id"}),  # which answers without a body
        "allow_private_network": True,
        "timeout": GATEWAYS[name].timeout,
    }
