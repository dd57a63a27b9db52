"""An install whose parts reach each other through proxies: each can be killed, stopped and silenced by itself."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
from pydantic import SecretStr

from domain.keyring import Keyring
from embedded.engine import Engine
from embedded.ports import free_port
from embedded.probes import accepts
from embedded.supervisor import Child
from runtime.settings import Settings
from runtime.temporal import connect
from store.migrate import migrate
from store.pool import open_pool
from tests.faults.proxy import Proxy, running_proxy
from tests.no_answer import NO_ANSWER
from tests.stack import Stack
from workflows.policy import BULK_QUEUES, DISPATCH_QUEUE, HOME_QUEUE, WORKFLOW_QUEUE

REPOSITORY = Path(__file__).parents[3]
WORKER_OF_LANE = {"transactional": "worker", "bulk": "bulk worker"}
COMMANDS = {
    "api": ("api",),
    "worker": ("worker", "--queues", f"{WORKFLOW_QUEUE},{DISPATCH_QUEUE},{HOME_QUEUE}"),
    "bulk worker": ("worker", "--queues", ",".join(BULK_QUEUES)),
}
PARTS = (*COMMANDS, "temporal", "postgres")


@dataclass(frozen=True)
class _Links:
    """The proxies through which one process of xsender reaches the two servers."""

    postgres: Proxy
    temporal: Proxy


@dataclass(frozen=True)
class Install:
    """A running install."""

    engine: Engine
    stack: Stack
    """Handles that no proxy is in front of, except the API's."""
    door: Proxy
    """In front of the API."""
    links: dict[str, _Links]

    @property
    def logs(self) -> Path:
        """Where the output of all processes is."""
        return self.engine.supervisor.folder / "logs"

    def processes(self, part: str) -> list[psutil.Process]:
        """The processes of a part; none while it is being restarted."""
        pid = self.engine.pid(part)
        try:
            leader = psutil.Process(pid) if pid else None
            return [leader, *leader.children(recursive=True)] if leader else []
        except psutil.NoSuchProcess:
            return []

    def proxies(self, part: str) -> list[Proxy]:
        """What is between a part and all others."""
        if part in ("postgres", "temporal"):
            return [getattr(links, part) for links in self.links.values()]
        own = self.links[part]
        return [own.postgres, own.temporal, *([self.door] if part == "api" else [])]

    async def becomes_healthy(self, seconds: float) -> str:
        """Wait so long for ``/health`` to be 200. Returns "" when it is, else what it said last."""
        said = "no answer"
        async with httpx.AsyncClient(base_url=self.stack.url, timeout=5) as http:
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                try:
                    answer = await http.get("/health")
                except NO_ANSWER as error:
                    said = f"no answer: {error!r}"
                else:
                    if answer.status_code == 200:
                        return ""
                    said = answer.text
                await asyncio.sleep(0.1)
        return said


@asynccontextmanager
async def running_install(folder: Path) -> AsyncIterator[Install]:
    """PostgreSQL, Temporal, API and the two workers that ``xsender dev`` runs; those that die are restarted."""
    async with AsyncExitStack() as opened:
        engine = Engine(folder)
        api_port, database_port, temporal_port = free_port(), _port(engine.database_url), _port(engine.temporal_address)

        async def proxy(port: int) -> Proxy:
            return await opened.enter_async_context(running_proxy("127.0.0.1", port))

        door = await proxy(api_port)
        links = {name: _Links(await proxy(database_port), await proxy(temporal_port)) for name in COMMANDS}
        await opened.enter_async_context(engine)  # after the proxies: while it stops, its processes need them
        await migrate(engine.database_url)
        url = f"http://127.0.0.1:{door.port}"
        settings = Settings(
            database_url=engine.database_url,
            temporal_address=engine.temporal_address,
            keys=SecretStr(Keyring.generate()),
        )
        environment = {
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONUNBUFFERED": "1",
            "XSENDER_KEYS": settings.keys.get_secret_value(),
            "XSENDER_API_PORT": str(api_port),
            "XSENDER_PUBLIC_URL": url,
            "XSENDER_LOG_LEVEL": "WARNING",
        }
        children = []
        for name, link in links.items():
            own = {
                "XSENDER_DATABASE_URL": engine.database_url.replace(f":{database_port}/", f":{link.postgres.port}/"),
                "XSENDER_TEMPORAL_ADDRESS": f"127.0.0.1:{link.temporal.port}",
            }
            children.append(Child(name, _command(name), _ready(name, api_port), env=environment | own))
        await engine.supervisor.start(*children)
        pool = await open_pool(engine.database_url, 4, "stress")
        opened.push_async_callback(pool.close)
        http = await opened.enter_async_context(httpx.AsyncClient(base_url=url, timeout=30))
        install = Install(engine, Stack(settings, url, http, pool, await connect(settings)), door, links)
        assert not (said := await install.becomes_healthy(60)), said
        try:
            yield install
        finally:  # whoever is cut off from the others would not end in time
            for silenced in [proxy for part in PARTS for proxy in install.proxies(part)]:
                silenced.resume()


def _port(address: str) -> int:
    """The port of an address, or of a database's URL."""
    return int(address.partition("@")[2].partition("/")[0].rpartition(":")[2] or address.rpartition(":")[2])


def _command(name: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "tests.faults.stress.launch", "xsender", *COMMANDS[name])


def _ready(name: str, api_port: int) -> Callable[[], Awaitable[bool]]:
    async def at_once() -> bool:  # a worker that cannot serve ends by itself, and is started again
        return True

    async def listens() -> bool:
        return await accepts("127.0.0.1", api_port)

    return listens if name == "api" else at_once
