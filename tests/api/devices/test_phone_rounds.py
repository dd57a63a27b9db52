"""Many phones that ask at once are looked for together, few looks at a time."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from api.devices.waiting import rounds
from api.devices.waiting.rounds import AT_A_TIME, TOGETHER, Rounds, SessionEnded
from domain.devices.messages import HandedOut, Session
from store.pool import Pool


class Looks:
    """What is looked for instead of the database; each look ends when it is let go."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.times: list[float] = []
        self.running = self.most_running = 0
        self.go = asyncio.Event()
        self.answer = HandedOut(wait=25.0)
        self.error: Exception | None = None

    async def __call__(self, _: Any, sessions: Sequence[Session], limit: int, sim: str | None) -> HandedOut:
        self.sizes.append(len(sessions))
        self.times.append(asyncio.get_running_loop().time())
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        await self.go.wait()
        self.running -= 1
        if self.error:
            raise self.error
        return self.answer

    async def are_running(self, count: int) -> None:
        async with asyncio.timeout(5):
            while self.running < count:
                await asyncio.sleep(0)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    found = Looks()
    monkeypatch.setattr(rounds, "hand_out", found)
    return found


@pytest.fixture
def asked(looks: Looks) -> Rounds:
    return Rounds(cast(Pool, None))


def session(gateway_id: UUID) -> Session:
    return Session(uuid4(), gateway_id, 1, "xsender", "phone", b"")


async def test_phones_of_a_gateway_that_come_at_once_share_looks(asked: Rounds, looks: Looks):
    gateway_id = uuid4()
    tasks = [asyncio.create_task(asked.take(session(gateway_id), 50)) for _ in range(500)]
    await looks.are_running(1)
    looks.go.set()
    await asyncio.gather(*tasks)
    assert looks.most_running == 1
    assert max(looks.sizes) <= TOGETHER
    assert len(looks.sizes) <= 6


async def test_few_looks_run_at_a_time_whatever_the_number_of_gateways(asked: Rounds, looks: Looks):
    tasks = [asyncio.create_task(asked.take(session(uuid4()), 50)) for _ in range(40)]
    await looks.are_running(AT_A_TIME)
    looks.go.set()
    await asyncio.gather(*tasks)
    assert looks.most_running == AT_A_TIME
    assert len(looks.sizes) == 40


async def test_a_message_that_comes_during_a_look_is_looked_for_after_it(asked: Rounds, looks: Looks):
    own = session(uuid4())
    task = asyncio.create_task(asked.take(own, 50, seconds=20))
    await looks.are_running(1)
    asked.wake(own.gateway_id)
    looks.go.set()
    async with asyncio.timeout(5):
        while len(looks.sizes) < 2:
            await asyncio.sleep(0)
    asked.end_all()
    assert (await task).offers == ()


async def test_a_phone_may_look_again_when_its_sim_is_free(asked: Rounds, looks: Looks):
    looks.answer = HandedOut(wait=0.01)
    looks.go.set()
    task = asyncio.create_task(asked.take(session(uuid4()), 50, seconds=20))
    async with asyncio.timeout(5):
        while len(looks.sizes) < 3:
            await asyncio.sleep(0.005)
    asked.end_all()
    await task


async def test_messages_that_come_meanwhile_do_not_make_it_look_more_often_afterwards(asked: Rounds, looks: Looks):
    looks.answer = HandedOut(wait=0.2)
    looks.go.set()
    own = session(uuid4())
    task = asyncio.create_task(asked.take(own, 50, seconds=20))
    async with asyncio.timeout(10):
        for count in range(1, 20):
            while len(looks.times) < count:
                await asyncio.sleep(0)
            asked.wake(own.gateway_id)
        while len(looks.times) < 23:
            await asyncio.sleep(0.01)
    assert min(after - before for before, after in pairwise(looks.times[19:])) > 0.15
    asked.end_all()
    await task


async def test_a_fault_of_the_database_is_told_to_all_that_wait_for_that_look(asked: Rounds, looks: Looks):
    gateway_id = uuid4()
    looks.error = OSError("away")
    looks.go.set()
    tasks = [asked.take(session(gateway_id), 50, seconds=20) for _ in range(3)]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [OSError] * 3


async def test_a_phone_whose_session_is_over_learns_it(asked: Rounds, looks: Looks):
    own = session(uuid4())
    looks.answer = HandedOut(wait=25.0, ended=frozenset({own.device_id}))
    looks.go.set()
    with pytest.raises(SessionEnded):
        await asked.take(own, 50, seconds=20)


async def test_requests_of_one_phone_that_wait_are_bounded(asked: Rounds, looks: Looks):
    own = session(uuid4())
    looks.go.set()
    tasks = [asyncio.create_task(asked.take(own, 50, f"sim-{number}", 20)) for number in range(30)]
    async with asyncio.timeout(5):
        while sum(task.done() for task in tasks) < 30 - rounds.MOST_OF_A_PHONE:
            await asyncio.sleep(0)
    asked.end_all()
    await asyncio.gather(*tasks)
