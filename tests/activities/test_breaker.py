"""A gateway's circuit breaker over many dispatches: opens, lets one page probe, doubles its pause, closes."""

import asyncio
from itertools import pairwise

import pytest

from activities.choose_gateway import ChooseGateway
from domain.messages.outcomes import Accepted, GatewayDown, Outcome, Unknown
from domain.messages.page import RouteRequest, Routing
from store.gateways import routing
from store.pool import Pool
from tests.activities.pages import OwnGateway, Page, accept, always, new_gateway, new_page

DOWN = always(GatewayDown("refused the connection"))


async def choose(page: Page, **more: object) -> Routing:
    request = RouteRequest(page.header, list(range(page.size)), **{"attempt": 1, **more})
    return await ChooseGateway(page.pool).choose_gateway(request)


async def let_pause_end(page: Page) -> None:
    """As if the breaker's pause had passed."""
    async with page.pool.connection() as conn:
        await conn.execute(
            "update gateway_breakers set open_until = clock_timestamp() where gateway_id = %s", (page.gateway_id,)
        )


async def broken(pool: Pool, size: int = 10) -> Page:
    """A page whose only gateway has just been found down."""
    page = await new_page(pool, size)
    await page.deliver(OwnGateway(DOWN))
    return page


async def test_it_opens_at_five_failures_and_parks_what_comes(pool: Pool):
    page = await new_page(pool, 10)
    await page.delivery(OwnGateway(DOWN), page.request(indexes=[0, 1, 2, 3])).run()
    assert await page.breaker() == (4, None)
    assert (await choose(page)).routes[0].suspect
    await page.delivery(OwnGateway(DOWN), page.request(indexes=[4])).run()
    assert await page.breaker() == (5, pytest.approx(5.0, abs=0.1))
    chosen = await choose(page)
    assert chosen.routes == []
    assert [parked.indexes for parked in chosen.parked] == [list(range(10))]


async def test_a_success_forgets_earlier_failures(pool: Pool):
    page = await new_page(pool, 10)
    await page.delivery(OwnGateway(DOWN), page.request(indexes=[0, 1])).run()
    route = (await choose(page)).routes[0]
    await page.deliver(OwnGateway(), indexes=[2], suspect=route.suspect)
    assert await page.breaker() is None
    assert not (await choose(page)).routes[0].suspect


async def test_what_was_under_way_when_it_opened_does_not_prolong_the_pause(pool: Pool):
    page = await new_page(pool, 40)
    pages = [page.delivery(OwnGateway(DOWN), page.request(indexes=[index])) for index in range(40)]
    await asyncio.gather(*(delivery.run() for delivery in pages))
    assert await page.breaker() == (5, pytest.approx(5.0, abs=0.1))


async def test_after_the_pause_one_page_probes_and_the_others_wait_on(pool: Pool):
    page = await broken(pool)
    await let_pause_end(page)
    answers = await asyncio.gather(*(choose(page) for _ in range(10)))
    probes = [answer.routes[0] for answer in answers if answer.routes]
    assert [route.probe for route in probes] == [True]
    assert sum(len(answer.parked) for answer in answers) == 9


async def test_a_probe_risks_one_message_and_its_failure_doubles_the_pause(pool: Pool):
    page = await broken(pool)
    pauses = []
    for attempt in range(2, 11):
        await let_pause_end(page)
        route = (await choose(page)).routes[0]
        gateway = OwnGateway(DOWN)
        delivery = page.delivery(gateway, page.request(attempt, probe=route.probe, suspect=route.suspect))
        again = {a.kind: a.indexes for a in await delivery.run()}
        assert again == {"gateway_down": [0], "held_back": list(range(1, 10))}
        assert gateway.arrived == {0: 1}
        pauses.append((await page.breaker())[1])
    assert pauses == pytest.approx([10, 20, 40, 80, 160, 300, 300, 300, 300], abs=0.1)


async def test_a_probe_without_an_answer_keeps_the_rest_back(pool: Pool):
    page = await broken(pool)
    await let_pause_end(page)
    delivery = page.delivery(OwnGateway(always(Unknown("no answer"))), page.request(2, probe=True, suspect=True))
    assert [(a.kind, a.indexes) for a in await delivery.run()] == [("held_back", list(range(1, 10)))]
    assert await page.breaker() == (6, pytest.approx(10.0, abs=0.1))


async def test_a_probe_that_works_lets_all_others_in_before_its_own_page_is_done(pool: Pool):
    page = await broken(pool, 40)
    await let_pause_end(page)
    route = (await choose(page)).routes[0]
    gate = asyncio.Event()

    async def answer(index: int) -> Outcome:
        if index > 0:
            await gate.wait()
        return Accepted()

    gateway = OwnGateway(answer)
    running = asyncio.create_task(page.delivery(gateway, page.request(2, probe=True, suspect=route.suspect)).run())
    await gateway.until_arrived(2)
    assert await page.breaker() is None
    assert not (await choose(page)).routes[0].probe
    gate.set()
    assert await running == []
    assert await page.states() == ["sent"] * 40


async def test_a_probe_whose_page_dies_is_taken_by_another_after_a_while(pool: Pool, monkeypatch):
    page = await broken(pool)
    await let_pause_end(page)
    monkeypatch.setattr("activities.choose_gateway.PROBE_SECONDS", 0.2)
    assert (await choose(page)).routes[0].probe
    async with asyncio.timeout(5):
        while not (chosen := await choose(page)).routes:
            assert chosen.parked
    assert chosen.routes[0].probe


async def test_wishes_for_one_gateway_share_its_probe(pool: Pool):
    page = await broken(pool)
    await let_pause_end(page)
    name = (await routing.candidates(pool, [page.account_id], "sms"))[page.account_id].candidates[0].identifier
    header = {**vars(page.header), "requested": {name: [3]}}
    request = RouteRequest(type(page.header)(**header), list(range(10)), 1)
    chosen = await ChooseGateway(pool).choose_gateway(request)
    assert sorted(route.indexes for route in chosen.routes) == [[0, 1, 2, 4, 5, 6, 7, 8, 9], [3]]
    assert all(route.probe for route in chosen.routes)


async def test_who_loses_the_probe_takes_the_next_gateway(pool: Pool):
    page = await broken(pool)
    second = await new_gateway(pool, page.account_id, priority=200)
    await let_pause_end(page)
    first, then = await choose(page), await choose(page)
    assert (first.routes[0].gateway_id, first.routes[0].probe) == (str(page.gateway_id), True)
    assert (then.routes[0].gateway_id, then.routes[0].probe) == (str(second), False)


async def test_slots_of_a_gateway_follow_each_other(pool: Pool):
    page = await new_page(pool, 10)
    async with pool.connection() as conn:
        await conn.execute("update gateways set per_second = 5 where id = %s", (page.gateway_id,))
    starts = [(await choose(page)).routes[0].slot_at for _ in range(3)]
    assert [b - a for a, b in pairwise(starts)] == pytest.approx([2.0, 2.0], abs=0.01)
    assert (await choose(page)).routes[0].waits_for == "rate_slot"


async def test_an_accepted_message_through_a_healthy_gateway_writes_nothing_about_health(pool: Pool):
    page = await new_page(pool, 1)
    await page.deliver(OwnGateway(accept))
    assert await page.breaker() is None
