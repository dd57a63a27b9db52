"""A message that does not arrive is followed by another one: in time, once, and charged only then."""

import asyncio
import json
import time
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from domain.messages.receipts import Receipt, ReceiptKind, ReceiptsSource, encode_events
from gateways.conformance.fake_provider import FakeServer, answer, serve
from store.accounts.credits import audit, show
from store.messages import fallbacks
from store.messages.attempts import Intents, write_intents
from store.messages.pages import hold
from tests.api.answers import deliveries
from tests.stack import Stack, User
from tests.store.builders import new_page, states
from workflows.policy import receipts_options

WHATSAPP = {"number": "+14155550123", "message": "Your parcel is here"}
TAKEN = answer(200, b'{"messages":[{"id":"wamid.1"}]}')


@pytest.fixture
async def provider():
    """A WhatsApp provider that takes everything."""
    async with serve(TAKEN) as server:
        yield server


async def two_channels(stack: Stack, server: FakeServer, *, receipts: bool = True) -> User:
    """A user whose WhatsApp goes to the provider, and whose SMS go to the sandbox."""
    user = await stack.user(credit=10)
    config = {"phone_number_id": "1", "access_token": "t", "base_url": server.url, "allow_private_network": True}
    await stack.gateway(user.id, "whatsapp", "whatsapp_cloud", config | ({"app_secret": "s"} if receipts else {}))
    await stack.gateway(user.id, "sms", "sandbox", {})
    return user


async def send(stack: Stack, user: User, after: str, **step) -> str:
    steps = [{"channel": "sms", "after": after, **step}]
    accepted = await stack.send(user, "whatsapp", {**WHATSAPP, "fallback": steps})
    assert accepted.status_code == 200, accepted.text
    return accepted.json()["data"][0]["uid"]


async def reported(stack: Stack, uid: str, kind: str) -> None:
    """The provider says what became of a message."""
    async with stack.pool.connection() as conn:
        cursor = await conn.execute("select gateway_id from attempts where uid = %s", (uid,))
        (gateway,) = await cursor.fetchone()
    receipt = Receipt(ReceiptKind(kind), uuid4().hex, time.time(), uid=uid)
    await stack.temporal.execute_workflow(
        "ReceiptsWorkflow",
        args=[ReceiptsSource("whatsapp", [str(gateway)]), encode_events([receipt])],
        id=f"receipts-test-{uuid4()}",
        **receipts_options(str(gateway)),
    )


async def until(stack: Stack, user: User, uid: str, test, channel: str = "whatsapp") -> dict:
    async with asyncio.timeout(15):
        while not test(data := await stack.status(user, channel, uid)):
            await asyncio.sleep(0.02)
    return data


def waits(data: dict) -> bool:
    return bool(data["waiting"]) and data["waiting"]["for"] == "fallback"


async def test_without_a_receipt_in_time_the_next_channel_is_used(stack: Stack, provider):
    user = await two_channels(stack, provider)
    uid = await send(stack, user, "2s", body="Parcel!")
    data = await until(stack, user, uid, waits)
    assert data["state"] == "sent"
    wallet = await show(stack.pool, user.id)
    assert (wallet["whatsapp"].spent, wallet["sms"].available) == (1, 10)
    data = await until(stack, user, uid, lambda data: data["fallback_uid"])
    second = await stack.final(user, "sms", data["fallback_uid"])
    assert (second["state"], second["to"]) == ("sent", "+14155550123")
    (delivered,) = await deliveries(stack, data["fallback_uid"])
    assert delivered["body"] == "Parcel!"
    wallet = await show(stack.pool, user.id)
    assert (wallet["whatsapp"].spent, wallet["sms"].spent, wallet["sms"].available) == (1, 1, 9)


