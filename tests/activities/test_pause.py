"""Gateways that an operator pauses or drains while pages are on their way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from activities.choose_gateway import ChooseGateway
from activities.dependencies import open_mails
from activities.dispatching.dispatch import Dispatch
from activities.pacing.pause_watch import PauseWatch
from domain.keyring import Keyring
from domain.messages.page import DispatchResult, RouteRequest, Routing
from domain.messages.routing import Mode
from store.gateways import gateways
from store.pool import Pool
from tests.activities.pages import OneGateway, Page, Slow, dispatch_environment, new_gateway, new_page

KEYS = Keyring.generate()


@asynccontextmanager
async def under_way(page: Page, mode: Mode) -> AsyncIterator["asyncio.Task[DispatchResult]"]:
    """A dispatch whose gateway had not answered its first 64 messages when an operator changed its mode."""
    gateway = Slow()
    dispatch = Dispatch(page.pool, OneGateway(gateway), open_mails(page.pool, KEYS))
    running = asyncio.create_task(dispatch_environment().run(dispatch.dispatch, page.request(), page.content.encode()))
    await gateway.until_arrived(64)
    await gateways.set_mode(page.pool, page.gateway_id, mode)
    other = await new_gateway(page.pool, page.account_id)
    await gateways.set_mode(page.pool, other, Mode.PAUSED)
    async with dispatch._watch.on(page.route(gateway_id=str(other))) as is_paused, asyncio.timeout(10):
        while not is_paused():  # all gateways are looked at together
            await asyncio.sleep(0.01)
    gateway.gate.set()
    yield running


async def choose(page: Page, **header: object) -> Routing:
    request = RouteRequest(replace(page.header, **header), list(range(page.size)), 1)
    return await ChooseGateway(page.pool).choose_gateway(request)


async def waits(page: Page) -> set[object]:
    """The gateways that the page is on record as waiting for."""
    async with page.pool.connection() as conn:
        rows = await conn.execute("select gateway_id from gateway_waits where page_id = %s", (page.id,))
        return {gateway_id for (gateway_id,) in await rows.fetchall()}


@pytest.fixture(autouse=True)
def often(monkeypatch) -> None:
    monkeypatch.setattr("activities.pacing.pause_watch.LOOK_SECONDS", 0.05)


async def until_looked(watch: PauseWatch, page: Page, version: int) -> None:
    async with asyncio.timeout(10):
        while watch._paused.get(page.gateway_id) != version:
            await asyncio.sleep(0.01)


async def test_a_dispatch_comes_back_with_what_has_not_left_when_its_gateway_is_paused(pool: Pool):
    page = await new_page(pool, 200)
    async with under_way(page, Mode.PAUSED) as running:
        result = await running
    assert [(again.kind, again.indexes) for again in result.again] == [("not_started", list(range(64, 200)))]
    assert set(await page.outcomes()) == set(range(64))
    assert await page.states() == ["sent"] * 64 + ["queued"] * 136


async def test_a_dispatch_ends_as_it_began_while_its_gateway_drains(pool: Pool):
    page = await new_page(pool, 200)
    async with under_way(page, Mode.DRAINING) as running:
        assert (await running).again == []
    assert await page.states() == ["sent"] * 200


async def test_a_route_chosen_after_the_pause_is_not_held_up_by_what_was_seen_of_it(pool: Pool):
    page = await new_page(pool, 1)
    watch = PauseWatch(pool)
    await gateways.set_mode(pool, page.gateway_id, Mode.PAUSED)
    async with watch.on(page.route()) as is_paused:
        await until_looked(watch, page, 2)
        assert is_paused()
        await gateways.set_mode(pool, page.gateway_id, Mode.ACTIVE)
        async with watch.on(page.route(version=3)) as is_paused_anew:
            assert not is_paused_anew()


async def test_the_next_dispatch_knows_at_once_what_was_seen_for_the_one_before(pool: Pool):
    page = await new_page(pool, 1)
    watch = PauseWatch(pool)
    async with watch.on(page.route()):
        await gateways.set_mode(pool, page.gateway_id, Mode.PAUSED)
    await until_looked(watch, page, 2)
    async with watch.on(page.route()) as is_paused:
        assert is_paused()


async def test_nobody_looks_while_there_are_no_dispatches(pool: Pool):
    page = await new_page(pool, 1)
    watch = PauseWatch(pool)
    async with watch.on(page.route()):
        looking = watch._looking
    async with asyncio.timeout(10):
        await looking
    assert watch._looking is None
    async with watch.on(page.route()):
        assert watch._looking is not None


@pytest.mark.parametrize("mode", [Mode.DRAINING, Mode.PAUSED])
async def test_a_page_waits_for_a_gateway_that_takes_nothing_new_and_is_noted(pool: Pool, mode):
    page = await new_page(pool, 3)
    await gateways.set_mode(pool, page.gateway_id, mode)
    for _ in range(2):  # again, as after a lost workflow task
        chosen = await choose(page)
        assert [(parked.waits_for, parked.indexes) for parked in chosen.parked] == [("gateway_paused", [0, 1, 2])]
    assert await waits(page) == {page.gateway_id}


async def test_a_page_takes_the_next_gateway_unless_it_named_the_paused_one(pool: Pool):
    page = await new_page(pool, 3)
    second = await new_gateway(pool, page.account_id, priority=200)
    name = (await gateways.get(pool, page.gateway_id)).identifier
    await gateways.set_mode(pool, page.gateway_id, Mode.PAUSED)
    chosen = await choose(page, requested={name: [1]})
    assert [(route.gateway_id, route.indexes) for route in chosen.routes] == [(str(second), [0, 2])]
    assert [(parked.gateway, parked.indexes) for parked in chosen.parked] == [(name, [1])]
    assert await waits(page) == {page.gateway_id}
    await gateways.set_mode(pool, second, Mode.PAUSED)
    await choose(page)
    assert await waits(page) == {page.gateway_id, second}
