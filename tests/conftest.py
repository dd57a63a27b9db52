"""One engine for the whole run: real PostgreSQL and real Temporal, started once."""

from collections.abc import AsyncIterator

import pytest_asyncio
from psycopg import AsyncConnection

from domain.keyring import Keyring
from embedded.engine import Engine
from runtime.settings import Settings
from store.migrate import migrate
from store.pool import Pool, open_pool
from tests.api.leaks import tables_with_secrets
from tests.databases import new_database
from tests.dns_double import Dns, serve_dns
from tests.stack import Stack, run_stack


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def engine(tmp_path_factory) -> AsyncIterator[Engine]:
    async with Engine(tmp_path_factory.mktemp("engine"), durable=False) as running:
        await migrate(running.database_url)
        yield running
        async with await AsyncConnection.connect(running.database_url, autocommit=True) as conn:
            assert await tables_with_secrets(conn) == [], "after all tests a table has a secret in clear"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def dns() -> AsyncIterator[Dns]:
    """What sender domains are looked up at."""
    async with serve_dns() as double:
        yield double


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def settings(engine: Engine, dns: Dns) -> Settings:
    return Settings(
        database_url=engine.database_url,
        temporal_address=engine.temporal_address,
        keys=Keyring.generate(),
        dns_servers=dns.address,
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pool(engine: Engine) -> AsyncIterator[Pool]:
    opened = await open_pool(engine.database_url, 8, "tests")
    yield opened
    await opened.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stack(settings: Settings) -> AsyncIterator[Stack]:
    async with run_stack(settings) as running:
        yield running


@pytest_asyncio.fixture
async def fresh_pool(engine) -> AsyncIterator[Pool]:
    """A pool on a database of its own, for tests that look at all rows."""
    url = await new_database(engine.database_url)
    await migrate(url)
    opened = await open_pool(url, 2, "fresh")
    yield opened
    await opened.close()
