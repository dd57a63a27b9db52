"""A whole install in one test process: API and worker on real sockets, above a running engine."""

import asyncio
import os
import socket
import sys
import traceback
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

import httpx
import uvicorn
from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client

from activities.dependencies import open_dependencies
from api.server import server_config
from domain.access.api_keys import KeyKind
from domain.keyring import CREDENTIALS, Keyring
from panel.app import attach
from runtime.search_attributes import register
from runtime.settings import Settings
from runtime.temporal import connect, worker_version
from store.accounts import accounts, api_keys, credits
from store.gateways import gateways
from store.pool import Pool, open_pool
from tests.looks import Looks
from worker.build import build_workers
from worker.home import Home
from worker.listener_events import ListenerEvents
from worker.main import serve_until
from worker.table import table
from workflows.policy import QUEUES

_DRAINED_WITHIN = 60.0
"""Seconds: twice what a worker gives its activities."""


@dataclass(frozen=True)
class User:
    """An account with a key."""

    id: int
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Api-key": self.key}


@dataclass(frozen=True)
class Stack:
    """Handles to a running install."""

    settings: Settings
    url: str
    http: httpx.AsyncClient
    pool: Pool
    temporal: Client

    @property
    def keyring(self) -> Keyring:
        return Keyring.parse(self.settings.keys.get_secret_value(), CREDENTIALS)

    async def user(self, credit: int = 1000, channels: tuple[str, ...] = ("email", "sms", "whatsapp")) -> User:
        """A new user with this much credit on each channel."""
        account = await accounts.create(self.pool, f"{uuid4().hex}@example.com", "Test", None, uuid4())
        for channel in channels:
            if credit:
                await credits.top_up(self.pool, account.id, channel, credit, "test", uuid4())
        key = await api_keys.create(self.pool, KeyKind.USER, account.id)
        return User(account.id, key.text)

    async def admin(self) -> User:
        """A new admin key."""
        key = await api_keys.create(self.pool, KeyKind.ADMIN, 0)
        return User(0, key.text)

    async def gateway(self, owner: int, channel: str, type_: str, config: dict[str, object], **more: object) -> str:
        """A new gateway; returns its identifier."""
        identifier = str(more.pop("identifier", f"{type_}-{uuid4().hex[:8]}"))
        new = gateways.NewGateway(
            account_id=owner, channel=channel, identifier=identifier, type=type_, config=config, **more
        )
        await gateways.add(self.pool, self.keyring, new)
        return identifier

    async def send(self, user: User, channel: str, *contacts: dict[str, object], **headers: str) -> httpx.Response:
        """``POST /api/{channel}/send``."""
        return await self.http.post(
            f"/api/{channel}/send", json={"contact": list(contacts)}, headers=user.headers | headers
        )

    async def status(self, user: User, channel: str, uid: str) -> dict:
        """The ``data`` of a message's status."""
        answer = await self.http.get(f"/api/get/{channel}/{uid}", headers=user.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    async def final(self, user: User, channel: str, uid: str, timeout: float = 20.0) -> dict:
        """The status once nothing more is to come from the workflow."""
        async with asyncio.timeout(timeout):
            looks = Looks()
            while True:
                data = await self.status(user, channel, uid)
                if data["state"] not in ("scheduled", "queued", "processing") and data["credit"]["state"] != "held":
                    return data
                if data["state"] == "unknown":
                    return data
                await looks.pause()


def free_socket() -> socket.socket:
    """A bound socket on a free port of the loopback."""
    # Named, because asyncio turns Nagle's algorithm off only where it sees TCP: left on, every answer takes 40 ms.
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    return listener


@asynccontextmanager
async def serve_api(settings: Settings) -> AsyncIterator[str]:
    """The API on a real socket; yields its base URL."""
    listener = free_socket()
    server = uvicorn.Server(server_config(settings, attach))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        if serving.done():
            raise RuntimeError("the API has ended at its start")
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await _ended(serving)


@asynccontextmanager
async def run_worker(settings: Settings, client: Client, queues: Sequence[str] = QUEUES) -> AsyncIterator[None]:
    """A worker of these queues."""
    pool = await open_pool(settings.database_url, 8, "test-worker", settings.database_direct_url)
    dependencies = open_dependencies(
        pool, settings.keys.get_secret_value(), ListenerEvents(client), settings.for_install
    )
    stop = asyncio.Event()
    rows = table(pool, dependencies, queues)
    workers = build_workers(client, rows, worker_version(settings))
    home = Home(pool, client, rows, dependencies.gateways)
    serving = serve_until(stop, workers, pool, list(queues), home=home, dns_servers=settings.dns_servers)
    running = asyncio.create_task(serving)
    running.add_done_callback(lambda ended: None if stop.is_set() else _end_process(ended))
    try:
        async with dependencies.calls.looking():
            yield
    finally:
        stop.set()
        await _ended(running)
        await _ended(asyncio.create_task(dependencies.aclose()))
        await pool.close()


def _end_process(ended: "asyncio.Task[None]") -> None:
    """Without its worker every later test would wait until its time is over."""
    if ended.cancelled():
        return
    if error := ended.exception():
        traceback.print_exception(error, file=sys.__stderr__)
    print("the worker of the tests has ended", file=sys.__stderr__, flush=True)
    os._exit(3)


async def _ended(running: "asyncio.Task[None]") -> None:
    """Wait for what drains. What does not end is shown, task by task, and left behind: the engine goes."""
    _, late = await asyncio.wait([running], timeout=_DRAINED_WITHIN)
    if late:
        for task in asyncio.all_tasks():
            task.print_stack(file=sys.__stderr__)
    else:
        await running


async def new_namespace(address: str) -> str:
    """For an install of its own: workers of another one would take its tasks, and look for them in their database."""
    name = f"own-{uuid4().hex}"
    client = await Client.connect(address)
    request = RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=Duration(seconds=7 * 86400))
    await client.workflow_service.register_namespace(request)
    await register(await Client.connect(address, namespace=name))
    return name


def new_client(url: str, cookies: dict[str, str] | None = None) -> httpx.AsyncClient:
    """A client that trusts no certificates: to load them takes longer than many requests."""
    return httpx.AsyncClient(base_url=url, timeout=30, verify=False, cookies=cookies)


def _client(url: str) -> httpx.AsyncClient:
    """It gives up idle connections before the server does: a request must not meet one that is being closed."""
    return httpx.AsyncClient(base_url=url, timeout=30, limits=httpx.Limits(keepalive_expiry=2.0))


@asynccontextmanager
async def run_stack(settings: Settings, *, worker: bool = True) -> AsyncIterator[Stack]:
    """API and worker, and handles to them."""
    client = await connect(settings)
    pool = await open_pool(settings.database_url, 4, "test", settings.database_direct_url)
    async with serve_api(settings) as url, _client(url) as http:
        stack = Stack(settings, url, http, pool, client)
        if worker:
            async with run_worker(settings, client):
                yield stack
        else:
            yield stack
    await pool.close()
