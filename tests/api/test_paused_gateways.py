"""Pausing and draining gateways under messages on their way: they wait or go elsewhere, and each arrives once."""

import asyncio
from collections.abc import Iterable
from typing import Any

from runtime.temporal import connect
from store.gateways import gateways
from tests.api.answers import SMS, send_one
from tests.api.batches import sink_gateway
from tests.api.test_gateways_api import health, post
from tests.faults.sink import Sink, running_sink
from tests.stack import Stack, User, run_worker


async def through(stack: Stack, user: User, sink: Sink, **more: object) -> tuple[str, str]:
    """The identifier and the id of a new gateway to a sink."""
    identifier = await sink_gateway(stack, user, sink, **more)
    (info,) = await gateways.named(stack.pool, user.id, identifier)
    return identifier, str(info.id)


async def send(stack: Stack, user: User, count: int) -> list[str]:
    """The uids of a page."""
    answer = await stack.send(user, "sms", *[SMS] * count)
    assert answer.status_code == 200, answer.text
    return [item["uid"] for item in answer.json()["data"]]


async def paused(stack: Stack, user: User, uid: str) -> dict[str, Any]:
    """A message's status once it waits for a paused gateway."""
    async with asyncio.timeout(30):
        while True:
            data = await stack.status(user, "sms", uid)
            if data["waiting"] and data["waiting"]["for"] == "gateway_paused":
                return data
            await asyncio.sleep(0.02)


async def states(stack: Stack, user: User, uids: Iterable[str]) -> set[tuple[str, str]]:
    found = [await stack.final(user, "sms", uid) for uid in uids]
    return {(data["state"], data["credit"]["state"]) for data in found}


async def test_pages_under_way_at_two_workers_come_back_wait_and_go_on(stack: Stack):
    user = await stack.user()
    async with running_sink(1) as sink, run_worker(stack.settings, await connect(stack.settings)):
        identifier, gateway_id = await through(stack, user, sink, per_second=20.0)
        uids = [uid for _ in range(4) for uid in await send(stack, user, 30)]
        await sink.reaches(5)
        assert (await post(stack, user, gateway_id, "pause")).status_code == 200
        for last in uids[29::30]:
            data = await paused(stack, user, last)
            assert data["waiting"] == {"for": "gateway_paused", "until": None, "gateway": identifier}
            assert (data["state"], data["status"], data["credit"]["state"]) == ("queued", "pending", "held")
        left = sink.arrived.total()
        assert left < 20 * 5, "a second or two after the pause nothing more left"
        assert (await health(stack, user, gateway_id))["last_day"]["accepted"] == left
        await post(stack, user, gateway_id, "resume")
        assert await states(stack, user, uids) == {("sent", "captured")}
    assert sink.arrived == dict.fromkeys(uids, 1)


async def test_who_named_a_paused_gateway_waits_for_it_and_the_others_take_the_next(stack: Stack):
    user = await stack.user()
    async with running_sink(1) as first, running_sink(2) as second:
        identifier, gateway_id = await through(stack, user, first, priority=1)
        other, _ = await through(stack, user, second, priority=2)
        await post(stack, user, gateway_id, "pause")
        named = await send_one(stack, user, gateway_identifier=identifier)
        unnamed = await send_one(stack, user)
        assert (await stack.final(user, "sms", unnamed["uid"]))["gateway"] == other
        assert (await paused(stack, user, named["uid"]))["waiting"]["gateway"] == identifier
        await post(stack, user, gateway_id, "resume")
        assert (await stack.final(user, "sms", named["uid"]))["gateway"] == identifier
    assert (first.arrived, second.arrived) == ({named["uid"]: 1}, {unnamed["uid"]: 1})


async def test_a_draining_gateway_finishes_a_slow_page_and_takes_no_new_one(stack: Stack):
    user = await stack.user()
    async with running_sink(1) as sink:
        _, gateway_id = await through(stack, user, sink, per_second=20.0)
        slow = await send(stack, user, 60)
        await sink.reaches(1)
        await post(stack, user, gateway_id, "drain")
        late = await send_one(stack, user)
        await paused(stack, user, late["uid"])
        assert await states(stack, user, slow) == {("sent", "captured")}
        assert sink.arrived == dict.fromkeys(slow, 1)
        await post(stack, user, gateway_id, "resume")
        assert (await stack.final(user, "sms", late["uid"]))["state"] == "sent"


async def test_the_first_of_several_paused_gateways_to_be_resumed_takes_what_waits(stack: Stack):
    user = await stack.user()
    async with running_sink(1) as sink:
        ways = [await through(stack, user, sink, priority=priority) for priority in (1, 2)]
        for _, gateway_id in ways:
            await post(stack, user, gateway_id, "pause")
        item = await send_one(stack, user)
        assert (await paused(stack, user, item["uid"]))["waiting"]["gateway"] == ways[0][0]
        await post(stack, user, ways[1][1], "resume")
        assert (await stack.final(user, "sms", item["uid"]))["gateway"] == ways[1][0]


async def test_what_waits_is_cancelled_and_its_credit_comes_back(stack: Stack):
    user = await stack.user()
    async with running_sink(1) as sink:
        _, gateway_id = await through(stack, user, sink)
        await post(stack, user, gateway_id, "pause")
        item = await send_one(stack, user)
        await paused(stack, user, item["uid"])
        answer = await stack.http.post(f"/api/sms/{item['uid']}/cancel", headers=user.headers)
        assert answer.status_code == 200, answer.text
        await post(stack, user, gateway_id, "resume")
        data = await stack.final(user, "sms", item["uid"])
    assert (data["state"], data["credit"]["state"]) == ("cancelled", "released")
    assert not sink.arrived
