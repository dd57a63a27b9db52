"""A real process of the API, on the install of the tests."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from embedded.ports import free_port
from runtime.children import environment_of
from runtime.settings import Settings

XSENDER = Path(sys.executable).with_name("xsender")


@asynccontextmanager
async def api_process(settings: Settings, log: Path | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """``xsender api``, once it answers. ``log``: where it writes what it has to say."""
    port = free_port()
    with (log or Path(os.devnull)).open("ab") as told:
        running = await asyncio.create_subprocess_exec(
            XSENDER, "api", "--port", str(port), env=environment_of(settings), stdout=told, stderr=told
        )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
            async with asyncio.timeout(60):
                while not await _answers(http):
                    await asyncio.sleep(0.05)
            yield http
    finally:
        running.terminate()
        assert await running.wait() in (0, -signal.SIGTERM)


async def _answers(http: httpx.AsyncClient) -> bool:
    try:
        return (await http.get("/health/ready")).status_code == 200
    except httpx.TransportError:
        return False
