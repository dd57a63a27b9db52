"""Operations of tests: waiting for their ends, and a kind that only tests have."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid5

import pytest

from domain.access.actors import COMMAND_LINE
from domain.operations.slices import ItemError, Sliced
from services.operations.kinds import Slice
from services.operations.registry import KINDS
from store.operations import operations
from store.operations.operations import Operation
from store.pool import Pool
from tests.looks import Looks

OPEN = ("queued", "running")


async def until(
    pool: Pool, operation: UUID | str, is_so: Callable[[Operation], bool], seconds: float = 30
) -> Operation:
    """An operation, once this is so."""
    async with asyncio.timeout(seconds):
        looks = Looks()
        while True:
            found = await operations.find(pool, UUID(str(operation)))
            if found is not None and is_so(found):
                return found
            await looks.pause()


async def ended(pool: Pool, operation: UUID | str, seconds: float = 60) -> Operation:
    """An operation, once it has ended."""
    return await until(pool, operation, lambda found: found.state not in OPEN, seconds)


class Counting:
    """Counts to ``input["to"]``, a step for each slice, and writes a row for each: a second one would be refused."""

    name = "test.counting"
    may_be_cancelled = True
    scope = "send"

    def __init__(self, act: Callable[[int], Any] = lambda step: None, pause: float = 0.0) -> None:
        self._act = act
        self._pause = pause

    async def count(self, work: Slice) -> int:
        return int(work.input["to"])

    async def slice(self, work: Slice) -> Sliced:
        step = (work.operation.place or 0) + 1
        async with work.store.connection() as conn:
            await conn.execute(
                "insert into sandbox_tries (uid, tries) values (%s, %s)", (uuid5(work.operation.id, str(step)), step)
            )
        errors = self._act(step) or []
        is_left = step < work.input["to"]
        return Sliced(
            step if is_left else None,
            1,
            [ItemError(str(step), *error) for error in errors],
            result={"steps": step},
            pause=self._pause if is_left else 0.0,
        )


async def steps_written(pool: Pool, operation: Operation) -> int:
    """Rows of an operation that counts to at most 10."""
    uids = [uuid5(operation.id, str(step)) for step in range(11)]
    async with pool.connection() as conn:
        return (await conn.execute("select from sandbox_tries where uid = any(%s)", (uids,))).rowcount


@contextmanager
def counting(patch: pytest.MonkeyPatch, **more: Any) -> Iterator[Counting]:
    """Have the workers of this process know the kind."""
    kind = Counting(**more)
    with patch.context() as patched:
        patched.setitem(KINDS, kind.name, kind)
        yield kind


async def begin_counting(pool: Pool, to: int, owner: int | None = None) -> Operation:
    """A new one."""
    return await operations.add(pool, Counting.name, COMMAND_LINE, {"to": to}, owner, owner)
