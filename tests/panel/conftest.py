"""A real browser over a real install."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from domain.access.api_keys import KeyKind
from domain.access.user_scopes import SCOPES
from domain.keyring import CREDENTIALS, Keyring
from embedded.engine import Engine
from runtime.settings import Settings
from services.sending.sandbox import ensure_sandbox
from store.accounts import api_keys
from store.gateways.gateway_shares import share
from tests.api.admin import Staff
from tests.api.log_in import Person, invited, member
from tests.databases import new_install
from tests.dns_double import Dns
from tests.panel.browsing import Browsing
from tests.panel.shots import write_sheet
from tests.stack import Stack, User, new_namespace, run_stack

CHROMIUM = next((path for path in ("/usr/bin/chromium", "/usr/bin/google-chrome") if Path(path).exists()), None)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium as Debian has it."""
    if CHROMIUM is None:
        assert "CI" not in os.environ, "Chromium is missing: make setup installs it"
        pytest.skip("there is no Chromium")
    async with async_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield opened
        await opened.close()


@asynccontextmanager
async def installed(engine: Engine, dns: Dns) -> AsyncIterator[Stack]:
    """An install with sandbox gateways, and no owner yet."""
    settings = Settings(
        database_url=await new_install(engine.database_url),
        temporal_address=engine.temporal_address,
        temporal_namespace=await new_namespace(engine.temporal_address),
        keys=Keyring.generate(),
        dns_servers=dns.address,
    )
    async with run_stack(settings) as stack:
        await ensure_sandbox(stack.pool, Keyring.parse(settings.keys.get_secret_value(), CREDENTIALS))
        yield stack


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def install(engine: Engine, dns: Dns) -> AsyncIterator[Stack]:
    """That of all tests of the panel but the first run."""
    async with installed(engine, dns) as stack:
        yield stack


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def boss(install: Stack) -> Staff:
    """An admin key, which makes what tests need."""
    return Staff(install, (await install.admin()).key)


@pytest_asyncio.fixture
async def account(install: Stack) -> User:
    """An account of its own for each test."""
    return await account_of(install)


async def account_of(install: Stack) -> User:
    """An account that has credit and the sandbox gateways, with a key that may do all that its user may."""
    made = await install.user()
    key = await api_keys.create(install.pool, KeyKind.USER, made.id, scopes=list(SCOPES))
    for gateway in await ensure_sandbox(install.pool, install.keyring):
        await share(install.pool, gateway.id, made.id)
    return User(made.id, key.text)


@pytest_asyncio.fixture
async def owner(boss: Staff) -> Person:
    """Staff that may do everything."""
    return await member(boss, "owner")


@pytest_asyncio.fixture
async def user(boss: Staff, account: User) -> Person:
    """The user of the account."""
    email = (await boss.data("GET", f"/users/{account.id}"))["email"]
    return await invited(boss, "user", account.id, email)


@pytest_asyncio.fixture
async def browsing(browser: Browser, install: Stack) -> AsyncIterator[Browsing]:
    """A browser of the test's own, that fails the test for what no page may do."""
    opened = Browsing(browser, install.url)
    yield opened
    await opened.close()


@pytest.hookimpl
def pytest_sessionfinish() -> None:
    """One picture of all pages."""
    write_sheet()
