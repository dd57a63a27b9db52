"""Maintenance is run by one process, survives errors, and moves to another process when that one dies."""

import asyncio
import signal
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from structlog.testing import capture_logs

from store import leader_lock as roles
from store.connection import DatabaseSilentError
from store.leader_lock import LEADER, leader_lock
from store.pool import Pool, open_pool
from worker import leader
from worker.leader import PeriodicTask, lead, repeat

ALONE = """
import asyncio, sys
from store.pool import open_pool
from worker.leader import PeriodicTask, lead

async def main():
    async def work(): print("leads", flush=True)
    await lead(await open_pool(sys.argv[1], 2, "leader"), [PeriodicTask("work", 60.0, work)])

asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def _often(monkeypatch):
    monkeypatch.setattr(leader, "TAKE_OVER_EVERY", 0.05)
    monkeypatch.setattr(leader, "_PROVE_EVERY", 0.05)
    monkeypatch.setattr(leader, "_RETRY", 0.05)


@pytest.fixture
async def pools(fresh_pool: Pool):
    """Two processes' pools on one database."""
    opened = [await open_pool(fresh_pool.conninfo, 2, f"leader-{number}") for number in range(2)]
    yield opened
    for each in opened:
        await each.close()


async def until(condition, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def counted(done: Counter[int], number: int) -> list[PeriodicTask]:
    async def work() -> None:
        done[number] += 1

    return [PeriodicTask("count", 0.01, work)]


async def holders(pool: Pool) -> list[int]:
    """Backends that have the role."""
    async with pool.connection() as conn:
        rows = await conn.execute(
            """select pid from pg_locks where locktype = 'advisory' and objid = %s and granted
               and database = (select oid from pg_database where datname = current_database())""",
            (LEADER,),
        )
        return [pid for (pid,) in await rows.fetchall()]


async def test_one_works_and_another_takes_over_when_its_connection_is_cut(fresh_pool: Pool, pools):
    done: Counter[int] = Counter()
    leading = [asyncio.create_task(lead(pool, counted(done, number))) for number, pool in enumerate(pools)]
    await until(lambda: done.total() > 20)
    assert len(done) == 1
    for _ in range(3):
        (pid,) = await holders(fresh_pool)
        async with fresh_pool.connection() as conn:
            await conn.execute("select pg_terminate_backend(%s)", (pid,))
        before = done.total()
        await until(lambda before=before: done.total() > before + 5)
        assert len(await holders(fresh_pool)) == 1
    for task in leading:
        task.cancel()
    await asyncio.gather(*leading, return_exceptions=True)
    assert await holders(fresh_pool) == []


async def test_when_the_leader_is_killed_another_process_leads_within_seconds(fresh_pool: Pool, pools):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ALONE, fresh_pool.conninfo, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(30):
        while b"leads" not in await process.stdout.readline():
            pass
    done: Counter[int] = Counter()
    standby = asyncio.create_task(lead(pools[0], counted(done, 0)))
    async with leader_lock(pools[1], LEADER) as ours:
        assert ours is None
    assert not done
    process.send_signal(signal.SIGKILL)
    await until(lambda: done[0], seconds=5)
    await process.wait()
    standby.cancel()
    await asyncio.gather(standby, return_exceptions=True)


async def test_a_leader_that_says_nothing_any_more_loses_the_role(pools, monkeypatch):
    monkeypatch.setattr(roles, "_SILENCE", "300ms")
    done: Counter[int] = Counter()
    async with leader_lock(pools[0], LEADER) as silent:
        assert silent is not None
        standby = asyncio.create_task(lead(pools[1], counted(done, 1)))
        await until(lambda: done[1])
        with pytest.raises(roles.DB_UNAVAILABLE):
            await silent()
    standby.cancel()
    await asyncio.gather(standby, return_exceptions=True)


@asynccontextmanager
async def silent_road(conninfo: str, silent: asyncio.Event) -> AsyncIterator[str]:
    """A way to the database on which nothing arrives any more, without a word, once ``silent`` is set."""
    there = conninfo_to_dict(conninfo)

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if not silent.is_set():
                writer.write(data)
        if not silent.is_set():
            writer.close()

    roads: set[asyncio.Task] = set()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        roads.add(asyncio.current_task())
        back, forth = await asyncio.open_connection(there["host"], int(there["port"]))
        try:
            await asyncio.gather(pump(reader, forth), pump(back, writer), return_exceptions=True)
        finally:
            for end in (forth, writer):
                end.close()
                with suppress(OSError):
                    await end.wait_closed()

    server = await asyncio.start_server(forward, "127.0.0.1", 0)
    try:
        yield make_conninfo(conninfo, host="127.0.0.1", port=str(server.sockets[0].getsockname()[1]))
    finally:
        server.close()
        for task in roads:
            task.cancel()
        await asyncio.gather(*roads, return_exceptions=True)


async def test_a_leader_whose_network_goes_silent_stops_and_another_leads(fresh_pool: Pool, monkeypatch):
    monkeypatch.setattr(roles, "_SILENCE", "2s")
    monkeypatch.setattr(roles, "_PROOF_SECONDS", 0.5)
    silent, done = asyncio.Event(), Counter[int]()
    async with silent_road(fresh_pool.conninfo, silent) as road:
        far = await open_pool(road, 2, "far")
        leading = asyncio.create_task(lead(far, counted(done, 0)))
        await until(lambda: done[0] > 5)
        standby = asyncio.create_task(lead(fresh_pool, counted(done, 1)))
        silent.set()
        await until(lambda: done[1], seconds=20)
        before = done[0]
        await until(lambda: done[1] > 50)
        assert done[0] == before, "the silent one has stopped"
    for task in (leading, standby):
        task.cancel()
    await asyncio.gather(leading, standby, return_exceptions=True)
    await far.close()


async def test_the_socket_of_a_leader_whose_network_went_silent_may_be_another_one_at_once(
    fresh_pool: Pool, monkeypatch
):
    """The next one that is opened gets its number. If a task still waited on it, uvloop would tell that one nothing."""
    monkeypatch.setattr(roles, "_PROOF_SECONDS", 0.3)
    silent = asyncio.Event()
    async with silent_road(fresh_pool.conninfo, silent) as road, echoing() as echo:
        far = await open_pool(road, 1, "far")
        async with leader_lock(far, LEADER) as ours:
            assert ours is not None
            silent.set()
            with pytest.raises(DatabaseSilentError):
                await ours()
            another = socket.create_connection(("127.0.0.1", echo))
            reader, writer = await asyncio.open_connection(sock=another)
            async with asyncio.timeout(5):
                for _ in range(3):
                    writer.write(b"heard?\n")
                    assert await reader.readline() == b"heard?\n"
            writer.close()
        await far.close()


@asynccontextmanager
async def echoing() -> AsyncIterator[int]:
    """A server that says what it hears; yields its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def test_a_chore_survives_every_error_and_tells_of_each_once():
    errors = [ValueError("a"), ValueError("b"), KeyError("c"), None, ValueError("d")]
    done: list[object] = []

    async def work() -> None:
        done.append(None)
        error = errors[len(done) - 1] if len(done) <= len(errors) else None
        if error:
            raise error

    with capture_logs() as logged:
        task = asyncio.create_task(repeat(PeriodicTask("work", 0.0, work)))
        await until(lambda: len(done) > 8)
        task.cancel()
    assert [(each["event"], each.get("error", "").partition(":")[0]) for each in logged] == [
        ("maintenance task fails", "ValueError"),
        ("maintenance task fails", "KeyError"),
        ("maintenance task works again", ""),
        ("maintenance task fails", "ValueError"),
        ("maintenance task works again", ""),
    ]


async def test_what_a_new_leader_does_seldom_does_not_begin_all_at_once(fresh_pool: Pool):
    begun: list[float] = []

    async def work() -> None:
        begun.append(asyncio.get_running_loop().time())

    leading = asyncio.create_task(lead(fresh_pool, [PeriodicTask(str(number), 3600.0, work) for number in range(4)]))
    await until(lambda: len(begun) == 4)
    leading.cancel()
    await asyncio.gather(leading, return_exceptions=True)
    assert begun[-1] - begun[0] > 2 * leader._APART
