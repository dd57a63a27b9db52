"""What customers are told of their messages: every state once, signed, to each endpoint that listens."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from tests.api.answers import SMS, send_one
from tests.api.batches import ended, send_batch, steer, until
from tests.api.callbacks import ask, data, delivery, hear
from tests.receiver import is_signed, receiving, register
from tests.stack import Stack

REFUSED = "+15005550001"
LOST = "+15005550004"


async def test_a_customer_hears_of_a_message_that_was_sent(stack: Stack):
    user = await stack.user()
    async with receiving() as receiver:
        endpoint = await hear(stack, user, receiver)
        uid = (await send_one(stack, user))["uid"]
        (event,) = await receiver.hears(1)
        told = await delivery(stack, user, endpoint, lambda entry: entry["state"] == "delivered")
    request = receiver.requests[0]
    assert (request.method, request.target) == ("POST", "/hook")
    assert request.headers["content-type"] == "application/json"
    assert is_signed(request, endpoint.secret)
    status = await stack.status(user, "sms", uid)
    assert (event["type"], event["timestamp"]) == ("message.sent", event["data"]["at"])
    assert event["data"] == {
        "uid": uid,
        "channel": "sms",
        "to": SMS["number"],
        "state": "sent",
        "status": status["status"],
        "code": None,
        "reason": None,
        "user_id": user.id,
        "by_admin": False,
        "test": False,
        "gateway": status["gateway"],
        "provider_id": status["provider_id"],
        "at": status["updated_at"],
    }
    assert told["id"] == request.headers["webhook-id"]
    assert (told["type"], told["uid"], told["tries"], told["last_status"]) == ("message.sent", uid, 1, 200)
    assert told["data"] == event["data"]
    assert (told["next_at"], told["last_error"]) == (None, None)


async def test_what_an_admin_key_sends_is_told_to_the_admins_endpoints(stack: Stack):
    admin, user = await stack.admin(), await stack.user()
    async with receiving() as receiver, receiving() as users:
        await hear(stack, user, users)
        body = {"url": receiver.url, "allow_private_network": True, "events": ["message.sent"]}
        registered = await data(stack, admin, "POST", json=body)
        await stack.gateway(0, "sms", "sandbox", {}, identifier=(name := uuid4().hex))
        uid = (await send_one(stack, admin, gateway_identifier=name))["uid"]
        (event,) = await receiver.hears(1)
        assert (event["data"]["uid"], event["data"]["user_id"], event["data"]["by_admin"]) == (uid, None, True)
        assert is_signed(receiver.requests[0], registered["secret"])
        assert users.requests == []
    assert (await ask(stack, admin, "DELETE", f"/{registered['id']}")).status_code == 200


async def test_every_way_a_message_can_end_is_told(stack: Stack):
    user = await stack.user(credit=3)
    async with receiving() as receiver:
        await hear(stack, user, receiver)
        contacts = [SMS, SMS | {"number": REFUSED}, SMS | {"number": LOST}, SMS]
        answered = (await stack.send(user, "sms", *contacts)).json()["data"]
        sent, refused, lost, unpaid = (item["uid"] for item in answered)
        await stack.final(user, "sms", refused)  # its credit is free again
        late = (await stack.send(user, "sms", SMS | {"schedule_at": in_an_hour()})).json()["data"][0]["uid"]
        cancelled = await stack.http.post(f"/api/sms/{late}/cancel", headers=user.headers)
        assert cancelled.status_code == 200, cancelled.text
        await receiver.hears(5)
    assert receiver.types() == sorted(
        [
            (sent, "message.sent"),
            (refused, "message.rejected"),
            (lost, "message.unknown"),
            (unpaid, "message.rejected"),
            (late, "message.cancelled"),
        ]
    )
    assert {event["data"]["code"] for event in receiver.events if event["data"]["uid"] == unpaid} == {"no_credit"}
    assert len(set(receiver.ids)) == 5


async def test_a_page_that_is_refused_as_a_whole_is_told(stack: Stack):
    user = await stack.user(credit=1)
    async with receiving() as receiver:
        await hear(stack, user, receiver, "message.rejected")
        long = SMS | {"body": "x" * 161}
        uid = (await stack.send(user, "sms", long)).json()["data"][0]["uid"]
        (event,) = await receiver.hears(1)
    assert (event["data"]["uid"], event["data"]["code"], event["data"]["status"]) == (uid, "no_credit", "fail")


async def test_a_batch_is_told_message_by_message(stack: Stack):
    user = await stack.user(credit=1200)
    async with receiving() as receiver:
        await hear(stack, user, receiver)
        uid = (await send_batch(stack, user, 1200))["batch"]
        await ended(stack, user, uid)
        await receiver.hears(1200, seconds=60)
    assert len(set(receiver.ids)) == 1200
    assert {event["type"] for event in receiver.events} == {"message.sent"}


async def test_a_batch_that_is_cancelled_is_told_message_by_message(stack: Stack):
    user = await stack.user()
    async with receiving() as receiver:
        await hear(stack, user, receiver)
        answered = await send_batch(stack, user, 501, schedule_at=in_an_hour())
        first = answered["data"][0]["uid"]
        await until(stack, user, answered["batch"], lambda shown: shown["state"] == "scheduled")
        alone = await stack.http.post(f"/api/sms/{first}/cancel", headers=user.headers)
        assert alone.status_code == 200, alone.text
        (event,) = await receiver.hears(1)
        assert (event["data"]["uid"], event["type"]) == (first, "message.cancelled")
        await steer(stack, user, answered["batch"], "cancel")
        await receiver.hears(501, seconds=60)
    assert {event["type"] for event in receiver.events} == {"message.cancelled"}
    assert len(set(receiver.ids)) == 501


async def test_an_endpoint_hears_only_what_it_asked_for(stack: Stack):
    user = await stack.user()
    async with receiving() as some, receiving() as all_:
        await hear(stack, user, some, "message.rejected", "message.delivered")
        await register(stack.pool, stack.keyring, user.id, all_.url)
        answered = (await stack.send(user, "sms", SMS, SMS | {"number": REFUSED})).json()["data"]
        await all_.hears(2)
        await some.hears(1)
    assert some.types() == [(answered[1]["uid"], "message.rejected")]
    assert set(some.ids).isdisjoint(all_.ids)


def in_an_hour() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()
