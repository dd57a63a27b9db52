"""One install for all tests that kill its parts: it comes back after each kill, which is what they are about."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

from tests.faults.dev import PARTS, Dev, running_dev


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def shared_dev(tmp_path_factory) -> AsyncIterator[Dev]:
    async with running_dev(tmp_path_factory.mktemp("dev") / "data") as dev:
        yield dev


@pytest_asyncio.fixture
async def dev(shared_dev: Dev) -> Dev:
    """A running `xsender dev` of which every part works, whatever the test before did to it."""
    async with asyncio.timeout(180):
        while not all(shared_dev.processes(part) for part in PARTS):
            await asyncio.sleep(0.1)
    await shared_dev.healthy()
    return shared_dev
