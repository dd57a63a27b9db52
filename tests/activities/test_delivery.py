"""A dispatch at work on the real database: intents, outcomes as they come, health, pace, stop."""

import asyncio
import time

import pytest

from domain.messages.outcomes import Accepted, GatewayDown, Outcome, Refused, RetryLater, Unknown
from domain.messages.page import Retry
from store.pool import Pool
from tests.activities.pages import OwnGateway, accept, always, new_page


async def test_every_message_gets_its_outcome_on_record(pool: Pool):
    page = await new_page(pool, 500)
    gateway = OwnGateway()
    assert await page.deliver(gateway) == []
    assert gateway.arrived == dict.fromkeys(range(500), 1)
    assert await page.states() == ["sent"] * 500
    assert await page.outcomes() == dict.fromkeys(range(500), "accepted")


async def test_each_kind_of_outcome_is_recorded_and_returned_where_it_wants_another_round(pool: Pool):
    outcomes: list[Outcome] = [
        Accepted("p-0", receipts=True),
        Refused("bad_number", "no such number"),
        RetryLater(30.0, "throttled"),
        GatewayDown("500"),
        Unknown("no answer"),
    ]

    async def answer(index: int) -> Outcome:
        return outcomes[index]

    page = await new_page(pool, 5)
    again = await page.deliver(OwnGateway(answer))
    assert sorted(again, key=lambda a: a.indexes) == [
        Retry("retry_later", [2], 30.0, "throttled"),
        Retry("gateway_down", [3], 0.0, "500"),
    ]
    assert await page.states() == ["sent", "rejected", "processing", "processing", "unknown"]
    assert list((await page.outcomes()).values()) == [
        "accepted",
        "refused",
        "retry_later",
        "gateway_down",
        "unknown",
    ]


async def test_an_intent_is_on_record_before_its_message_leaves(pool: Pool):
    page = await new_page(pool, 100)
    seen: dict[int, bool] = {}

    async def look(index: int) -> Outcome:
        seen[index] = index in await page.outcomes()
        return await accept(index)

    await page.deliver(OwnGateway(look))
    assert seen == dict.fromkeys(range(100), True)


async def test_no_more_than_64_messages_are_ever_without_a_recorded_outcome(pool: Pool):
    page = await new_page(pool, 200)
    gate = asyncio.Event()

    async def hang(index: int) -> Outcome:
        if len(gateway.arrived) == 64:
            full.set()
        await gate.wait()
        return await accept(index)

    full = asyncio.Event()
    gateway = OwnGateway(hang)
    running = asyncio.create_task(page.deliver(gateway))
    await full.wait()
    assert len(await page.outcomes()) == 64
    gate.set()
    await running
    assert await page.states() == ["sent"] * 200


async def test_a_neighbour_that_hangs_does_not_hold_back_the_status_of_others(pool: Pool):
    page = await new_page(pool, 500)
    gate = asyncio.Event()

    async def first_hangs(index: int) -> Outcome:
        if index == 0:
            await gate.wait()
        return await accept(index)

    running = asyncio.create_task(page.deliver(OwnGateway(first_hangs)))
    assert (await page.until(lambda states: "sent" not in states[:1] and set(states[1:]) == {"sent"}))[0] == "queued"
    gate.set()
    assert await running == []
    assert await page.states() == ["sent"] * 500


async def test_a_bug_in_an_adapter_leaves_its_message_unknown(pool: Pool):
    async def fail(index: int) -> Outcome:
        if index == 1:
            raise KeyError("id")
        return await accept(index)

    page = await new_page(pool, 3)
    assert await page.deliver(OwnGateway(fail)) == []
    assert await page.states() == ["sent", "unknown", "sent"]


async def test_text_that_no_database_can_hold_does_not_keep_an_outcome_out_of_the_record(pool: Pool):
    answers = [Accepted("p\0-\ud800"), Refused("\0", "a\0b"), Unknown("\udfff" + "x" * 5000)]

    async def answer(index: int) -> Outcome:
        return answers[index]

    page = await new_page(pool, 3)
    assert await page.deliver(OwnGateway(answer)) == []
    assert await page.states() == ["sent", "rejected", "unknown"]


async def test_five_failures_in_a_row_stop_the_launch(pool: Pool):
    page = await new_page(pool, 500)
    gateway = OwnGateway(always(GatewayDown("refused the connection")))
    again = {a.kind: a.indexes for a in await page.deliver(gateway)}
    assert set(again) == {"gateway_down", "held_back"}
    assert set(again["gateway_down"]) == set(gateway.arrived)
    assert 5 <= len(again["gateway_down"]) <= 64
    assert sorted(again["gateway_down"] + again["held_back"]) == list(range(500))
    assert set(await page.outcomes()) == set(gateway.arrived)


