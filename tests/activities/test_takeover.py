"""Two runs of one dispatch: a dead one and its successor, or two that are alive. Nothing leaves twice."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from activities.dispatching.attempts import Attempts, Claim
from activities.pacing.gateway_slots import GatewaySlots
from activities.record_status import RecordStatus
from domain.ids import message_uid
from domain.messages.outcomes import Accepted, GatewayDown, Outcome, Refused, Unknown
from domain.messages.page import RecordRequest, Retry
from store import workers
from store.messages import attempts
from store.pool import Pool, open_pool
from tests.activities.pages import OwnGateway, Page, accept, always, new_page


async def die_while_answering(page: Page, hanging: int, **route: object) -> OwnGateway:
    """A run that is killed while this many messages wait for their answer; the messages before them were answered."""
    answered = page.size - hanging

    async def answer(index: int) -> Outcome:
        if index >= answered:
            await asyncio.Event().wait()
        return await accept(index)

    gateway = OwnGateway(answer)
    running = asyncio.create_task(page.deliver(gateway, **route))
    await page.until(lambda states: states.count("sent") == answered)
    await gateway.until_arrived(min(page.size, answered + 64))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    return gateway


async def test_what_a_dead_run_left_open_is_unknown_and_only_the_rest_is_sent(pool: Pool):
    page = await new_page(pool, 200)
    dead = await die_while_answering(page, hanging=136)
    successor = OwnGateway()
    assert await page.take_over(successor) == []
    assert set(dead.arrived) | set(successor.arrived) == set(range(200))
    assert not set(dead.arrived) & set(successor.arrived)
    states = await page.states()
    assert states[:64] == ["sent"] * 64
    assert {index for index, state in enumerate(states) if state == "unknown"} == set(dead.arrived) - set(range(64))


@pytest.mark.parametrize("by_gateway", [False, True])
async def test_what_may_be_sent_again_is_by_the_policy_of_message_or_gateway(pool: Pool, by_gateway):
    page = await new_page(pool, 10, on_unknown=None if by_gateway else "resend")
    policy = {"on_unknown": "resend"} if by_gateway else {}
    again = await page.deliver(OwnGateway(always(Unknown("no answer"))), **policy)
    assert again == [Retry("resend", list(range(10)), 0.0, "no answer")]
    page = await new_page(pool, 10, on_unknown=None if by_gateway else "resend")
    await die_while_answering(page, hanging=4, **policy)
    assert [(a.kind, a.indexes) for a in await page.take_over(OwnGateway(), **policy)] == [("resend", [6, 7, 8, 9])]


async def test_a_message_that_says_hold_is_held_whatever_its_gateway_says(pool: Pool):
    page = await new_page(pool, 3, on_unknown="hold")
    assert await page.deliver(OwnGateway(always(Unknown("no answer"))), on_unknown="resend") == []


async def test_a_run_that_died_before_it_reported_is_reported_by_its_successor(pool: Pool):
    """Its outcomes are recorded, but the workflow did not get the messages to retry."""
    answers = [GatewayDown("500"), Unknown("no answer"), Accepted()]

    async def answer(index: int) -> Outcome:
        return answers[index]

    page = await new_page(pool, 3, on_unknown="resend")
    first = await page.deliver(OwnGateway(answer))
    second = OwnGateway()
    again = await page.take_over(second)
    assert sorted((a.kind, a.indexes) for a in again) == sorted((a.kind, a.indexes) for a in first)
    assert second.arrived == {}


async def test_a_run_that_finds_all_sent_waits_for_no_turn(pool: Pool):
    """Its page is still to be settled; others may launch through a slow gateway for minutes."""
    page = await new_page(pool, 3)
    await page.deliver(OwnGateway())
    page.slots = GatewaySlots(launchers=1)
    async with page.slots.launching(lambda: False), asyncio.timeout(10):
        assert await page.take_over(OwnGateway()) == []


async def test_two_runs_that_are_both_alive_never_send_one_message_twice(pool: Pool):
    page = await new_page(pool, 300)

    async def slowly(index: int) -> Outcome:
        await asyncio.sleep(0.001 * (index % 7))
        return await accept(index)

    gateway = OwnGateway(slowly)
    await asyncio.gather(*(page.take_over(gateway) for _ in range(3)))
    assert gateway.arrived == dict.fromkeys(range(300), 1)
    assert await page.states() == ["sent"] * 300


@pytest.mark.parametrize("policy", [None, "resend"])
async def test_what_a_run_that_lives_has_under_way_is_waited_for(pool: Pool, policy: str | None):
    """The engine gave it up because its heartbeats were lost on the way."""
    page = await new_page(pool, 3, on_unknown=policy)
    gate = asyncio.Event()

    async def late(index: int) -> Outcome:
        await gate.wait()
        return await accept(index)

    first, second = OwnGateway(late), OwnGateway()
    running = asyncio.create_task(page.deliver(first))
    await first.until_arrived(3)
    taking_over = asyncio.create_task(page.take_over(second))
    await asyncio.sleep(0.7)  # it has looked, and looked again
    assert await page.outcomes() == dict.fromkeys(range(3))
    gate.set()
    assert await running == []
    assert await taking_over == []
    assert second.arrived == {}
    assert await page.states() == ["sent"] * 3


async def test_a_run_that_ends_while_the_database_is_asked_about_it_has_an_outcome(pool: Pool, monkeypatch):
    """Its answer was not on record when the database looked, and it is over when what was seen comes here."""
    page = await new_page(pool, 1, on_unknown="resend")
    gate, look = asyncio.Event(), attempts.earlier_outcomes

    async def late(index: int) -> Outcome:
        await gate.wait()
        return await accept(index)

    async def slow_look(*asked: Any) -> dict[UUID, attempts.Earlier]:
        seen = await look(*asked)
        gate.set()
        await running
        return seen

    first, second = OwnGateway(late), OwnGateway()
    running = asyncio.create_task(page.deliver(first))
    await first.until_arrived(1)
    monkeypatch.setattr("store.messages.attempts.earlier_outcomes", slow_look)
    assert await page.take_over(second) == []
    assert await page.states() == ["sent"]


async def test_what_another_run_hands_back_before_it_was_looked_at_wants_another_round(pool: Pool, monkeypatch):
    page = await new_page(pool, 4)
    other = Attempts(pool, page.request())
    await other.claim([1, 2], time.time())
    async with pool.connection() as conn:
        await conn.execute("update messages set state = 'cancelled' where uid = %s", (message_uid(page.id, 3),))
    claim = Attempts.claim

    async def claim_and_see_the_other_stop(self: Attempts, indexes: Sequence[int], now: float) -> Claim:
        claimed = await claim(self, indexes, now)
        await other.withdraw([1, 2])
        return claimed

    monkeypatch.setattr(Attempts, "claim", claim_and_see_the_other_stop)
    gateway = OwnGateway()
    again = await page.deliver(gateway)
    assert [(each.kind, each.indexes) for each in again] == [("not_started", [1, 2])]
    assert set(gateway.arrived) == {0}


async def test_another_process_is_waited_for_while_it_says_that_it_lives(pool: Pool, monkeypatch):
    page = await new_page(pool, 3)
    other = UUID(bytes=bytes(8) + uuid4().bytes[8:])
    monkeypatch.setattr("activities.dispatching.attempts.new_run_id", lambda: other)
    await die_while_answering(page, hanging=3)
    monkeypatch.setattr("activities.dispatching.attempts.new_run_id", uuid4)
    row = f"host:1:{'0' * 16}{other.hex[16:]}"
    await workers.beat(pool, row, ["test"])
    taking_over = asyncio.create_task(page.take_over(OwnGateway()))
    await asyncio.sleep(0.7)
    assert await page.states() == ["queued"] * 3
    await workers.leave(pool, row)
    assert await taking_over == []
    assert await page.states() == ["unknown"] * 3


async def test_an_answer_that_comes_after_all_settles_message_and_credit(pool: Pool, monkeypatch):
    """A run that was thought dead: by the time it gets its answers, the page is closed."""
    page = await new_page(pool, 3)
    gate = asyncio.Event()

    async def late(index: int) -> Outcome:
        await gate.wait()
        return Refused("bad_number", "no such number") if index == 2 else await accept(index)

    zombie = OwnGateway(late)
    monkeypatch.setattr("activities.dispatching.attempts.new_run_id", uuid4)  # its process does not say that it lives
    running = asyncio.create_task(page.deliver(zombie))
    await zombie.until_arrived(3)
    assert await page.take_over(OwnGateway()) == []
    await RecordStatus(pool).record_status(RecordRequest(str(page.id)))
    assert await page.states() == ["unknown"] * 3
    assert await page.wallet() == (0, 3, 0)
    gate.set()
    await running
    assert await page.states() == ["sent", "sent", "rejected"]
    assert await page.wallet() == (1, 0, 2)


async def test_a_run_that_outlives_its_dispatch_sends_no_message_that_has_ended(pool: Pool):
    page = await new_page(pool, 100)
    gate = asyncio.Event()

    async def late(index: int) -> Outcome:
        await gate.wait()
        return await accept(index)

    zombie = OwnGateway(late)
    running = asyncio.create_task(page.deliver(zombie))
    await zombie.until_arrived(64)
    given_up = RecordRequest(str(page.id), lost_attempt=1, lost=list(range(100)))
    await RecordStatus(pool).record_status(given_up)
    assert sorted(await page.states()) == ["failed"] * 36 + ["unknown"] * 64
    gate.set()
    await running
    assert len(zombie.arrived) == 64
    assert sorted(await page.states()) == ["failed"] * 36 + ["sent"] * 64
    assert await page.wallet() == (36, 0, 64)


async def test_a_failed_resend_leaves_the_message_as_unknown_as_it_was(pool: Pool):
    page = await new_page(pool, 1, on_unknown="resend")
    await page.deliver(OwnGateway(always(Unknown("no answer"))))
    second = page.delivery(OwnGateway(always(GatewayDown("500"))), page.request(attempt=2))
    assert [a.kind for a in await second.run()] == ["gateway_down"]
    assert await page.states() == ["unknown"]
    third = page.delivery(OwnGateway(), page.request(attempt=3))
    await third.run()
    assert await page.states() == ["sent"]


async def test_outcomes_survive_a_database_that_drops_every_connection_again_and_again(pool: Pool, engine):
    page = await new_page(pool, 500)
    shaky = await open_pool(engine.database_url, 4, "shaky")
    cuts = 0

    async def cut_now_and_then(index: int) -> Outcome:
        nonlocal cuts
        if index % 50 == 0:
            async with pool.connection() as conn:
                cursor = await conn.execute(
                    "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'shaky'"
                )
                cuts += (await cursor.fetchone())[0]
        return await accept(index)

    gateway = OwnGateway(cut_now_and_then)
    try:
        again = await replace(page, pool=shaky).deliver(gateway)
    finally:
        await shaky.close()
    assert again == []
    assert cuts >= 10
    assert gateway.arrived == dict.fromkeys(range(500), 1)
    assert await page.states() == ["sent"] * 500
