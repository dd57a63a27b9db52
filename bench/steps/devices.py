"""What phones cost that wait for messages, and what they do to an API that starts again. Half of them poll, half listen
to streams of events."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import chain, repeat
from uuid import uuid4

import aiohttp

from bench.figure import Figure
from bench.install import Install
from bench.processes import cpu_seconds
from bench.tenant import new_tenant
from domain.access.actors import COMMAND_LINE
from domain.devices.sims import Card
from domain.keyring import CREDENTIALS, Keyring
from embedded.ports import free_port
from services.changes import change
from services.devices.pairing import Phone, pair
from services.devices.tokens import Wanted, issue

_PHONES = 500
_SECONDS = 50.0
"""Two rounds of long-polls."""
_RETRY = 1.0
"""Seconds until a phone that lost its connection tries again: all of them at the same moment, over and over."""
_PENDING = "/api/logs/sms/pending"
_EVENTS = "/api/gateway/sms/android/smsgate/events"

_Wait = Callable[[aiohttp.ClientSession, str], Awaitable[float]]
"""Returns, once a phone waits no more, the seconds until it may try again."""


async def measure(install: Install, scale: float) -> list[Figure]:
    """Nothing is sent meanwhile."""
    phones = _Phones(await _paired(install, "xsender"), await _paired(install, "smsgate"))
    return [*await _idle(install, phones, max(10.0, _SECONDS * scale)), *await _restarted(install, phones)]


async def _idle(install: Install, phones: "_Phones", seconds: float) -> list[Figure]:
    async with phones.waiting(install.settings.api_port):
        await phones.all_wait()
        before = cpu_seconds(install.pids["api"])
        await asyncio.sleep(seconds)
        spent = cpu_seconds(install.pids["api"]) - before
        connections = await _connections(install)
    return [
        Figure(
            f"{_PHONES} phones that wait: CPU of the API",
            spent / seconds * 100,
            "% of a core",
            "Each long-poll ends after 25 s and begins again; each stream sends a comment after 20 s.",
            at_most=10,
        ),
        Figure(
            f"{_PHONES} phones that wait: connections of the API to Postgres",
            connections,
            "",
            "Its pool, and one on which it hears of messages.",
            at_most=install.settings.database_pool_size + 1,
        ),
    ]


async def _restarted(install: Install, phones: "_Phones") -> list[Figure]:
    """Kill an API that they wait at, and start it again."""
    port, key = free_port(), (await new_tenant(install)).key
    async with phones.waiting(port):
        async with install.another_api(port) as process:
            await phones.all_wait()
            usual = await _slowest(port, key, asyncio.sleep(3.0))
            process.kill()
            await process.wait()
        phones.forget()
        begun = time.monotonic()
        async with install.another_api(port):
            meanwhile = await _slowest(port, key, phones.all_wait())
            back = time.monotonic() - begun
    return [
        Figure(
            f"{_PHONES} phones after the API was killed: until all wait again",
            back,
            "s",
            "The start of the new process is in it. Streams begin one after the other, and so do their pulls.",
            at_most=20,
        ),
        Figure(
            "the slowest answer to others meanwhile",
            meanwhile * 1000,
            "ms",
            "All phones come at the same moment, each with a connection of its own.",
            floor=usual * 1000,
            beside="while they wait",
        ),
    ]


async def _slowest(port: int, key: str, until: Awaitable[None]) -> float:
    """Seconds of the slowest answer to somebody who asks for a wallet, again and again, until then."""
    done, slowest = asyncio.ensure_future(until), 0.0
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers={"Api-key": key}) as http:
        while not done.done():
            begun = time.monotonic()
            async with http.get("/api/credits") as answer:
                answer.raise_for_status()
                await answer.read()
            slowest = max(slowest, time.monotonic() - begun)
            await asyncio.sleep(0.02)
    await done
    return slowest


class _Phones:
    """Phones of both protocols that wait for messages, whatever happens to the server."""

    def __init__(self, polling: Sequence[str], listening: Sequence[str]) -> None:
        """With the tokens of their sessions."""
        self._polling = polling
        self._listening = listening
        self._waiting: set[str] = set()
        self._all = asyncio.Event()

    async def all_wait(self) -> None:
        """Return once each of them waits."""
        async with asyncio.timeout(120):
            await self._all.wait()

    def forget(self) -> None:
        """None of them waits: their server has ended."""
        self._waiting.clear()
        self._all.clear()

    @asynccontextmanager
    async def waiting(self, port: int) -> AsyncIterator[None]:
        """Have them wait at this server."""
        self.forget()
        connector = aiohttp.TCPConnector(limit=0)
        async with (
            aiohttp.ClientSession(
                f"http://127.0.0.1:{port}", connector=connector, timeout=aiohttp.ClientTimeout(total=None)
            ) as http,
            asyncio.TaskGroup() as group,
        ):
            tasks = [group.create_task(self._stay(self._poll, http, token)) for token in self._polling]
            tasks += [group.create_task(self._stay(self._listen, http, token)) for token in self._listening]
            yield
            for task in tasks:
                task.cancel()

    async def _stay(self, wait: _Wait, http: aiohttp.ClientSession, token: str) -> None:
        while True:
            pause = _RETRY
            with suppress(aiohttp.ClientConnectionError, aiohttp.ClientPayloadError):
                pause = await wait(http, token)
            self._waiting.discard(token)
            self._all.clear()
            await asyncio.sleep(pause)

    async def _poll(self, http: aiohttp.ClientSession, token: str) -> float:
        for seconds in chain("0", repeat("25")):  # the first answer says that the server has looked
            async with http.get(_PENDING, params={"wait": seconds}, headers=_of(token)) as answer:
                if (pause := _refused(answer)) is not None:
                    return pause
                again: float = (await answer.json())["poll_after"]
            self._waits(token)
            await asyncio.sleep(again)
        raise AssertionError

    async def _listen(self, http: aiohttp.ClientSession, token: str) -> float:
        async with http.get(_EVENTS, headers=_of(token)) as answer:
            if (pause := _refused(answer)) is not None:
                return pause
            await answer.content.readline()
            self._waits(token)
            async for _ in answer.content:
                pass
        return _RETRY

    def _waits(self, token: str) -> None:
        self._waiting.add(token)
        if len(self._waiting) == len(self._polling) + len(self._listening):
            self._all.set()


def _of(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _refused(answer: aiohttp.ClientResponse) -> float | None:
    """Seconds until a phone may try again that was refused as there is too much to do."""
    if answer.status in (429, 503):
        return float(answer.headers["Retry-After"])
    answer.raise_for_status()
    return None


async def _paired(install: Install, protocol: str) -> Sequence[str]:
    """Half of the phones, all of one new account; returns the tokens of their sessions."""
    keyring = Keyring.parse(install.settings.keys.get_secret_value(), CREDENTIALS)
    tenant = await new_tenant(install)
    async with change(install.pool, COMMAND_LINE, "device_tokens.created") as made:
        issued = await issue(made, keyring, tenant.id, Wanted(count=_PHONES // 2))
    sessions = []
    for one in issued:
        named = uuid4().hex if protocol == "xsender" else None
        phone = Phone(protocol, "bench", named, cards=[Card(slot=0)])
        sessions.append((await pair(install.pool, keyring, one.text, phone, {"ip": "127.0.0.1"})).token)
    return sessions


async def _connections(install: Install) -> int:
    async with install.pool.connection() as conn:
        cursor = await conn.execute(
            "select count(*) from pg_stat_activity where application_name in ('xsender-api', 'xsender-api-devices')"
        )
        row = await cursor.fetchone()
        return int(row[0]) if row else 0
