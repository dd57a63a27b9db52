import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from embedded import processes
from embedded.errors import ChildFailedError
from embedded.supervisor import Child, Supervisor

SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)
# A leader with a child of its own, which does not care for signals that only the leader gets.
PARENT = f"import subprocess, sys; print('up', flush=True); subprocess.run([sys.executable, '-c', {SLEEPER!r}])"


def child(folder: Path, name: str, program: str = SLEEPER) -> Child:
    """A Python program that is ready once it has printed something."""
    log = folder / "logs" / f"{name}.log"
    before = log.stat().st_size if log.exists() else 0

    async def ready() -> bool:
        return log.stat().st_size > before

    return Child(name, (sys.executable, "-c", program), ready)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
async def supervisor(tmp_path: Path, said: list[str]) -> AsyncIterator[Supervisor]:
    async with Supervisor(tmp_path, said.append, grace=1) as supervisor:
        yield supervisor


def running(supervisor: Supervisor, name: str) -> int:
    pid = supervisor.pid(name)
    assert pid is not None
    return pid


def alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


async def eventually(condition: object, seconds: float = 5) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_a_child_that_dies_is_restarted_at_once(supervisor: Supervisor, tmp_path: Path, said: list[str]) -> None:
    await supervisor.start(child(tmp_path, "a"))
    first = running(supervisor, "a")
    os.kill(first, signal.SIGKILL)
    await eventually(lambda: supervisor.pid("a") not in (None, first))
    assert "a died (killed by SIGKILL), restarting it" in said


async def test_a_child_is_restarted_again_and_again(supervisor: Supervisor, tmp_path: Path, said: list[str]) -> None:
    await supervisor.start(child(tmp_path, "a"))
    for _ in range(3):
        pid = running(supervisor, "a")
        os.kill(pid, signal.SIGTERM)
        await eventually(lambda pid=pid: supervisor.pid("a") not in (None, pid))
    assert sum(line.startswith("a died") for line in said) == 3


async def test_a_child_that_never_starts_is_reported_with_its_log(supervisor: Supervisor, tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    broken = Child("a", (sys.executable, "-c", "raise ValueError('no such luck')"), never)
    with pytest.raises(ChildFailedError, match=r"(?s)a does not start.*ValueError: no such luck"):
        await supervisor.start(broken, child(tmp_path, "b"))


async def test_a_child_that_never_gets_ready_is_given_up(tmp_path: Path, said: list[str]) -> None:
    async def never() -> bool:
        return False

    async with Supervisor(tmp_path, said.append) as supervisor:
        with pytest.raises(ChildFailedError):
            await supervisor.start(Child("a", (sys.executable, "-c", SLEEPER), never, ready_within=0.1))
        assert supervisor.pid("a") is None


async def test_children_stop_in_reverse_order(tmp_path: Path, said: list[str]) -> None:
    async with Supervisor(tmp_path, said.append) as supervisor:
        await supervisor.start(child(tmp_path, "first"))
        await supervisor.start(child(tmp_path, "second"))
        pids = [running(supervisor, "first"), running(supervisor, "second")]
    assert [line for line in said if line.endswith("stopped")] == ["second stopped", "first stopped"]
    assert not any(map(alive, pids))


async def test_a_child_that_ignores_the_stop_signal_is_killed(tmp_path: Path, said: list[str]) -> None:
    async with Supervisor(tmp_path, said.append, grace=0.3) as supervisor:
        await supervisor.start(child(tmp_path, "a", STUBBORN))
        pid = running(supervisor, "a")
    assert not alive(pid)
    assert "a does not stop within 0 s, killing it" in said


async def test_hurry_cuts_the_grace_short(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path, grace=60)
    await supervisor.start(child(tmp_path, "a", STUBBORN))
    stopping = asyncio.create_task(supervisor.stop())
    await asyncio.sleep(0.1)
    supervisor.hurry()
    await asyncio.wait_for(stopping, 5)


async def test_the_children_of_a_dead_child_go_with_it(supervisor: Supervisor, tmp_path: Path) -> None:
    await supervisor.start(child(tmp_path, "a", PARENT))
    leader = psutil.Process(running(supervisor, "a"))
    await eventually(leader.children)
    [grandchild] = leader.children()
    leader.kill()
    await eventually(lambda: not alive(grandchild.pid))


async def test_a_killed_supervisor_leaves_no_orphans(tmp_path: Path) -> None:
    program = f"""
import asyncio, sys
from pathlib import Path
from embedded.supervisor import Child, Supervisor

async def main():
    async def ready():
        return True
    async with Supervisor(Path({str(tmp_path)!r})) as supervisor:
        await supervisor.start(Child("a", (sys.executable, "-c", {SLEEPER!r}), ready))
        print(supervisor.pid("a"), flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    orphan = int(await process.stdout.readline())
    assert processes.marked(tmp_path) == {orphan}
    process.kill()
    await process.communicate()
    await eventually(lambda: not alive(orphan))


async def test_leftovers_of_an_install_are_found_and_ended(tmp_path: Path) -> None:
    environment = {**os.environ, processes.MARK: str(tmp_path)}
    leftover = await asyncio.create_subprocess_exec(sys.executable, "-c", STUBBORN, env=environment, stdout=-3)
    await eventually(lambda: processes.marked(tmp_path) == {leftover.pid})
    await processes.end(lambda: processes.marked(tmp_path), grace=0.2)
    assert await leftover.wait() in (-signal.SIGTERM, -signal.SIGKILL)
    assert processes.marked(tmp_path / "other") == set()
