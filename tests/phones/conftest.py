"""Phones that run against a double of the server, and what left them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest_asyncio

from phones.faults import Faults
from phones.phone import Phone
from phones.profile import Connection, DoorName, Event, Profile
from phones.timings import Timings
from tests.phones.phone_server import CODE, TOKEN, PhoneServer, serving

QUICK = Timings(scale=0.01)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[PhoneServer]:
    async with serving(PhoneServer()) as double:
        yield double


class Bench:
    """Makes phones and runs them."""

    def __init__(self, server: PhoneServer, folder: Path, running: AsyncExitStack) -> None:
        self.events: list[Event] = []
        self._noted = asyncio.Event()
        self._server = server
        self._folder = folder
        self._running = running

    def phone(self, door: DoorName = "xsender", folder: str = "phone", **more: Any) -> Phone:
        """A phone; another one with the same folder is the same phone, started again."""
        pairs = {"token": more.pop("token", TOKEN)} if door == "xsender" or "token" in more else {"code": CODE}
        given = {"timings": QUICK, "faults": Faults(), "seed": 1} | more
        return Phone(
            Profile("phone"),
            Connection(self._server.url, door, **pairs),
            self._folder / folder,
            said=self.said,
            log=self._note,
            **given,
        )

    @property
    def said(self) -> Path:
        return self._folder / "said.jsonl"

    @property
    def left(self) -> list[dict[str, Any]]:
        """What left the phones."""
        return [json.loads(line) for line in self.said.read_text().splitlines()] if self.said.exists() else []

    async def sees(self, what: str) -> None:
        """Wait until a phone did or met something."""
        async with asyncio.timeout(10):
            while not any(event.what == what for event in self.events):
                self._noted.clear()
                await self._noted.wait()

    def _note(self, event: Event) -> None:
        self.events.append(event)
        self._noted.set()

    async def start(self, phone: Phone) -> "asyncio.Task[None]":
        """Run a phone until the test ends."""
        return await self._running.enter_async_context(_running(phone))


@asynccontextmanager
async def _running(phone: Phone) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(phone.run())
    try:
        yield task
    finally:
        await kill(task)


async def kill(task: "asyncio.Task[None]") -> None:
    """End a phone in the middle of whatever it does."""
    task.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await task


@pytest_asyncio.fixture
async def bench(server: PhoneServer, tmp_path: Path) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as running:
        yield Bench(server, tmp_path, running)
