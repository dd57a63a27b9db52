"""What the figures are measured on: engine, API, worker and sink, each its own process, as in production."""

import asyncio
import os
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import aiohttp
from pydantic import SecretStr
from temporalio.client import Client

from domain.api_keys import KeyKind
from domain.keyring import CREDENTIALS, Keyring
from embedded.engine import Engine
from embedded.ports import free_port
from runtime.settings import Settings
from runtime.temporal import connect
from store import accounts, api_keys, credits, gateways
from store.migrate import migrate
from store.pool import Pool, open_pool

GATEWAY_BODY = {"to": "{{ to }}", "text": "{{ body }}", "ref": "{{ reference }}"}
_CREDIT = 10**9


@dataclass(frozen=True)
class Install:
    """Handles to a running install with one user and one ``http`` gateway to the sink."""

    settings: Settings
    api: aiohttp.ClientSession
    """The lightest client at hand: what the API costs shall be seen, not what asking it costs."""
    temporal: Client
    pool: Pool
    sink_url: str
    pids: dict[str, int]
    """Root process of each part."""


@asynccontextmanager
async def running_install() -> AsyncIterator[Install]:
    """Start everything in a temporary folder, durable as in production, and stop it again."""
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
        api = await stack.enter_async_context(_process(settings, str(Path(sys.executable).parent / "xsender"), "api"))
        worker = await stack.enter_async_context(_process(settings, "-m", "bench.worker"))
        sink = await stack.enter_async_context(_process(settings, "-m", "bench.sink", piped=True))
        assert sink.stdout is not None
        sink_url = f"http://127.0.0.1:{int(await sink.stdout.readline())}/"
        pool = await open_pool(settings.database_url, 4, "bench")
        stack.push_async_callback(pool.close)
        client = await stack.enter_async_context(
            aiohttp.ClientSession(
                base_url=f"http://127.0.0.1:{settings.api_port}",
                headers={"Api-key": await _furnish(pool, settings, sink_url), "Content-Type": "application/json"},
            )
        )
        await _until_healthy(client)
        pids = {"api": api.pid, "worker": worker.pid, "sink": sink.pid}
        pids |= {name: pid for name in ("postgres", "temporal") if (pid := engine.pid(name))}
        yield Install(settings, client, await connect(settings), pool, sink_url, pids)


async def _furnish(pool: Pool, settings: Settings, sink_url: str) -> str:
    """One user with credit and a gateway; returns the key."""
    account = await accounts.create(pool, "bench@example.com", "Bench", None, uuid4())
    await credits.top_up(pool, account.id, "sms", _CREDIT, "bench", uuid4())
    config = {"url": sink_url, "body": GATEWAY_BODY, "id_path": "id", "allow_private_network": True}
    new = gateways.NewGateway(account.id, "sms", "sink", "http", config)
    await gateways.add(pool, Keyring.parse(settings.keys.get_secret_value(), CREDENTIALS), new)
    return (await api_keys.create(pool, KeyKind.USER, account.id)).text


async def _until_healthy(client: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(60):
        while True:
            with suppress(aiohttp.ClientConnectionError):
                async with client.get("/health") as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.1)


@asynccontextmanager
async def _process(settings: Settings, *arguments: str, piped: bool = False) -> AsyncIterator[Process]:
    environment = os.environ | {
        "XSENDER_DATABASE_URL": settings.database_url,
        "XSENDER_TEMPORAL_ADDRESS": settings.temporal_address,
        "XSENDER_KEYS": settings.keys.get_secret_value(),
        "XSENDER_API_PORT": str(settings.api_port),
        "XSENDER_LOG_LEVEL": settings.log_level,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env=environment, stdout=asyncio.subprocess.PIPE if piped else None
    )
    try:
        yield process
    finally:
        process.terminate()
        await process.wait()
