"""A worker that dies between a post and its record: the customer hears once more, under the same id."""

import asyncio

import pytest

from gateways.conformance.fake_provider import Request, answer
from tests.api.answers import send_one
from tests.faults.dev import Dev
from tests.receiver import receiving, register


@pytest.mark.fault
async def test_a_post_whose_answer_was_lost_with_the_worker_is_made_again_with_its_id(dev: Dev):
    killed = asyncio.Event()

    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        await killed.wait()
        writer.write(answer(200))

    async with receiving(reply) as receiver, dev.stack() as stack:
        user = await stack.user()
        await stack.gateway(user.id, "sms", "sandbox", {})
        endpoint = await register(stack.pool, stack.keyring, user.id, receiver.url)
        uid = (await send_one(stack, user))["uid"]
        await receiver.hears(1)
        assert dev.kill("bulk worker") == 1
        killed.set()
        await receiver.hears(2, seconds=60)
        async with asyncio.timeout(20):
            while True:
                listed = await stack.http.get(f"/api/callbacks/{endpoint.id}/deliveries", headers=user.headers)
                (delivery,) = listed.json()["data"]
                if delivery["state"] == "delivered":
                    break
                await asyncio.sleep(0.05)
    assert receiver.ids == [delivery["id"]] * 2
    assert [event["data"]["uid"] for event in receiver.events] == [uid] * 2
    assert receiver.events[0] == receiver.events[1]
    assert (delivery["tries"], delivery["last_error"]) == (1, None)
