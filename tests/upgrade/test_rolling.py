"""An upgrade while messages are being sent: the schema first, then workers, then the API; no request fails."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

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
from tests.upgrade.replacing import Client, healthy, states, stopped, to

BATCH = 600
"""More than fit into one page."""
BATCH_RATE = 100
"""Messages a second: a batch that takes longer than a step of the upgrade."""


async def served_by(pool: Pool, process: psutil.Popen) -> None:
    """Wait until a worker process serves its queues."""
    async with asyncio.timeout(60), pool.connection() as conn:
        while True:
            rows = await conn.execute("select from workers where split_part(id, ':', 2)::int = %s", (process.pid,))
            if rows.rowcount:
                return
            await asyncio.sleep(0.05)


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
                await client.post(f"{uid}/reschedule", {"schedule_at": datetime.now(UTC).isoformat()})
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
