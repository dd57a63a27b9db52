"""An import of contacts through `kill -9` of the worker, of its reading process, and of PostgreSQL: each row once."""

import asyncio
import random
from contextlib import suppress

import psutil
import pytest

from tests.api.contacts.test_contact_imports import counts, holder, post
from tests.api.operations import ended, until
from tests.faults.dev import Dev
from tests.faults.size import MINUTES, SEED

ROWS = 45_000 if MINUTES else 25_000
REPEATED = 5_000
"""Rows at the end that are about people of the begin."""


@pytest.mark.fault
@pytest.mark.parametrize("dry_run", [False, True])
async def test_kill_9_in_the_middle_of_an_import_takes_each_row_once(dev: Dev, dry_run):
    dice = random.Random(SEED)
    async with dev.stack() as stack:
        user = await holder(stack)
        numbers = [*range(ROWS - REPEATED), *range(REPEATED)]
        lines = [f"user{n}@example.com,0151 {n + 10_000_000},{'bad' if n % 1000 == 999 else 'DE'}" for n in numbers]
        content = "\n".join(["email,phone,country", *lines]).encode()
        answer = await post(stack, user, content, default_country="DE", dry_run=dry_run)
        operation = answer.json()["data"]["id"]
        for part, share in (("bulk worker", 1), ("reader", 2), ("postgres", 3)):
            await until(stack.pool, operation, lambda found, share=share: found.done >= ROWS * share // 5, 120)
            await asyncio.sleep(dice.uniform(0.0, 0.3))
            if part == "reader":
                kill_readers(dev.pid)
            else:
                assert dev.kill(part)
        done = await settled(stack.pool, operation)
        bad = len([line for line in lines if line.endswith("bad")])
        assert (done.state, done.done, done.failed) == ("done", ROWS, bad)
        people = ROWS - REPEATED - (ROWS - REPEATED) // 1000
        assert counts(done) == {"new": people, "duplicates": ROWS - people - bad, "faulty": bad}
        async with stack.pool.connection() as conn:
            cursor = await conn.execute("select count(*) from contacts where account_id = %s", (user.id,))
            assert await cursor.fetchone() == (0 if dry_run else people,)
            for table in ("import_files", "import_pieces", "import_seen"):
                assert (await conn.execute(f"select from {table}")).rowcount == 0, table


def kill_readers(pid: int) -> None:
    for child in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            if "services.audience.imports.child" in " ".join(child.cmdline()):
                child.kill()


async def settled(pool, operation):
    """Once it has ended; while PostgreSQL starts again it cannot be asked."""
    async with asyncio.timeout(240):
        while True:
            try:
                return await ended(pool, operation, 240)
            except Exception as error:
                if isinstance(error, TimeoutError):
                    raise
                await asyncio.sleep(0.2)
