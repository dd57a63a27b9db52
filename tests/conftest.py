"""One engine for the whole run: real PostgreSQL and real Temporal, started once."""

import asyncio
import os
from collections.abc import AsyncIterator

import hypothesis
import pytest_asyncio
import structlog
import uvloop
from psycopg import AsyncConnection
from structlog.dev import ConsoleRenderer, plain_traceback

from domain.keyring import Keyring
from embedded.engine import Engine
from runtime.settings import Settings
from store.migrate import migrate
from store.pool import Pool, open_pool
from store.schema.role_settings import settle_role
from tests.api.leaks import tables_with_secrets
from tests.databases import new_install
from tests.dns_double import Dns, serve_dns
from tests.pooler import THROUGH_POOLER, pgbouncer
from tests.stack import Stack, run_stack

# The same made examples in every run: what they find is of the change then. New ones with TESTS_RANDOM=1.
hypothesis.settings.register_profile("same", derandomize="TESTS_RANDOM" not in os.environ, deadline=None)
hypothesis.settings.load_profile("same")

# The loop that the product runs on.
asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())

# Plain tracebacks, as the product has them: structlog's own show local variables, 20 s for one error of a request.
*_processors, _ = structlog.get_config()["processors"]
structlog.configure(processors=[*_processors, ConsoleRenderer(colors=False, exception_formatter=plain_traceback)])


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def engine(tmp_path_factory) -> AsyncIterator[Engine]:
    async with Engine(tmp_path_factory.mktemp("engine"), durable=False) as running:
        await migrate(running.database_url)
        yield running
        async with await AsyncConnection.connect(running.database_url, autocommit=True) as conn:
            await conn.execute("set statement_timeout = '120s'")
            assert await tables_with_secrets(conn) == [], "after all tests a table has a secret in clear"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def dns() -> AsyncIterator[Dns]:
    """What sender domains are looked up at."""
    async with serve_dns() as double:
        yield double


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pooler(engine: Engine, tmp_path_factory) -> AsyncIterator[str | None]:
    """The address of a pooler, where the whole run goes through one."""
    if not THROUGH_POOLER:
        yield None
        return
    await settle_role(engine.database_url)
    async with pgbouncer(engine.database_url, tmp_path_factory.mktemp("pooler")) as address:
        yield address


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def settings(engine: Engine, dns: Dns, pooler: str | None) -> Settings:
    return Settings(
        database_url=pooler or engine.database_url,
        database_direct_url=engine.database_url if pooler else None,
        temporal_address=engine.temporal_address,
        keys=Keyring.generate(),
        dns_servers=dns.address,
    )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pool(settings: Settings) -> AsyncIterator[Pool]:
    opened = await open_pool(settings.database_url, 8, "tests", settings.database_direct_url)
    yield opened
    await opened.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stack(settings: Settings) -> AsyncIterator[Stack]:
    async with run_stack(settings) as running:
        yield running


@pytest_asyncio.fixture
async def fresh_pool(engine) -> AsyncIterator[Pool]:
    """A pool on a database of its own, for tests that look at all rows."""
    url = await new_install(engine.database_url)
    opened = await open_pool(url, 2, "fresh")
    yield opened
    await opened.close()
