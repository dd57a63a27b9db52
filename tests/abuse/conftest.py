"""One install for all attacks, as ``xsender dev`` runs it."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.abuse.target import Target
from tests.faults.dev import running_dev

RESOLVER = """
import socket, time
real = socket.getaddrinfo
def getaddrinfo(host, *args, **kwargs):
    if str(host).endswith(".dead.test"):
        time.sleep(40)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    return real("127.0.0.1" if str(host).endswith(".live.test") else host, *args, **kwargs)
socket.getaddrinfo = getaddrinfo
"""
"""Loaded by Python first. Its resolver is silent for ``.dead.test``, as if the servers of these names were."""


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def target(tmp_path_factory) -> AsyncIterator[Target]:
    folder: Path = tmp_path_factory.mktemp("abuse")
    (folder / "sitecustomize.py").write_text(RESOLVER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
        async with running_dev(folder / "install") as dev:
            patch.undo()
            async with dev.stack() as stack, Target(dev, stack).watched() as target:
                yield target
