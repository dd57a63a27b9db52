"""Temporal's time-skipping server, once for the run."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

TEST_SERVER = str(Path(sys.executable).parent / "temporal-test-server")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def env() -> AsyncIterator[WorkflowEnvironment]:
    async with await WorkflowEnvironment.start_time_skipping(test_server_existing_path=TEST_SERVER) as running:
        yield running
