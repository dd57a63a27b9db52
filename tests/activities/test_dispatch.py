"""The dispatch activity around a delivery: its gateway, its content, what it says of both."""

import asyncio
import time
from dataclasses import replace
from typing import cast

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.choose_gateway import ChooseGateway
from activities.dependencies import open_gateways, open_mails
from activities.dispatching.dispatch import Dispatch
from activities.pacing.gateway_cache import GatewayCache
from domain.keyring import CREDENTIALS, Keyring
from domain.messages.page import DispatchRequest, DispatchResult, RouteRequest
from gateways.base import GatewayConnections
from gateways.net.http import HttpClient
from gateways.sms.smpp.gateway import SmppGateway
from store.gateways import gateways
from store.gateways.sandbox_inbox import SandboxInbox
from store.pool import Pool
from tests.activities.pages import OneGateway, Page, Slow, dispatch_environment, new_page
from tests.gateways.smsc import smsc

KEYS = Keyring.generate()


@pytest.fixture
async def cache(pool: Pool):
    opened = open_gateways(pool, KEYS)
    yield opened
    await opened.aclose()


async def with_sandbox(pool: Pool, size: int) -> Page:
    """A page whose gateway is a sandbox, sealed with this test's keys."""
    page = await new_page(pool, size)
    ring = Keyring.parse(KEYS, CREDENTIALS)
    page.gateway_id = await gateways.add(pool, ring, gateways.NewGateway(page.account_id, "sms", "box", "sandbox", {}))
    return page


async def dispatch(page: Page, cache: GatewayCache, request: DispatchRequest | None = None) -> DispatchResult:
    activity = Dispatch(page.pool, cache, open_mails(page.pool, KEYS)).dispatch
    return await dispatch_environment().run(activity, request or page.request(), page.content.encode())


async def test_it_sends_through_the_gateway_of_the_route(pool: Pool, cache: GatewayCache):
    page = await with_sandbox(pool, 3)
    result = await dispatch(page, cache)
    assert result == DispatchResult(at=pytest.approx(time.time(), abs=60))
    assert await page.states() == ["sent"] * 3


async def test_a_page_that_was_forgotten_after_its_last_outcome_has_nothing_left(pool: Pool, cache: GatewayCache):
    """The run that sent it died before the workflow got its result, and the batch ended by the recorded states."""
    page = await with_sandbox(pool, 2)
    await dispatch(page, cache)
    request = page.request()
    stored = replace(request, page=replace(request.page, stored=True))
    activity = Dispatch(pool, cache, open_mails(pool, KEYS)).dispatch
    assert (await dispatch_environment(attempt=2).run(activity, stored, b"")).again == []
    assert await page.states() == ["sent"] * 2


async def test_a_second_run_of_the_activity_takes_over(pool: Pool, cache: GatewayCache):
    page = await with_sandbox(pool, 1)
    await dispatch(page, cache)
    again = dispatch_environment(attempt=2)
    activity = Dispatch(pool, cache, open_mails(pool, KEYS)).dispatch
    assert (await again.run(activity, page.request(), page.content.encode())).again == []
    assert await page.outcomes() == {0: "accepted"}


async def test_a_heartbeat_that_fails_cuts_off_no_message_that_waits_for_its_answer(pool: Pool):
    """The SDK cancels the activity then, without saying why: neither a request nor the end of the process."""
    page, gateway = await new_page(pool, 1), Slow()
    activity = Dispatch(pool, cast(GatewayCache, OneGateway(gateway)), open_mails(pool, KEYS)).dispatch
    running = asyncio.ensure_future(dispatch_environment().run(activity, page.request(), page.content.encode()))
    await gateway.until_arrived(1)
    running.cancel()
    await asyncio.sleep(0)
    gateway.gate.set()
    assert (await running).again == []
    assert await page.states() == ["sent"]


@pytest.mark.parametrize(
    ("at_once", "lane", "attempt", "told"),
    [
        (True, "transactional", 1, 1),
        (False, "transactional", 1, 0),
        (True, "bulk", 1, 0),
        (True, "transactional", 2, 0),
    ],
)
async def test_it_tells_how_long_urgent_messages_waited_that_nothing_but_we_kept(
    pool: Pool, cache: GatewayCache, monkeypatch, at_once, lane, attempt, told
):
    page = await with_sandbox(pool, 1)
    request = replace(page.request(), at_once=at_once)
    request = replace(request, page=replace(request.page, lane=lane))
    accepted: list[float] = []
    monkeypatch.setattr(
        "activities.pacing.bulk_throttle.BulkThrottle.began", lambda self, accepted_at: accepted.append(accepted_at)
    )
    env = dispatch_environment(attempt=attempt)
    await env.run(Dispatch(pool, cache, open_mails(pool, KEYS)).dispatch, request, page.content.encode())
    assert accepted == [pytest.approx(time.time(), abs=60)] * told


