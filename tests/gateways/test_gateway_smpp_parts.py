"""SMPP, incoming, to several processes: parts of one message are joined, and what comes again is not doubled."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from smsc import Smsc, gateway_at, smsc

from domain.messages.receipts import Inbound
from gateways.sms.smpp.gateway import SmppGateway
from gateways.sms.smpp.inbox import PART_SECONDS
from store.messages.deliveries import AGAIN_WITHIN, KEPT_FOR, TAKEN_FOR, delete_old

TRY_AGAIN = 0x64


@dataclass
class Process:
    """A process with the gateway bound to an SMSC, and what it handed over."""

    peer: Smsc
    gateway: SmppGateway
    taken: list[Inbound] = field(default_factory=list)
    answered: int = 0

    async def gets(self, text: object) -> int:
        """Something is delivered to it. Returns its answer."""
        await self.peer.deliver(text, data_coding=0)
        self.answered += 1
        return (await self.peer.some("deliver_sm_resp", self.answered))[-1]["status"]

    async def gets_part(self, number: int, text: str, total: int = 3, reference: int = 7) -> int:
        return await self.gets({"udh": f"050003{reference:02x}{total:02x}{number:02x}", "message": text})


@pytest.fixture
def gateway_id() -> UUID:
    return uuid4()


@pytest.fixture
def process(outside_of, gateway_id):
    """Start a process that has the same gateway as the others."""

    @asynccontextmanager
    async def process(fails: bool = False) -> AsyncIterator[Process]:
        async def take(events):
            running.taken += events
            if fails:
                raise RuntimeError("no engine")

        async with smsc() as peer, gateway_at(outside_of(take, gateway_id), peer.port) as gateway:
            running = Process(peer, gateway)
            await gateway.connect()
            yield running

    return process


@pytest.fixture
def pass_time(pool, gateway_id):
    """Have more than so much time passed for all that has come so far."""

    async def pass_time(seconds: float) -> None:
        past = timedelta(seconds=seconds + 1), gateway_id
        async with pool.connection() as conn:
            await conn.execute(
                """update split_deliveries set began_at = began_at - p.past, taken_at = taken_at - p.past
                   from (select %s as past) p where gateway_id = %s""",
                past,
            )
            await conn.execute("update unanswered_deliveries set tried_at = tried_at - %s where gateway_id = %s", past)

    return pass_time


@pytest.fixture
def is_finished(pool, gateway_id):
    """Wait until the record says that all messages of several parts were answered, which it learns after the answer."""

    async def is_finished() -> None:
        async with asyncio.timeout(10), pool.connection() as conn:
            while True:
                cursor = await conn.execute(
                    "select bool_and(ended) from split_deliveries where gateway_id = %s", (gateway_id,)
                )
                if (await cursor.fetchone())[0]:
                    return
                await asyncio.sleep(0.01)

    return is_finished


async def test_parts_that_come_to_two_processes_are_one_message(process):
    async with process() as first, process() as second:
        assert await first.gets_part(3, "third") == 0
        assert await second.gets_part(1, "first, ") == 0
        assert first.taken == second.taken == []
        assert await first.gets_part(2, "second, ") == 0
    (message,) = first.taken
    assert (message.sender, message.recipient, message.body) == ("+15005550001", "15005550000", "first, second, third")
    assert second.taken == []


async def test_the_last_parts_may_come_at_the_same_time(process):
    async with process() as first, process() as second:
        for reference in range(20):
            await first.gets_part(1, "a", reference=reference)
            both = first.gets_part(2, "b", reference=reference), second.gets_part(3, "c", reference=reference)
            assert await asyncio.gather(*both) == [0, 0]
    assert [message.body for message in first.taken + second.taken] == ["abc"] * 20


async def test_parts_that_come_again_do_not_make_another_message(process, is_finished):
    async with process() as first, process() as second:
        for running in (first, second):
            for number, text in ((1, "a"), (2, "b"), (3, "c")):
                assert await running.gets_part(number, text) == 0
            await is_finished()  # before that they are the same message, with the same key
    assert [message.body for message in first.taken + second.taken] == ["abc"]


async def test_a_reference_that_comes_round_again_is_another_message(process, pass_time):
    async with process() as running:
        for texts in ("abc", "xyz"):
            for number, text in enumerate(texts, 1):
                await running.gets_part(number, text)
        await pass_time(AGAIN_WITHIN.total_seconds())
        for number, text in enumerate("abc", 1):
            await running.gets_part(number, text)
    assert [message.body for message in running.taken] == ["abc", "xyz", "abc"]
    assert len({message.key for message in running.taken}) == 3


async def test_a_part_is_not_lost_to_another_with_its_reference(process, pass_time):
    async with process() as running:
        await running.gets_part(1, "old")
        await running.gets_part(1, "new ", total=2)
        await running.gets_part(1, "newer ")
        await running.gets_part(2, "text", total=2)
        await pass_time(PART_SECONDS)
        await running.gateway.connect()
    assert sorted(message.body for message in running.taken) == ["new text", "newer ", "old"]


async def test_whole_messages_that_cannot_be_handed_over_are_asked_for_again(process):
    async with process(fails=True) as first, process() as second:
        assert await first.gets_part(1, "a", total=2) == 0
        assert await first.gets_part(2, "b", total=2) == TRY_AGAIN
        assert await second.gets_part(2, "b", total=2) == 0
    (failed,), (again,) = first.taken, second.taken
    assert failed.body == again.body == "ab"
    assert failed.key == again.key


async def test_parts_whose_others_do_not_come_are_handed_over_whoever_got_them(process, pass_time):
    async with process() as gone:
        await gone.gets_part(2, "second, ")
        await gone.gets_part(3, "third")
    async with process() as running:
        assert running.taken == []
        await pass_time(PART_SECONDS)
        await running.gateway.connect()
        await running.gateway.connect()
        (torso,) = running.taken
        assert torso.body == "second, third"
        assert await running.gets_part(3, "third") == 0
        await running.gets_part(1, "first, ")
        await pass_time(PART_SECONDS)
        await running.gateway.connect()
    assert [message.body for message in running.taken] == ["second, third", "first, "]


async def test_what_cannot_be_handed_over_without_its_others_is_tried_again(process, pass_time):
    async with process(fails=True) as first, process() as second:
        await first.gets_part(2, "b")
        await pass_time(PART_SECONDS)
        await first.gateway.connect()
        await second.gateway.connect()
        assert second.taken == []
        await pass_time(TAKEN_FOR.total_seconds())
        await second.gateway.connect()
    (failed,), (again,) = first.taken, second.taken
    assert failed.key == again.key


async def test_a_message_whose_answer_was_lost_keeps_its_key_at_another_process(process):
    async with process(fails=True) as first, process() as second:
        assert await first.gets("1") == TRY_AGAIN
        assert [await second.gets("1") for _ in range(2)] == [0, 0]  # again, and one more of the same
    (failed,), (again, another) = first.taken, second.taken
    assert failed.key == again.key != another.key


async def test_a_message_that_is_lost_on_the_way_from_one_process_comes_to_another_with_its_key(
    outside_of, gateway_id, process
):
    taken, reached, lost = [], asyncio.Event(), asyncio.Event()

    async def take(events):
        taken.extend(events)
        reached.set()
        await lost.wait()

    async with smsc() as peer, gateway_at(outside_of(take, gateway_id), peer.port) as gateway:
        await gateway.connect()
        await peer.deliver("hello", data_coding=0)
        await reached.wait()
        async with process() as second:
            assert await second.gets("hello") == 0
        lost.set()
    assert [message.key for message in second.taken] == [taken[0].key]


async def test_what_comes_long_after_is_another_message(process, pass_time):
    async with process(fails=True) as first, process() as second:
        await first.gets("1")
        await pass_time(AGAIN_WITHIN.total_seconds())
        await second.gets("1")
    assert first.taken[0].key != second.taken[0].key


async def test_nothing_is_kept_for_ever(process, pass_time, pool, gateway_id):
    async with process(fails=True) as running:
        await running.gets("1")
        await running.gets_part(1, "a")
    assert await kept(pool, gateway_id) == [1, 1]
    await delete_old(pool)
    assert await kept(pool, gateway_id) == [1, 1]
    await pass_time(KEPT_FOR.total_seconds())
    await delete_old(pool)
    assert await kept(pool, gateway_id) == [0, 0]


async def kept(pool, gateway_id) -> list[int]:
    counts = []
    async with pool.connection() as conn:
        for table in ("split_deliveries", "unanswered_deliveries"):
            cursor = await conn.execute(f"select count(*) from {table} where gateway_id = %s", (gateway_id,))
            counts.append((await cursor.fetchone())[0])
    return counts
