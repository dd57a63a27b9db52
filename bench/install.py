"""The install under test: servers, API, workers and sink, each its own process, as in production."""

import asyncio
import signal
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import aiohttp
import orjson
from pydantic import SecretStr
from temporalio.client import Client

from bench.sink import ARRIVALS
from bench.waiting import until
from domain.keyring import Keyring
from embedded.engine import Engine
from embedded.ports import free_port
from runtime.children import die_with_parent, environment_of
from runtime.settings import Settings
from runtime.temporal import connect
from store.migrate import migrate
from store.pool import Pool, open_pool
from store.workers import queues_served
from workflows.policy import BULK_QUEUES, QUEUES

Command = Sequence[str]
NOTHING: Mapping[str, str] = {}

_XSENDER = str(Path(sys.executable).parent / "xsender")
BULK_WORKER = ("worker", "--queues", ",".join(BULK_QUEUES))
COMMANDS: dict[str, Command] = {
    "api": (_XSENDER, "api"),
    "worker": ("-c", "import sys; sys.modules['rich'] = None; import bench.worker; bench.worker.main()"),
    "bulk worker": (_XSENDER, *BULK_WORKER),
}
"""Our processes, as ``xsender dev`` starts them (``cli.processes``, hence no rich); the floor workflow runs beside the
transactional queues."""


@dataclass(frozen=True)
class Install:
    """Handles to a running install."""

    settings: Settings
    http: aiohttp.ClientSession
    """A lightweight client, so that its own cost does not hide that of the API."""
    temporal: Client
    pool: Pool
    sink_url: str
    pids: dict[str, int]
    """Root process of each part."""
    metrics: Sequence[str] = ()
    """Where its processes serve them."""

    async def arrivals(self) -> list[float]:
        """When each message reached the sink's timed path (Unix time), in this order."""
        async with self.http.get(self.sink_url + ARRIVALS) as answer:
            moments: list[float] = orjson.loads(await answer.read())
        return moments

    @asynccontextmanager
    async def second_bulk_worker(self) -> AsyncIterator[None]:
        """One more process of the bulk queues."""
        async with _process(self.settings, COMMANDS["bulk worker"]):
            yield

    @asynccontextmanager
    async def another_api(self, port: int) -> AsyncIterator[Process]:
        """One more process of the API, that may be killed; yields it once it answers."""
        settings = self.settings.model_copy(update={"api_port": port})
        async with _process(settings, COMMANDS["api"]) as process:
            async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
                await until(partial(_is_healthy, http), bool, within=60, pause=0.02)
            yield process


@asynccontextmanager
async def running_install(
    commands: Mapping[str, Command] = COMMANDS, *, serves_metrics: bool = False, more: Mapping[str, str] = NOTHING
) -> AsyncIterator[Install]:
    """Start everything in a temporary folder, durable as in production, and stop it again.

    ``more``: more of the environment of its processes.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="xsender-bench-")))
        engine = await stack.enter_async_context(Engine(folder))
        await migrate(engine.database_url)
        settings = Settings(
            database_url=engine.database_url,
            temporal_address=engine.temporal_address,
            keys=SecretStr(Keyring.generate()),
            api_port=free_port(),
            log_level="WARNING",
        )
        sink_url = await stack.enter_async_context(running_sink(settings))
        pids = {name: pid for name in ("postgres", "temporal") if (pid := engine.pid(name))}
        metrics = []
        for name, command in commands.items():
            address = f"127.0.0.1:{free_port()}" if serves_metrics else ""
            metrics += [address] if address else []
            own = settings.model_copy(update={"metrics_address": address})
            pids[name] = (await stack.enter_async_context(_process(own, command, more=more))).pid
        pool = await open_pool(settings.database_url, 1, "bench")
        stack.push_async_callback(pool.close)
        http = await stack.enter_async_context(
            aiohttp.ClientSession(
                base_url=f"http://127.0.0.1:{settings.api_port}",
                headers={"Content-Type": "application/json"},
                timeout=aiohttp.ClientTimeout(total=120),
                # Below the 5 s after which the API drops an idle connection, so that none is written into just then.
                connector=aiohttp.TCPConnector(keepalive_timeout=3.0),
            )
        )
        await _until_up(http, pool)
        yield Install(settings, http, await connect(settings), pool, sink_url, pids, metrics)


def running_sink(settings: Settings) -> AbstractAsyncContextManager[str]:
    """A provider in a process of its own; yields its URL."""
    return _server(settings, "bench.sink")


def running_bare_api(settings: Settings) -> AbstractAsyncContextManager[str]:
    """The bare API in a process of its own; yields its URL."""
    return _server(settings, "bench.bare_api")


@asynccontextmanager
async def _server(settings: Settings, module: str) -> AsyncIterator[str]:
    async with _process(settings, ("-m", module), piped=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(await process.stdout.readline())}/"


async def _until_up(http: aiohttp.ClientSession, pool: Pool) -> None:
    await until(partial(queues_served, pool), set(QUEUES).issubset, within=60, pause=0.1)
    await until(partial(_is_healthy, http), bool, within=60, pause=0.1)


async def _is_healthy(http: aiohttp.ClientSession) -> bool:
    with suppress(aiohttp.ClientConnectionError):
        async with http.get("/health") as answer:
            return answer.status == 200
    return False


@asynccontextmanager
async def _process(
    settings: Settings, arguments: Command, *, piped: bool = False, more: Mapping[str, str] = NOTHING
) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        env=environment_of(settings) | dict(more),
        stdout=asyncio.subprocess.PIPE if piped else None,
        start_new_session=True,  # as each part of an install has: the kernel may share cores out among sessions
        preexec_fn=die_with_parent(signal.SIGKILL),
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
