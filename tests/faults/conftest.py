"""One install for all tests that kill its parts: it comes back after each kill, which is what they are about."""

import asyncio
from collections.abc import AsyncIterator, Generator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.faults.dev import PARTS, Dev, running_dev

FOLDER = pytest.StashKey[Path]()
_LINES = 40


@pytest.fixture(autouse=True)
def installs_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where the installs of a test are, for its report."""
    request.node.stash[FOLDER] = tmp_path_factory.getbasetemp()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails shows what the processes of its install have logged meanwhile."""
    report = yield
    if report.failed and (folder := item.stash.get(FOLDER, None)):
        for log in sorted(folder.rglob("logs/*.log")):
            if log.stat().st_mtime >= call.start:
                lines = log.read_text(errors="replace").splitlines()[-_LINES:]
                report.sections.append((f"end of {log.name}", "\n".join(line[:500] for line in lines)))
    return report


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
