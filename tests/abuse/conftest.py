"""One install for all attacks, as ``xsender dev`` runs it."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.abuse.target import Target
from tests.faults.dev import running_dev


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def target(tmp_path_factory) -> AsyncIterator[Target]:
    folder = tmp_path_factory.mktemp("abuse") / "install"
    async with running_dev(folder) as dev, dev.stack() as stack, Target(dev, stack).watched() as target:
        yield target
