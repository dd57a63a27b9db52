"""A whole `xsender dev` as a user starts it, with handles to kill its parts and to look inside."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from embedded.ports import free_port
from runtime.settings import load_settings
from runtime.temporal import connect
from store.pool import open_pool
from tests.no_answer import NO_ANSWER
from tests.stack import Stack

XSENDER = str(Path(sys.executable).parent / "xsender")
PARTS = {
    "workers": "xsender worker",
    "bulk worker": "xsender worker --queues xsender-bulk",
    "api": "xsender api",
    "temporal": "temporal server",
    "postgres": "postgres",
}


@dataclass(frozen=True)
class Dev:
    """A running `xsender dev`."""

    pid: int
    data_dir: Path
    url: str
    first_run: dict[str, str]

    def kill(self, part: str) -> int:
        """`kill -9` a part; of PostgreSQL the postmaster with all its backends. Returns how many processes."""
        found = self.processes(part)
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        return len(found)

    def processes(self, part: str) -> list[psutil.Process]:
        """The processes of a part, found by their command lines among the descendants."""
        found = []
        for child in psutil.Process(self.pid).children(recursive=True):
            try:
                if PARTS[part] in " ".join(child.cmdline()):
                    found.append(child)
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
        return found

    async def cli(self, *arguments: str) -> dict:
        """Run a command of the CLI with `--json`."""
        process = await asyncio.create_subprocess_exec(
            XSENDER, "--data-dir", str(self.data_dir), *arguments, "--json", stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate()
        assert process.returncode == 0, arguments
        return json.loads(out)

    async def healthy(self) -> None:
        """Wait until `/health` is 200."""
        async with asyncio.timeout(180), httpx.AsyncClient(base_url=self.url) as http:
            while True:
                try:
                    if (await http.get("/health")).status_code == 200:
                        return
                except NO_ANSWER:
                    pass
                await asyncio.sleep(0.1)

    @asynccontextmanager
    async def stack(self) -> AsyncIterator[Stack]:
        """Handles to what is inside; they come back by themselves after their server was killed."""
        settings = load_settings(self.data_dir)
        pool = await open_pool(settings.database_url, 4, "faults")
        client = await connect(settings)
        async with httpx.AsyncClient(base_url=self.url, timeout=30) as http:
            yield Stack(settings, self.url, http, pool, client)
        await pool.close()


@asynccontextmanager
async def running_dev(data_dir: Path) -> AsyncIterator[Dev]:
    """Start `xsender dev` on a free port and stop it with SIGTERM."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        XSENDER,
        "dev",
        "--port",
        str(port),
        "--data-dir",
        str(data_dir),
        stdout=asyncio.subprocess.DEVNULL,
        env=os.environ | {"XSENDER_LOG_LEVEL": "WARNING"},
    )
    try:
        url = f"http://127.0.0.1:{port}"
        early = Dev(process.pid, data_dir, url, {})
        await early.healthy()
        yield Dev(process.pid, data_dir, url, json.loads((data_dir / "first-run.json").read_text()))
    finally:
        process.terminate()
        async with asyncio.timeout(60):
            await process.wait()
