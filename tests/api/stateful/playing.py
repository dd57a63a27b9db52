"""Plays with the machine of a process of its own, for which this one makes the objects."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

from tests.api.stateful.machine import Game, Ids

Maker = Callable[[Any], Awaitable[Ids]]


@dataclass(frozen=True)
class Caller:
    """Somebody who makes objects."""

    headers: dict[str, str]
    begun: Any
    """What the makers are given."""


async def play(game: Game, begin: Callable[[], Awaitable[Caller]], makers: dict[str, Maker]) -> None:
    """Play; nothing goes wrong, every operation was tried, and with objects of each kind something succeeded.

    ``begin``: makes a caller without any object, for each round. ``makers``: by kind of object.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.api.stateful.machine"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    told = asyncio.create_task(process.stderr.read())
    try:
        ended = await _answer(process, game, begin, makers)
    finally:
        if process.returncode is None:
            process.stdin.close()  # type: ignore[union-attr]  # it is a pipe: then the machine ends
        await process.wait()
    assert ended is not None, (await told).decode()
    assert ended["tried"] == ended["operations"]
    assert {game.kind_of(label.split()[1]) for label in ended["succeeded"]} == set(makers)


async def _answer(
    process: asyncio.subprocess.Process,
    game: Game,
    begin: Callable[[], Awaitable[Caller]],
    makers: dict[str, Maker],
) -> dict[str, list[str]] | None:
    """Answer until the machine has ended; ``None``: it failed."""
    assert process.stdin is not None
    assert process.stdout is not None
    caller: Caller | None = None
    answer: Any = asdict(game)
    while True:
        process.stdin.write(json.dumps(answer).encode() + b"\n")
        line = await process.stdout.readline()
        if not line:
            return None
        question = json.loads(line)
        if "ended" in question:
            process.stdin.write(b"null\n")
            ended: dict[str, list[str]] = question["ended"]
            return ended
        if "begin" in question:
            caller = await begin()
            answer = caller.headers
        else:
            assert caller is not None
            answer = await makers[question["make"]](caller.begun)