TROUBLES = {
    "deleted": "delete from gateways where id = %s",
    "unreadable": "update gateways set config = 'x' where id = %s",
    "of another version": "update gateways set type = 'carrier_pigeon' where id = %s",
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_a_gateway_that_cannot_be_set_up_is_out_of_use_and_nothing_is_tried(
    pool: Pool, cache: GatewayCache, trouble
):
    page = await with_sandbox(pool, 2)
    async with pool.connection() as conn:
        await conn.execute(TROUBLES[trouble], (page.gateway_id,))
    result = await dispatch(page, cache)
    assert [(a.kind, a.indexes) for a in result.again] == [("held_back", [0, 1])]
    assert "cannot be used" in result.again[0].reason
    assert await page.outcomes() == {}
    if trouble != "deleted":
        assert (await page.breaker())[1] == pytest.approx(5.0, abs=0.1)


async def test_messages_that_waited_for_a_gateway_choose_again_when_it_was_changed_meanwhile(
    pool: Pool, cache: GatewayCache
):
    page = await with_sandbox(pool, 2)
    request = page.request()
    waited = replace(request, route=replace(request.route, waits_for="rate_slot"))
    await gateways.set_enabled(pool, page.gateway_id, False)
    result = await dispatch(page, cache, waited)
    assert [(a.kind, a.indexes) for a in result.again] == [("not_started", [0, 1])]
    assert await page.outcomes() == {}


async def test_a_cache_builds_a_gateway_anew_when_its_version_has_grown(pool: Pool, cache: GatewayCache):
    page = await with_sandbox(pool, 1)
    first = await cache.get(page.gateway_id, 1)
    assert await cache.get(page.gateway_id, 1) is first
    await gateways.configure(pool, Keyring.parse(KEYS, CREDENTIALS), page.gateway_id, {"label": "new"})
    assert await cache.get(page.gateway_id, 1) is first
    second = await cache.get(page.gateway_id, 2)
    assert second is not first
    assert await cache.get(page.gateway_id, 1) is second, "an older page gets the newer one"


async def test_a_gateway_asked_for_by_many_at_a_time_is_built_once(pool: Pool, cache: GatewayCache):

    page = await with_sandbox(pool, 1)
    built = await asyncio.gather(*(cache.get(page.gateway_id, 1) for _ in range(10)))
    assert len({id(gateway) for gateway in built}) == 1


async def test_what_comes_over_a_gateways_own_connection_is_taken_over_in_its_name(pool: Pool):
    taken = []

    class Sink:
        async def take(self, gateway, events):
            taken.append((gateway, [event.body for event in events]))

    page = await new_page(pool, 1)
    ring = Keyring.parse(KEYS, CREDENTIALS)
    outside = GatewayConnections(HttpClient(), HttpClient(private=True), SandboxInbox(pool))
    cache = GatewayCache(pool, ring, outside, Sink())
    async with smsc() as peer:
        config = {"host": "127.0.0.1", "port": peer.port, "system_id": "u", "password": "p"}
        new = gateways.NewGateway(page.account_id, "sms", "line", "smpp", {**config, "allow_private_network": True})
        gateway_id = await gateways.add(pool, ring, new)
        gateway = await cache.get(gateway_id, 1)
        assert isinstance(gateway, SmppGateway)
        await gateway.connect()
        await peer.deliver("hello", data_coding=0)
        assert (await peer.some("deliver_sm_resp"))[0]["status"] == 0
        await cache.aclose()
    assert taken == [(str(gateway_id), ["hello"])]


async def test_a_gateway_of_the_home_is_left_to_it(pool: Pool, cache: GatewayCache):
    page = await new_page(pool, 2)
    ring = Keyring.parse(KEYS, CREDENTIALS)
    async with smsc() as peer:
        config = {"host": "127.0.0.1", "port": peer.port, "system_id": "u", "password": "p"}
        new = gateways.NewGateway(page.account_id, "sms", "line", "smpp", {**config, "allow_private_network": True})
        page.gateway_id = await gateways.add(pool, ring, new)
        activity = Dispatch(page.pool, cache, open_mails(page.pool, KEYS)).dispatch
        content = page.content.encode()
        with pytest.raises(ApplicationError) as later:
            await dispatch_environment(attempt=1).run(activity, page.request(), content)
        assert later.value.next_retry_delay is not None
        elsewhere = await dispatch_environment(attempt=2).run(activity, page.request(), content)
        assert [(retry.kind, retry.indexes) for retry in elsewhere.again] == [("not_started", [0, 1])]
        assert peer.all("bind") == []
        assert (await dispatch_environment(attempt=2).run(activity, page.request(at_home=True), content)).again == []
        assert len(peer.all("submit_sm")) == 2


async def test_routes_say_which_gateways_are_at_home(pool: Pool):
    page = await new_page(pool, 1)
    ring = Keyring.parse(KEYS, CREDENTIALS)
    config = {"host": "127.0.0.1", "system_id": "u", "password": "p"}
    for name, type_, raw in (("line", "smpp", config), ("box", "sandbox", {})):
        await gateways.add(pool, ring, gateways.NewGateway(page.account_id, "sms", name, type_, raw))
        header = replace(page.header, requested={name: [0]})
        routing = await ActivityEnvironment().run(ChooseGateway(pool).choose_gateway, RouteRequest(header, [0], 1))
        assert [route.at_home for route in routing.routes] == [type_ == "smpp"]
