"""What dispatches through one gateway share: places, and what they learn of its health."""

import asyncio
from uuid import uuid4

from activities.pacing.bulk_throttle import BulkThrottle
from activities.pacing.gateway_slots import FAILURES_TO_STOP, GatewaySlots, SlotRegistry
from domain.lanes import Lane
from domain.messages.outcomes import Accepted, Outcome, Unknown
from domain.messages.page import CONCURRENCY
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


async def test_a_gateway_of_one_process_has_as_many_places_as_its_connections(pool: Pool):
    registry, gateway_id = SlotRegistry(BulkThrottle(pool)), uuid4()
    for lane in Lane:
        few, many = registry.of(gateway_id, lane, 10), registry.of(gateway_id, lane, 300)
        assert (few.in_flight.size, many.in_flight.size) == (CONCURRENCY, 300)
        assert registry.of(gateway_id, lane, 300) is many
        assert registry.of(uuid4(), lane).in_flight.size == CONCURRENCY
