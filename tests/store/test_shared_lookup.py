"""Look-ups that come together share a statement, and each gets its own answer."""

import asyncio

import pytest

from store.shared_lookup import SharedLookup


class Reads:
    """What is read together; each read waits for its gate if there is one."""

    def __init__(self) -> None:
        self.together: list[list[str]] = []
        self.gates: list[asyncio.Event] = []
        self.lookup: SharedLookup[str, str] = SharedLookup(self.read)

    async def read(self, keys: list[str]) -> dict[str, str]:
        self.together.append(keys)
        if len(self.together) <= len(self.gates):
            await self.gates[len(self.together) - 1].wait()
        if "bad" in keys:
            raise ConnectionError("gone")
        return {key: key.upper() for key in keys if key != "none"}

    async def begin(self, *keys: str) -> list["asyncio.Task[str | None]"]:
        """Look up one after the other, each once those before are being read or wait."""
        tasks = []
        for key in keys:
            tasks.append(asyncio.create_task(self.lookup.get(key)))
            for _ in range(3):
                await asyncio.sleep(0)
        return tasks


async def test_a_look_up_alone_is_read_at_once():
    reads = Reads()
    assert await reads.lookup.get("a") == "A"
    assert await reads.lookup.get("none") is None
    assert reads.together == [["a"], ["none"]]


async def test_what_comes_while_two_are_read_is_read_together_and_each_key_once():
    reads = Reads()
    reads.gates = [asyncio.Event(), asyncio.Event()]
    first, second = await reads.begin("a", "b")
    others = await reads.begin("c", "d", "c", "none")
    reads.gates[1].set()
    assert await asyncio.gather(second, *others) == ["B", "C", "D", "C", None]
    assert not first.done()  # what waits for nothing is not held up by it
    reads.gates[0].set()
    assert await first == "A"
    assert [sorted(keys) for keys in reads.together] == [["a"], ["b"], ["c", "d", "none"]]


async def test_an_error_is_everybodys_who_was_read_together_and_nobody_elses():
    reads = Reads()
    reads.gates = [asyncio.Event(), asyncio.Event()]
    begun = await reads.begin("a", "b")
    failing = await reads.begin("bad", "c")
    for gate in reads.gates:
        gate.set()
    assert await asyncio.gather(*begun) == ["A", "B"]
    for task in failing:
        with pytest.raises(ConnectionError):
            await task
    assert await reads.lookup.get("c") == "C"


async def test_a_caller_who_goes_leaves_the_others_their_answers():
    reads = Reads()
    reads.gates = [asyncio.Event(), asyncio.Event()]
    tasks = await reads.begin("a", "b", "c", "d")
    for gone in (tasks[0], tasks[2]):
        gone.cancel()
    for gate in reads.gates:
        gate.set()
    await asyncio.gather(tasks[0], tasks[2], return_exceptions=True)
    assert await asyncio.gather(tasks[1], tasks[3]) == ["B", "D"]


async def test_a_look_up_made_in_the_moment_in_which_another_ends_is_read():
    """Callers who ask again as soon as they have their answers, while nobody else comes."""
    reads = Reads()

    async def caller() -> None:
        for number in range(50):
            assert await reads.lookup.get(f"key {number}") == f"KEY {number}"

    async with asyncio.timeout(10):
        await asyncio.gather(*(caller() for _ in range(8)))
