"""Workers and API are replaced by those of another build while messages are sent: none is lost, none is doubled."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

import psutil
import pytest
from temporalio.client import Client as Temporal

from domain.errors import NotFoundError
from domain.keyring import Keyring
from embedded.engine import Engine
from runtime.settings import Settings
from runtime.temporal import connect
from services.deploys.builds import read
from services.deploys.routing import drain, promote
from store.accounts import credits
from store.migrate import migrate
from store.pool import open_pool
from tests.faults.promise import check_promise
from tests.faults.sink import Sink, running_sink
from tests.faults.size import MINUTES
from tests.stack import Stack, new_client
from tests.upgrade.release import ROOT, Release
from tests.upgrade.replacing import Client, healthy, states, stopped

ROUNDS = 6 if MINUTES else 1
"""How often all is replaced."""
QUIET = 1_000 if MINUTES else 40
"""Messages that are sent before."""
CLIENTS = 2
"""That send at a time, each one message after the other."""
_WITHIN = 180
"""Seconds, on a machine that does much else."""


@dataclass
class Running:
    """The processes of one build."""

    name: str
    worker: psutil.Popen
    api: psutil.Popen


@pytest.mark.fault
async def test_all_processes_are_replaced_while_messages_are_sent(tmp_path: Path):
    async with running_sink(1, thinks=0.02) as sink, installed(tmp_path) as (engine, stack):
        client, builds = await customer(stack, sink), Builds(engine, stack.settings, tmp_path)
        try:
            release = builds.release(0)
            worker, (api, client.url) = release.start("worker"), await started_api(release)
            await builds.promote(stack.temporal, name_of(0))
            running = Running(name_of(0), worker, api)
            async with asyncio.TaskGroup() as group:
                for _ in range(CLIENTS):
                    group.create_task(client.send_on_and_on())
                await client.goes_on(seconds=_WITHIN)  # connections are open, code is loaded
                quiet = len(client.singles)
                await client.goes_on(QUIET, _WITHIN)
                replaced = len(client.singles)
                for number in range(1, ROUNDS + 1):
                    running = await replace_all(stack, client, builds, running, number)
                    await client.goes_on(seconds=_WITHIN)
                client.is_sending = False
            ended = await states(stack.pool, len(client.accepted))
        finally:
            builds.kill_all()
        assert await credits.audit(stack.pool) == [], "journal and wallets differ"
    check_promise(sink, client.accepted, ended)
    assert set(ended.values()) == {"sent"}
    before, meanwhile = p95(client, sink, client.singles[quiet:replaced]), p95(client, sink, client.singles[replaced:])
    print(
        f"{len(ended)} messages, {ROUNDS} rounds; p95 to the gateway {before:.3f} s quiet, {meanwhile:.3f} s meanwhile"
    )
    if MINUTES:
        assert meanwhile <= 2 * before


async def replace_all(stack: Stack, client: Client, builds: "Builds", old: Running, number: int) -> Running:
    """In the order of docs/upgrading.md, so that only one process starts at a time. Returns what runs now."""
    release = builds.release(number)
    worker = release.start("worker")
    await builds.promote(stack.temporal, name_of(number))
    await client.goes_on(seconds=_WITHIN)
    drained = await drain(stack.temporal, stack.settings.deployment, old.name, move=False, seconds=_WITHIN)
    assert drained.build.safe_to_remove
    await stopped(old.worker)
    await client.goes_on(seconds=_WITHIN)
    api, client.url = await started_api(release)
    await stopped(old.api)
    return Running(name_of(number), worker, api)


async def started_api(release: Release) -> tuple[psutil.Popen, str]:
    """The API of a build and its URL, once it and all that it needs is there."""
    api, url = release.start_api()
    await healthy(url, _WITHIN)
    return api, url


def name_of(number: int) -> str:
    """What a build is called."""
    return f"build-{number}"


def p95(client: Client, sink: Sink, uids: Sequence[str]) -> float:
    """Seconds from a request to the arrival of its message, of 95 of 100."""
    return quantiles((sink.arrived_at[uid] - client.begun[uid] for uid in uids), n=20)[-1]


class Builds:
    """The same code as several builds."""

    def __init__(self, engine: Engine, settings: Settings, folder: Path) -> None:
        self._engine = engine
        self._settings = settings
        self._folder = folder
        self._started: list[Release] = []

    def release(self, number: int) -> Release:
        """A build whose processes can be started."""
        keys, log = self._settings.keys.get_secret_value(), self._folder / f"{number}.log"
        self._started.append(Release(ROOT, self._engine, keys, log, {"XSENDER_BUILD_ID": name_of(number)}))
        return self._started[-1]

    async def promote(self, temporal: Temporal, build: str) -> None:
        """Promote a build once its workers poll all queues."""
        name = self._settings.deployment
        async with asyncio.timeout(_WITHIN):
            while True:
                with suppress(NotFoundError):
                    if not (await read(temporal, name)).find(build).missing_queues:
                        break
                await asyncio.sleep(0.05)
        assert (await promote(temporal, name, build)).find(build).state == "current"

    def kill_all(self) -> None:
        """End what still runs."""
        for release in self._started:
            release.kill_all()


@asynccontextmanager
async def installed(folder: Path) -> AsyncIterator[tuple[Engine, Stack]]:
    """An engine with our tables, and handles to it."""
    async with Engine(folder / "engine", durable=False) as engine:
        await migrate(engine.database_url)
        settings = Settings(
            database_url=engine.database_url, temporal_address=engine.temporal_address, keys=Keyring.generate()
        )
        pool, temporal = await open_pool(settings.database_url, 2, "test"), await connect(settings)
        async with new_client("") as http:
            yield engine, Stack(settings, "", http, pool, temporal)
        await pool.close()


async def customer(stack: Stack, sink: Sink) -> Client:
    """One with credit and a gateway."""
    user = await stack.user(1_000_000)
    await stack.gateway(user.id, "sms", "http", sink.config, identifier="sink")
    return Client(str(user.id), user.key, sink, pause=0.15, repeats=True)
