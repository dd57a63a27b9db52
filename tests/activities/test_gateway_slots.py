"""What dispatches through one gateway share: places, and what they learn of its health."""

import asyncio

from activities.pacing.gateway_slots import FAILURES_TO_STOP, QUICK_SECONDS, GatewaySlots
from domain.messages.outcomes import Accepted, Outcome, Unknown
from domain.messages.page import CONCURRENCY, QUICK_CONCURRENCY
from store.pool import Pool
from tests.activities.pages import OwnGateway, always, new_page

SILENT = Unknown("no answer in time", silent=True)


async def test_dispatches_of_one_gateway_share_its_places(pool: Pool):
    gate = asyncio.Event()

    async def answer(index: int) -> Outcome:
        await gate.wait()
        return Accepted()

    slots = GatewaySlots()
    pages = [await new_page(pool, 40) for _ in range(3)]
    gateways = [OwnGateway(answer) for _ in pages]
    running = []
    for page, gateway in zip(pages, gateways, strict=True):
        page.slots = slots
        running.append(asyncio.create_task(page.deliver(gateway)))
    async with asyncio.timeout(10):
        while sum(len(gateway.arrived) for gateway in gateways) < CONCURRENCY:
            await asyncio.sleep(0.005)
    open_intents = [len(await page.outcomes()) for page in pages]
    assert sum(open_intents) == CONCURRENCY
    gate.set()
    await asyncio.gather(*running)
    for page in pages:
        assert await page.states() == ["sent"] * 40


async def test_a_cancelled_dispatch_gives_its_places_back(pool: Pool):
    slots = GatewaySlots(4)
    page = await new_page(pool, 10)
    page.slots = slots
    gateway = OwnGateway(lambda index: asyncio.sleep(3600, Accepted()))
    running = asyncio.create_task(page.deliver(gateway))
    async with asyncio.timeout(10):
        while slots.in_flight.free:
            await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.wait([running])
    assert slots.in_flight.free == 4


async def test_a_gateway_that_is_silent_is_left_alone_by_all_its_dispatches(pool: Pool):
    slots = GatewaySlots()
    for number in range(FAILURES_TO_STOP):
        assert not slots.is_closed, number
        page = await new_page(pool, 1)
        page.slots = slots
        await page.deliver(OwnGateway(always(SILENT)))
        assert await page.states() == ["unknown"]
    assert slots.is_closed
    late = await new_page(pool, 3)
    late.slots = slots
    gateway = OwnGateway()
    assert [(again.kind, again.indexes) for again in await late.deliver(gateway)] == [("held_back", [0, 1, 2])]
    assert not gateway.arrived


async def test_a_lost_connection_says_nothing_of_the_gateway(pool: Pool):
    page = await new_page(pool, 10)
    await page.deliver(OwnGateway(always(Unknown("the connection broke"))))
    assert not page.slots.is_closed
    assert await page.breaker() is None


async def test_silence_opens_the_breaker(pool: Pool):
    page = await new_page(pool, 10)
    await page.deliver(OwnGateway(always(SILENT)))
    failures, _ = await page.breaker()
    assert failures == FAILURES_TO_STOP


async def test_an_answer_opens_a_closed_line(pool: Pool):
    slots = GatewaySlots()
    for _ in range(FAILURES_TO_STOP):
        slots.failed("down")
    assert slots.is_closed
    slots.answered()
    assert not slots.is_closed


def bulk_slots() -> GatewaySlots:
    return GatewaySlots(quick_in_flight=QUICK_CONCURRENCY)


def answer_all(slots: GatewaySlots, quick: int) -> None:
    """As many answers as are judged together, so many of them quick ones."""
    for number in range(CONCURRENCY):
        slots.answered_within(QUICK_SECONDS / 2 if number < quick else 0.05)


async def test_a_gateway_that_answers_quickly_has_more_places_until_it_does_not():
    slots = bulk_slots()
    answer_all(slots, CONCURRENCY // 2 - 1)
    assert slots.in_flight.free == CONCURRENCY
    answer_all(slots, CONCURRENCY // 2)
    assert slots.in_flight.free == QUICK_CONCURRENCY
    answer_all(slots, CONCURRENCY // 2 - 1)
    assert slots.in_flight.free == CONCURRENCY


async def test_a_failure_takes_the_additional_places_away():
    slots = bulk_slots()
    answer_all(slots, CONCURRENCY)
    slots.failed("down")
    assert slots.in_flight.free == CONCURRENCY


async def test_places_that_are_taken_away_while_in_use_are_not_handed_out_again():
    slots = bulk_slots()
    answer_all(slots, CONCURRENCY)
    await slots.in_flight.take(100, lambda: False)
    slots.failed("down")
    waiting = asyncio.create_task(slots.in_flight.take(1, lambda: False))
    await asyncio.sleep(0)
    slots.in_flight.give_back(100 - CONCURRENCY)
    assert not waiting.done()
    slots.in_flight.give_back()
    assert await waiting
    assert slots.in_flight.free == 0
