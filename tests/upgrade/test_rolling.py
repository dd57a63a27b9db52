"""An upgrade while messages are being sent: the schema first, then workers, then the API; no request fails."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from domain.keyring import Keyring
from embedded.engine import Engine
from store.accounts import credits
from store.migrate import migrate
from store.pool import Pool, open_pool
from tests.faults.promise import check_promise
from tests.faults.sink import Sink, running_sink
from tests.upgrade.release import ROOT, Release, unpack_previous

BATCH = 600
"""More than fit into one page."""
BATCH_RATE = 100
"""Messages a second: a batch that takes longer than a step of the upgrade."""
STOPS_WITHIN = 45
"""Seconds, as in docker-compose.yml."""


@dataclass
class Client:
    """A customer that sends one message after the other, and takes no answer but 200."""

    user: str
    key: str
    sink: Sink
    url: str = ""
    """The API in use; may change at any time."""
    accepted: list[str] = field(default_factory=list)
    singles: list[str] = field(default_factory=list)
    is_sending: bool = True

    async def send(self, *contacts: dict[str, object]) -> list[str]:
        """Send once. Returns the uids."""
        uids = [item["uid"] for item in (await self._post("send", {"contact": contacts}))["data"]]
        self.accepted += uids
        return uids

    async def send_now(self, uid: str) -> None:
        """Have a scheduled message leave at once."""
        await self._post(f"{uid}/reschedule", {"schedule_at": datetime.now(UTC).isoformat()})

    async def _post(self, path: str, body: dict[str, object]) -> dict[str, Any]:
        async with httpx.AsyncClient(headers={"Api-key": self.key}, timeout=30) as http:
            answer = await http.post(f"{self.url}/api/sms/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def send_on_and_on(self) -> None:
        while self.is_sending:
            self.singles += await self.send(to("sink"))
            await asyncio.sleep(0.03)

    async def goes_on(self, count: int = 20) -> None:
        """Wait until so many more singles have been accepted, and have arrived."""
        begin = len(self.singles)
        async with asyncio.timeout(30):
            while len(self.singles) < begin + count or self.sink.arrived.keys() < set(self.singles[begin:][:count]):
                await asyncio.sleep(0.02)


def to(gateway: str, **more: object) -> dict[str, object]:
    return {"number": "+14155550123", "body": "hi", "gateway_identifier": gateway, **more}


async def healthy(url: str) -> None:
    async with asyncio.timeout(60), httpx.AsyncClient(base_url=url) as http:
        while True:
            try:
                if (await http.get("/health")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)


async def stopped(process: psutil.Popen) -> None:
    """Stop a process and wait until it has finished what it had in hand."""
    process.terminate()
    assert await asyncio.to_thread(process.wait, STOPS_WITHIN) in (0, -signal.SIGTERM)


async def served_by(pool: Pool, process: psutil.Popen) -> None:
    """Wait until a worker process serves its queues."""
    async with asyncio.timeout(60), pool.connection() as conn:
        while True:
            rows = await conn.execute("select from workers where split_part(id, ':', 2)::int = %s", (process.pid,))
            if rows.rowcount:
                return
            await asyncio.sleep(0.05)


async def states(pool: Pool, count: int) -> dict[str, str]:
    """The states of so many messages, once all have ended and their credits are settled."""
    async with asyncio.timeout(60), pool.connection() as conn:
        while True:
            rows = await (await conn.execute("select uid::text, state, credit from messages")).fetchall()
            if len(rows) >= count and not any(credit in ("pending", "held") for _, _, credit in rows):
                return {uid: state for uid, state, _ in rows}
            await asyncio.sleep(0.1)


def failures(log: Path) -> list[str]:
    return [line for line in log.read_text().splitlines() if "error" in line.lower() or "failed" in line.lower()]


@asynccontextmanager
async def releases(folder: Path) -> AsyncIterator[tuple[Engine, Release, Release]]:
    """An engine with an empty database, the previous release and this one."""
    code = unpack_previous(folder / "previous")
    async with Engine(folder / "engine", durable=False) as engine:
        keys = Keyring.generate()
        old = Release(code, engine, keys, folder / "old.log")
        new = Release(ROOT, engine, keys, folder / "new.log")
        assert old.is_what_runs()
        assert new.is_what_runs()
        try:
            yield engine, old, new
        finally:
            old.kill_all()
            new.kill_all()


async def set_up(old: Release, sink: Sink) -> Client:
    """A customer with credit, a gateway, a slow gateway and a paused one: all by the old release's commands."""
    await old.cli("migrate")
    user = str((await old.cli("user", "create", "--email", "ada@example.com", "--name", "Ada"))["id"])
    await old.cli("credit", "topup", "--user", user, "--channel", "sms", "--amount", "100000")
    config = ("--channel", "sms", "--type", "http", "--owner", user, "--config-json", json.dumps(sink.config))
    for more in (("sink",), ("slow", "--rate", f"{BATCH_RATE}/s"), ("paused",)):
        await old.cli("gateway", "add", *config, "--identifier", *more)
    await old.cli("gateway", "pause", "paused", "--owner", user)
    return Client(user, (await old.cli("key", "create", "--user", user))["key"], sink)


@pytest.mark.fault
async def test_sends_go_on_through_an_upgrade(tmp_path: Path):
    async with running_sink(1, thinks=0.02) as sink, releases(tmp_path) as (engine, old, new):
        client = await set_up(old, sink)
        old_worker, (old_api, client.url) = old.start("worker"), old.start_api()
        await healthy(client.url)
        pool = await open_pool(engine.database_url, 2, "test")
        async with asyncio.TaskGroup() as group:
            group.create_task(client.send_on_and_on())
            in_an_hour = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
            scheduled = await client.send(*(to("sink", schedule_at=in_an_hour) for _ in range(5)))
            waiting = await client.send(to("paused"))
            batch = await client.send(*(to("slow") for _ in range(BATCH)))
            await client.goes_on()

            applied = await migrate(engine.database_url)
            await client.goes_on()
            assert failures(old.log) == []

            new_worker = new.start("worker")
            await served_by(pool, new_worker)
            await stopped(old_worker)
            await client.goes_on()
            for uid in scheduled:
                await client.send_now(uid)
            await new.cli("gateway", "resume", "paused", "--owner", client.user)

            _, url = new.start_api()
            await healthy(url)
            client.url = url
            await client.goes_on()
            await stopped(old_api)
            await client.goes_on()
            client.is_sending = False
        ended = await states(pool, len(client.accepted))
        differing = await credits.audit(pool)
        await pool.close()
    print(f"{len(ended)} messages; applied meanwhile: {applied or 'nothing'}")
    check_promise(sink, client.accepted, ended)
    assert set(ended.values()) == {"sent"}
    assert differing == [], "journal and wallets differ"
    assert ended.keys() >= {*scheduled, *waiting, *batch}