@pytest.mark.parametrize(("kind", "condition"), [("delivered", "not_delivered"), ("read", "not_read")])
async def test_proof_of_arrival_ends_the_wait_and_costs_nothing_more(stack: Stack, provider, kind, condition):
    user = await two_channels(stack, provider)
    uid = await send(stack, user, "1h", body="x", **{"if": condition})
    await until(stack, user, uid, waits)
    await reported(stack, uid, kind)
    data = await until(stack, user, uid, lambda data: data["waiting"] is None)
    assert (data["state"], data["fallback_uid"]) == (kind, None)
    assert (await show(stack.pool, user.id))["sms"].available == 10
    handle = stack.temporal.get_workflow_handle(f"send-{uid}")
    await asyncio.wait_for(handle.result(), 10)


@pytest.mark.parametrize("kind", ["failed", "undelivered"])
async def test_bad_news_do_not_wait_for_the_end_of_the_time(stack: Stack, provider, kind):
    user = await two_channels(stack, provider)
    uid = await send(stack, user, "1d", body="x")
    await until(stack, user, uid, waits)
    await reported(stack, uid, kind)
    data = await until(stack, user, uid, lambda data: data["fallback_uid"])
    assert data["credit"]["state"] == "refunded"
    assert (await stack.final(user, "sms", data["fallback_uid"]))["state"] == "sent"
    assert await audit(stack.pool) == []


async def test_delivered_is_not_read(stack: Stack, provider):
    user = await two_channels(stack, provider)
    uid = await send(stack, user, "2s", body="x", **{"if": "not_read"})
    await until(stack, user, uid, waits)
    await reported(stack, uid, "delivered")
    data = await until(stack, user, uid, lambda data: data["fallback_uid"])
    assert data["state"] == "delivered"


async def test_a_message_that_was_refused_falls_back_at_once(stack: Stack):
    refusal = answer(400, b'{"error":{"code":131026,"message":"undeliverable"}}')
    async with serve(refusal) as server:
        user = await two_channels(stack, server)
        uid = await send(stack, user, "1d", body="x")
        data = await until(stack, user, uid, lambda data: data["fallback_uid"])
    assert data["state"] == "rejected"
    assert (await stack.final(user, "sms", data["fallback_uid"]))["state"] == "sent"


async def test_where_no_receipts_come_taken_is_enough(stack: Stack, provider):
    user = await two_channels(stack, provider, receipts=False)
    uid = await send(stack, user, "1s", body="x")
    await asyncio.wait_for(stack.temporal.get_workflow_handle(f"send-{uid}").result(), 10)
    data = await stack.status(user, "whatsapp", uid)
    assert (data["state"], data["fallback_uid"]) == ("sent", None)


async def test_a_cancelled_message_is_followed_by_nothing(stack: Stack, provider):
    user = await two_channels(stack, provider)
    later = datetime.fromtimestamp(time.time() + 3600, UTC).isoformat()
    step = [{"channel": "sms", "after": "1s", "body": "x"}]
    accepted = await stack.send(user, "whatsapp", {**WHATSAPP, "schedule_at": later, "fallback": step})
    uid = accepted.json()["data"][0]["uid"]
    answered = await stack.http.post(f"/api/whatsapp/{uid}/cancel", headers=user.headers)
    assert answered.status_code == 200, answered.text
    await asyncio.wait_for(stack.temporal.get_workflow_handle(f"send-{uid}").result(), 10)
    assert (await stack.status(user, "whatsapp", uid))["fallback_uid"] is None


async def test_steps_follow_one_another(stack: Stack, provider):
    user = await two_channels(stack, provider)
    await stack.gateway(user.id, "email", "sandbox", {})
    steps = [
        {"channel": "whatsapp", "after": "1s", "message": "again"},
        {"channel": "email", "after": "1s", "subject": "Parcel", "message": "<p>here</p>", "email": "ada@example.com"},
    ]
    accepted = await stack.send(user, "whatsapp", {**WHATSAPP, "fallback": steps})
    first = accepted.json()["data"][0]["uid"]
    second = (await until(stack, user, first, lambda data: data["fallback_uid"]))["fallback_uid"]
    third = (await until(stack, user, second, lambda data: data["fallback_uid"]))["fallback_uid"]
    assert (await stack.final(user, "email", third))["to"] == "ada@example.com"


