"""Slots that accounts share: shares, order, and refusals."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from api.http.errors import ApiError
from api.limits.fair_slots import FairSlots


def places(total: int = 3, share: int = 1, waiting: int = 5, patience: float = 5.0) -> FairSlots:
    return FairSlots(total, share, waiting=waiting, patience=patience, what="large requests")


class Requests:
    """Requests that keep their slots until they are released."""

    def __init__(self, shared: FairSlots) -> None:
        self.inside: list[str] = []
        self._shared = shared
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ends: dict[str, asyncio.Event] = {}

    async def come(self, name: str, account: int, size: int = 1) -> None:
        self._ends[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(self._stay(name, account, size))
        await settle()

    async def go(self, name: str) -> None:
        self._ends[name].set()
        await self._tasks[name]
        await settle()

    async def give_up(self, name: str) -> None:
        self._tasks[name].cancel()
        await asyncio.wait([self._tasks[name]])
        await settle()

    async def _stay(self, name: str, account: int, size: int) -> None:
        async with self._shared.slots(account, size):
            self.inside.append(name)
            await self._ends[name].wait()
        self.inside.remove(name)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_an_account_has_its_share_and_leaves_the_rest_to_others():
    requests = Requests(places(total=3, share=1))
    for name in ("a1", "a2", "a3"):
        await requests.come(name, account=1)
    await requests.come("b1", account=2)
    assert requests.inside == ["a1", "b1"]
    await requests.go("a1")
    assert requests.inside == ["b1", "a2"]


async def test_waiting_accounts_take_turns():
    requests = Requests(places(total=1, share=1))
    await requests.come("a1", account=1)
    for name, account in (("a2", 1), ("a3", 1), ("b1", 2), ("b2", 2), ("c1", 3)):
        await requests.come(name, account)
    order = []
    for _ in range(6):
        order.append(requests.inside[0])
        await requests.go(order[-1])
    assert order == ["a1", "a2", "b1", "c1", "a3", "b2"]


async def test_a_large_request_is_not_kept_out_by_small_ones():
    requests = Requests(places(total=4, share=4))
    await requests.come("a", account=1, size=3)
    await requests.come("large", account=2, size=4)
    await requests.come("b", account=3, size=1)
    assert requests.inside == ["a"]
    await requests.go("a")
    assert requests.inside == ["large"]
    await requests.go("large")
    assert requests.inside == ["b"]


async def test_the_first_request_of_an_account_may_be_larger_than_its_share():
    requests = Requests(places(total=4, share=2))
    await requests.come("all", account=1, size=9)
    assert requests.inside == ["all"]
    await requests.come("other", account=2)
    await requests.go("all")
    assert requests.inside == ["other"]


async def test_who_has_too_many_waiting_is_turned_away_and_others_are_not():
    shared = places(total=1, share=1, waiting=2)
    requests = Requests(shared)
    for name in ("a1", "a2", "a3"):
        await requests.come(name, account=1)
    with pytest.raises(ApiError, match="nothing was accepted") as refused:
        async with shared.slots(1):
            pass
    assert (refused.value.status, refused.value.code) == (429, "too_many_at_once")
    assert refused.value.retry_after
    await requests.come("b1", account=2)
    for name in ("a1", "a2", "b1"):
        await requests.go(name)
    assert requests.inside == ["a3"]


async def test_nobody_waits_forever():
    shared = places(total=1, patience=0.01)
    async with shared.slots(1):
        with pytest.raises(ApiError, match="nothing was accepted") as refused:
            async with shared.slots(2):
                pass
    assert (refused.value.status, refused.value.code) == (503, "busy")
    async with shared.slots(2):
        pass


async def test_who_gives_up_holds_up_nobody():
    requests = Requests(places(total=4, share=4))
    await requests.come("a", account=1, size=3)
    await requests.come("large", account=2, size=4)
    await requests.come("b", account=3, size=1)
    await requests.give_up("large")
    assert requests.inside == ["a", "b"]
    await requests.go("b")
    await requests.come("c", account=3, size=1)
    assert requests.inside == ["a", "c"]


async def test_a_place_that_was_got_while_giving_up_is_given_back():
    shared = places(total=1)
    async with AsyncExitStack() as held:
        await held.enter_async_context(shared.slots(1))

        async def wait() -> None:
            async with shared.slots(2):
                raise AssertionError("it gave up")

        waiting = asyncio.create_task(wait())
        await settle()
        await held.aclose()
        waiting.cancel()  # before it runs again
        await asyncio.wait([waiting])
    assert waiting.cancelled()
    async with asyncio.timeout(1), shared.slots(3):
        pass
