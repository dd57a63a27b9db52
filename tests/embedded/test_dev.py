"""``xsender dev`` as a whole: started, killed in parts, stopped, started again on the same data."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from embedded import processes
from embedded.ports import free_port
from embedded.probes import http_get
from tests.embedded.served_metrics import free_ports_in_a_row, look_at_metrics

WORKERS = (
    "xsender worker --queues xsender,xsender-dispatch,xsender-home",
    "xsender worker --queues xsender-bulk,xsender-bulk-dispatch,xsender-callbacks,xsender-receipts,xsender-operations,"
    "xsender-automations,xsender-leads",
)
PARTS = ("xsender api", *WORKERS, "temporal server", "postgres -D")


@asynccontextmanager
async def install(folder: Path, port: int, **environment: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A running install, and what it said until it was ready."""
    command = (str(Path(sys.executable).with_name("xsender")), "dev", "--port", str(port), "--data-dir", str(folder))
    process = await asyncio.create_subprocess_exec(*command, stdout=-1, stderr=-2, env=os.environ | environment)
    assert process.stdout is not None
    said = ""
    try:
        while "Ctrl-C stops everything" not in said:
            line = await asyncio.wait_for(process.stdout.readline(), 90)
            assert line, f"xsender dev ended:\n{said}"
            said += line.decode()
        yield process, said
    finally:
        if process.returncode is None:
            process.terminate()
        rest = await process.communicate()
        assert b"Traceback" not in rest[0]


def part(install: int, words: str) -> psutil.Process:
    [found] = [child for child in psutil.Process(install).children() if words in " ".join(child.cmdline())]
    return found


async def healthy(port: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while (answer := await http_get("127.0.0.1", port, "/health")) is None or answer[0] != 200:
        assert time.monotonic() < deadline, answer
        await asyncio.sleep(0.1)


@pytest.mark.fault
async def test_an_install_lives_through_the_death_of_its_parts_and_of_itself(tmp_path: Path) -> None:
    folder, port = tmp_path / "install", free_port()
    async with install(folder, port) as (process, said):
        first_run = json.loads((folder / "first-run.json").read_text())
        assert first_run["url"] == f"http://127.0.0.1:{port}"
        assert str(folder / "first-run.json") in said
        assert not [key for key in ("user_key", "admin_key") if first_run[key] in said]
        victims = [part(process.pid, words) for words in PARTS]
        for victim in victims:
            victim.kill()
            await asyncio.sleep(1)
        await healthy(port, 60)
        assert not {part(process.pid, words).pid for words in PARTS} & {victim.pid for victim in victims}
        modes = {file.name: file.stat().st_mode & 0o077 for file in folder.iterdir() if file.is_file()}
        assert all(modes[name] == 0 for name in ("keys", "install.json", "first-run.json", "postgres-password"))
        os.kill(process.pid, signal.SIGKILL)
    metrics = free_ports_in_a_row(3)
    async with install(folder, port, XSENDER_METRICS_ADDRESS=f"127.0.0.1:{metrics}") as (process, said):
        assert json.loads((folder / "first-run.json").read_text())["user_key"] == first_run["user_key"]
        await look_at_metrics(first_run, metrics)
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 40) == 0
    assert processes.marked(folder) == set()
    assert processes.named_in(folder / "postgres", "postgres") == set()


async def test_a_taken_port_is_said_before_anything_starts(tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("xsender")),
            *("dev", "--port", str(port), "--data-dir", str(tmp_path / "install")),
            stdout=-1,
            stderr=-2,
        )
        output, _ = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode != 0
    assert f"port {port} on 127.0.0.1 is already in use" in " ".join(output.decode().split())
    assert b"Traceback" not in output
    assert not (tmp_path / "install" / "postgres").exists()
