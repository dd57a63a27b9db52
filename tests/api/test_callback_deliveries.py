"""Deliveries of an endpoint: listed, made again, tested, and waiting while it is disabled."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from gateways.conformance.fake_provider import Request, answer
from tests.api.answers import SMS, assert_error, send_one
from tests.api.callbacks import all_delivered, ask, data, delivery, hear
from tests.receiver import receiving, register
from tests.stack import Stack


async def test_an_endpoint_can_be_tested_whatever_it_listens_to(stack: Stack):
    user = await stack.user()
    async with receiving() as receiver:
        endpoint = await register(stack.pool, stack.keyring, user.id, receiver.url, "message.read")
        key = {"Idempotency-Key": uuid4().hex}
        first, again = [await ask(stack, user, "POST", f"/{endpoint.id}/test", headers=key) for _ in range(2)]
        (event,) = await receiver.hears(1)
        assert again.content == first.content
        assert receiver.ids == [first.json()["data"]["id"]]
        other = await data(stack, user, "POST", f"/{endpoint.id}/test")
        await receiver.hears(2)
    assert receiver.ids[1] == other["id"] != receiver.ids[0]
    assert event["type"] == "endpoint.test"
    assert event["data"] == {"endpoint_id": str(endpoint.id), "user_id": user.id, "by_admin": False}


async def test_a_delivery_is_made_again_with_its_id(stack: Stack):
    user = await stack.user()
    async with receiving() as receiver:
        endpoint = await hear(stack, user, receiver)
        await send_one(stack, user)
        await receiver.hears(1)
        told = await delivery(stack, user, endpoint, lambda entry: entry["state"] == "delivered")
        await data(stack, user, "POST", f"/{endpoint.id}/deliveries/{told['id']}/replay")
        await receiver.hears(2)
    assert receiver.ids == [told["id"]] * 2
    assert receiver.events[0] == receiver.events[1]
    missing = await ask(stack, user, "POST", f"/{endpoint.id}/deliveries/{uuid4()}/replay")
    assert_error(missing, 404, "delivery_not_found")


async def test_deliveries_are_made_again_by_when_and_how_they_ended(stack: Stack):
    user = await stack.user()
    async with receiving() as receiver:
        endpoint = await hear(stack, user, receiver)
        for _ in range(3):
            await send_one(stack, user)
        await receiver.hears(3)
        await all_delivered(stack, user, endpoint, 3)
        async with stack.pool.connection() as conn:
            await conn.execute("update callback_deliveries set state = 'failed' where id = %s", (receiver.ids[0],))
        path, since = f"/{endpoint.id}/replay", {"since": "2020-01-01T00:00:00Z"}
        later = {"since": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}
        assert await data(stack, user, "POST", path, json=later) == {"count": 0, "next_since": None}
        assert await data(stack, user, "POST", path, json=since) == {"count": 1, "next_since": None}
        await receiver.hears(4)
        assert receiver.ids[3] == receiver.ids[0]
        await all_delivered(stack, user, endpoint, 3)
        assert (await data(stack, user, "POST", path, json=since | {"state": "delivered"}))["count"] == 3
        await receiver.hears(7)
    assert sorted(receiver.ids[4:]) == sorted(receiver.ids[:3])


async def test_what_is_pending_goes_out_when_the_endpoint_is_enabled_again(stack: Stack):
    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(410) if len(receiver.requests) == 1 else answer(200))

    user = await stack.user()
    async with receiving(reply) as receiver:
        endpoint = await hear(stack, user, receiver)
        await send_one(stack, user)
        await receiver.hears(1)
        gone = await delivery(stack, user, endpoint, lambda entry: entry["tries"] == 1)
        shown = await data(stack, user, "GET", f"/{endpoint.id}")
        assert (shown["enabled"], shown["disabled_reason"]) == (False, "it answered 410: gone")
        assert shown["disabled_at"] is not None
        unheard = await send_one(stack, user)
        await stack.final(user, "sms", unheard["uid"])
        assert (await data(stack, user, "GET", f"/{endpoint.id}/deliveries")) == [gone]
        again = await data(stack, user, "PATCH", f"/{endpoint.id}", json={"enabled": True})
        assert (again["enabled"], again["disabled_reason"], again["failing_since"]) == (True, None, None)
        await receiver.hears(2, seconds=4)  # sooner than by the ladder
    assert receiver.ids == [gone["id"]] * 2


async def test_deliveries_are_listed_newest_first_each_once(stack: Stack):
    user = await stack.user()
    async with receiving() as receiver:
        endpoint = await hear(stack, user, receiver)
        answered = (await stack.send(user, "sms", *[SMS] * 5)).json()["data"]
        await receiver.hears(5)
        await all_delivered(stack, user, endpoint, 5)
    listed: list[dict[str, Any]] = []
    cursor: dict[str, Any] = {}
    while True:
        page = (await ask(stack, user, "GET", f"/{endpoint.id}/deliveries", params={"limit": 2} | cursor)).json()
        listed += page["data"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert [entry["uid"] for entry in listed] == [item["uid"] for item in reversed(answered)]
    failed = await data(stack, user, "GET", f"/{endpoint.id}/deliveries", params={"state": "failed"})
    assert failed == []
