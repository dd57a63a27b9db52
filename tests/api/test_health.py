"""``GET /health``: every lane needs a worker; ``/ready`` and ``/live`` ask only for what this process needs."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest_asyncio

from runtime.settings import Settings
from store.pool import Pool, open_pool
from store.workers import beat
from tests.databases import at, new_install
from tests.stack import serve_api

TRANSACTIONAL = ["xsender", "xsender-dispatch", "xsender-home"]
BULK = [
    "xsender-bulk",
    "xsender-bulk-dispatch",
    "xsender-callbacks",
    "xsender-receipts",
    "xsender-operations",
    "xsender-automations",
    "xsender-leads",
]


@pytest_asyncio.fixture
async def without_workers(settings: Settings) -> AsyncIterator[tuple[httpx.AsyncClient, Pool]]:
    """An API above a database where no worker has ever signed in."""
    url = await new_install(settings.database_session_url)
    async with AsyncExitStack() as stack:
        own = await open_pool(url, 2, "test-health")
        stack.push_async_callback(own.close)
        address = await stack.enter_async_context(serve_api(at(url, settings)))
        yield await stack.enter_async_context(httpx.AsyncClient(base_url=address)), own


async def test_the_worker_is_failing_until_both_lanes_are_served(without_workers: tuple[httpx.AsyncClient, Pool]):
    http, pool = without_workers
    assert await failing(http) == ["worker"]
    await beat(pool, "one", TRANSACTIONAL)
    assert await failing(http) == ["worker"]
    await beat(pool, "two", BULK)
    assert await failing(http) == []


async def test_without_workers_a_process_is_ready_and_without_a_database_it_is_alive(
    without_workers: tuple[httpx.AsyncClient, Pool], settings: Settings
):
    http, _ = without_workers
    ready = await http.get("/health/ready")
    assert (ready.status_code, ready.json()["parts"]) == (200, dict.fromkeys(("api", "postgres", "temporal"), "ok"))
    nowhere = {"database_url": "postgresql://nobody@127.0.0.1:1/none", "temporal_address": "127.0.0.1:1"}
    async with (
        serve_api(settings.model_copy(update=nowhere)) as url,
        httpx.AsyncClient(base_url=url, timeout=30) as alone,
    ):
        ready, live = await alone.get("/health/ready"), await alone.get("/health/live")
    assert (ready.status_code, ready.json()["failing"]) == (503, ["postgres", "temporal"])
    assert ready.headers["retry-after"] == "1"
    assert (live.status_code, live.json()) == (200, {"status": "ok"})


async def failing(http: httpx.AsyncClient) -> list[str]:
    """The parts that do not work."""
    answer = await http.get("/health")
    assert answer.status_code == (503 if answer.json()["failing"] else 200)
    return answer.json()["failing"]