async def test_a_lost_answer_does_not_count_for_or_against_the_gateway(pool: Pool):
    async def answer(index: int) -> Outcome:
        return Unknown("no answer") if index % 2 else GatewayDown("500")

    page = await new_page(pool, 10)
    await page.deliver(OwnGateway(answer))
    failures, pause = await page.breaker()
    assert (failures, pause is not None) == (5, True)


async def test_other_pages_hear_of_a_dead_gateway_while_one_message_still_hangs(pool: Pool):
    gate = asyncio.Event()

    async def answer(index: int) -> Outcome:
        if index == 0:
            await gate.wait()
        return GatewayDown("500")

    page = await new_page(pool, 200)
    running = asyncio.create_task(page.deliver(OwnGateway(answer)))
    async with asyncio.timeout(10):
        while await page.breaker() is None:
            pass
    gate.set()
    again = await running
    assert sorted(index for a in again for index in a.indexes) == list(range(200))


@pytest.mark.parametrize("size", [1, 100])
async def test_messages_follow_each_other_at_the_gateways_pace(pool: Pool, size):
    page = await new_page(pool, size)
    gateway = OwnGateway()
    await page.deliver(gateway, per_second=50.0)
    took = gateway.at[-1] - gateway.at[0]
    assert took == pytest.approx((size - 1) / 50, rel=0.05)
    for first, tenth in zip(gateway.at, gateway.at[10:], strict=False):  # no bursts in between either
        assert tenth - first >= 10 / 50 - 0.12


async def test_a_delay_is_not_made_up_for_by_a_burst(pool: Pool):
    page = await new_page(pool, 60)
    loop = asyncio.get_running_loop()

    async def block_once(index: int) -> Outcome:
        if index == 10:  # the whole process is held up, as by a long garbage collection or a paused machine
            until = loop.time() + 1.0
            while loop.time() < until:
                pass
        return await accept(index)

    gateway = OwnGateway(block_once)
    await page.deliver(gateway, per_second=50.0)
    after = [at for at in gateway.at if at > gateway.at[10]]
    assert after[-1] - after[0] >= (len(after) - 1) / 50 - 0.15


async def test_a_dispatch_begins_no_sooner_than_its_rate_slot(pool: Pool):
    page = await new_page(pool, 1)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    gateway = OwnGateway()
    await page.deliver(gateway, per_second=10.0, start_at=time.time() + 0.5)
    assert gateway.at[0] - begun >= 0.49


async def test_a_stopping_worker_hands_back_what_it_has_not_started(pool: Pool):
    page = await new_page(pool, 200)
    stopping = False

    async def stop_at_once(index: int) -> Outcome:
        nonlocal stopping
        stopping = True
        return GatewayDown("500") if index == 31 else Accepted()  # the last word before the stop

    gateway = OwnGateway(stop_at_once)
    again = {a.kind: a.indexes for a in await page.delivery(gateway, stopping=lambda: stopping).run()}
    assert again["gateway_down"] == [31]
    assert set(again["not_started"]) == set(range(200)) - set(gateway.arrived)
    assert again["not_started"]
    assert set(await page.outcomes()) == set(gateway.arrived)


async def test_a_stopping_worker_does_not_wait_for_a_slow_pace(pool: Pool):
    page = await new_page(pool, 3)
    stopping = False

    async def stop(index: int) -> Outcome:
        nonlocal stopping
        stopping = True
        return Accepted()

    async with asyncio.timeout(5):
        slow = page.request(per_second=0.01, takes_slots=True)
        again = await page.delivery(OwnGateway(stop), slow, lambda: stopping).run()
    assert again == [Retry("not_started", [1, 2], 0.0, "the dispatch was stopped, or its time was over")]
    assert set(await page.outcomes()) == {0}, "what is not about to leave has no intent"


async def test_waits_of_about_the_same_length_become_one(pool: Pool):
    async def answer(index: int) -> Outcome:
        return RetryLater(10.0 + index / 10 if index < 10 else 100.0, "throttled")

    page = await new_page(pool, 12)
    again = await page.deliver(OwnGateway(answer))
    assert sorted((a.after, sorted(a.indexes)) for a in again) == [(10.9, list(range(10))), (100.0, [10, 11])]


async def test_a_cancelled_dispatch_still_records_what_was_answered(pool: Pool):
    page = await new_page(pool, 10)

    async def hang_some(index: int) -> Outcome:
        if index >= 5:
            await asyncio.Event().wait()
        return await accept(index)

    gateway = OwnGateway(hang_some)
    running = asyncio.create_task(page.deliver(gateway))
    await page.until(lambda states: states.count("sent") == 5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await page.outcomes() == {index: "accepted" if index < 5 else None for index in range(10)}