async def test_a_receipt_just_before_the_next_dispatch_still_stops_it(pool):
    """The last look is in the statement that writes the intent."""
    account, gateway = 0, uuid4()
    page, later = new_page(account, [0]), new_page(account, [0])
    await hold(pool, page)
    await write_intents(pool, page.uids, 1, gateway, uuid4())
    await _set(pool, page.uids[0], state="sent", receipts=True)
    assert (await fallbacks.next_step(pool, page.uids[0], "delivered", late=True))[0] == "send"
    await _set(pool, page.uids[0], fallback_uid=later.uids[0], state="delivered")
    await hold(pool, later)
    assert await write_intents(pool, later.uids, 1, gateway, uuid4()) == Intents(set(), set(), set())
    assert (await states(pool, later))[0][:2] == ("cancelled", "needless")


async def test_the_decision_is_made_once(pool):
    page = new_page(0, [0])
    await hold(pool, page)
    await _set(pool, page.uids[0], state="sent", receipts=True)
    found = await asyncio.gather(*(fallbacks.next_step(pool, page.uids[0], "delivered", late=True) for _ in range(8)))
    assert len(set(found)) == 1
    await _set(pool, page.uids[0], state="delivered")
    assert await fallbacks.next_step(pool, page.uids[0], "delivered", late=False) == found[0]


async def _set(pool, uid: UUID, **columns) -> None:
    async with pool.connection() as conn:
        for name, value in columns.items():
            await conn.execute(f"update messages set {name} = %s where uid = %s", (value, uid))


@pytest.mark.parametrize(
    ("step", "pointer"),
    [
        ({"channel": "sms", "after": "10", "body": "x"}, "/contact/0/fallback/0/after"),
        ({"channel": "sms", "after": "8d", "body": "x"}, "/contact/0/fallback/0/after"),
        ({"channel": "sms", "after": "0s", "body": "x"}, "/contact/0/fallback/0/after"),
        ({"channel": "fax", "after": "1m"}, "/contact/0/fallback/0/channel"),
        ({"channel": "sms", "after": "1m"}, "/contact/0/fallback/0/body"),
        ({"channel": "email", "after": "1m", "subject": "s", "message": "m"}, "/contact/0/fallback/0/email"),
        ({"channel": "sms", "after": "1m", "body": "x", "number": "12"}, "/contact/0/fallback/0/number"),
        ({"channel": "sms", "after": "1m", "body": "x", "if": "maybe"}, "/contact/0/fallback/0/if"),
    ],
)
async def test_steps_that_cannot_be_sent_are_refused_with_their_place(stack: Stack, step, pointer):
    user = await stack.user()
    refused = await stack.send(user, "whatsapp", {**WHATSAPP, "fallback": [step]})
    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["pointer"] == pointer


async def test_one_plan_for_all_contacts_is_filled_from_each(stack: Stack, provider):
    user = await two_channels(stack, provider)
    body = {
        "contact": [{"number": "+14155550123", "name": "Ada"}],
        "message": "Hi {{ name }}",
        "fallback": [{"channel": "sms", "after": "1s", "body": "{{ name }}, call us"}],
    }
    accepted = await stack.http.post("/api/whatsapp/send", content=json.dumps(body), headers=user.headers)
    assert accepted.status_code == 200, accepted.text
    uid = accepted.json()["data"][0]["uid"]
    second = (await until(stack, user, uid, lambda data: data["fallback_uid"]))["fallback_uid"]
    await stack.final(user, "sms", second)
    (delivered,) = await deliveries(stack, second)
    assert delivered["body"] == "Ada, call us"


async def test_batches_take_no_fallbacks(stack: Stack):
    user = await stack.user()
    contacts = [{"number": f"+1415555{n:04}", "message": "x"} for n in range(501)]
    body = {"contact": contacts, "fallback": [{"channel": "sms", "after": "1m", "body": "x"}]}
    refused = await stack.http.post("/api/whatsapp/send", content=json.dumps(body), headers=user.headers)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "fallback_in_batch")
