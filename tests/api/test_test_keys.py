"""What a test key sends goes to the sandbox and costs nothing; it neither sees nor changes what is live."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from domain.access.api_keys import KeyKind, parse
from domain.channels import Channel
from store.accounts import accounts, api_keys, credits, plans
from store.gateways import gateways
from tests.api.admin import admin
from tests.api.answers import CONTACT, SMS, assert_error, deliveries, send_one
from tests.api.batches import all_messages, ended, get, send_batch, sink_gateway, steer
from tests.faults.sink import running_sink
from tests.receiver import receiving, register
from tests.stack import Stack, User

LATER = "2027-01-01T00:00:00Z"


async def sandbox_key(stack: Stack, user: User, *scopes: str) -> User:
    """A test key of the user."""
    owner = await admin(stack)
    body = {"user": user.id, "test": True, **({"scopes": list(scopes)} if scopes else {})}
    made = await owner.data("POST", "/keys", body)
    assert (made["kind"], made["test"], made["user_id"]) == ("test", True, user.id)
    return User(user.id, made["key"])


async def journal(stack: Stack, user: User) -> int:
    async with stack.pool.connection() as conn:
        row = await (
            await conn.execute("select count(*) from journal where account_id = %s and uid is not null", (user.id,))
        ).fetchone()
    assert row is not None
    return row[0]


async def test_a_test_key_says_what_it_is(stack: Stack):
    key = await sandbox_key(stack, await stack.user())
    assert key.key.startswith("xs_test_")
    parsed = parse(key.key)
    assert parsed is not None
    assert (parsed.kind, parsed.id) == (KeyKind.TEST, key.key.split("_")[2])
    as_live = key.key.replace("xs_test_", "xs_user_")
    assert (await stack.http.get(f"/api/get/sms/{uuid4()}", headers={"Api-key": as_live})).status_code == 401


@pytest.mark.parametrize("channel", list(Channel))
async def test_what_it_sends_is_delivered_by_the_sandbox_without_credit_gateway_or_share(stack: Stack, channel: str):
    user = await stack.user(credit=0)
    key = await sandbox_key(stack, user)
    item = await send_one(stack, key, channel)
    assert item["credits"] == 0
    data = await stack.final(key, channel, item["uid"])
    assert (data["state"], data["status"], data["test"]) == ("sent", "delivered", True)
    assert (data["gateway"], data["credit"]) == (f"sandbox-{channel}", {"amount": 0, "state": "free"})
    (delivered,) = await deliveries(stack, item["uid"])
    assert delivered["user_id"] == user.id
    assert await journal(stack, user) == 0
    live = await stack.status(user, channel, item["uid"])
    assert live["test"], "a live key sees it, marked"


async def test_no_gateway_of_the_account_sees_a_test_message_whatever_is_requested(stack: Stack):
    user = await stack.user()
    key = await sandbox_key(stack, user)
    async with running_sink(1) as sink:
        identifier = await sink_gateway(stack, user, sink)
        alone = await send_one(stack, key, gateway_identifier=identifier)
        answer = await stack.send(key, "sms", SMS, SMS | {"gateway_identifier": identifier})
        uids = [alone["uid"], *(item["uid"] for item in answer.json()["data"])]
        assert {(await stack.final(key, "sms", uid))["gateway"] for uid in uids} == {"sandbox-sms"}
        assert not sink.arrived
        assert (await stack.send(key, "sms", SMS | {"gateway_identifier": "none"})).status_code == 404


async def test_requests_of_test_keys_and_live_ones_that_come_together_stay_apart(stack: Stack):
    users = [await stack.user(credit=20) for _ in range(2)]
    tests = [await sandbox_key(stack, user) for user in users]
    live = [await stack.gateway(user.id, "sms", "sandbox", {}) for user in users]
    keys = [*users, *tests] * 10
    items = await asyncio.gather(*(send_one(stack, key) for key in keys))
    for key, item in zip(keys, items, strict=True):
        data = await stack.final(key, "sms", item["uid"])
        is_test = key in tests
        place = [user.id for user in users].index(key.id)
        assert (data["test"], data["gateway"]) == (is_test, "sandbox-sms" if is_test else live[place])
        assert data["user_id"] == key.id
        assert data["credit"]["amount"] == item["credits"] == (0 if is_test else 1)
    for user in users:
        assert (await credits.show(stack.pool, user.id))["sms"].spent == 10


async def test_a_batch_of_a_test_key_goes_to_the_sandbox_even_when_it_is_switched(stack: Stack):
    user = await stack.user(credit=0)
    key = await sandbox_key(stack, user)
    live = await stack.gateway(user.id, "sms", "sandbox", {})
    batch = (await send_batch(stack, key, 501, gateway_identifier=live, schedule_at=soon()))["batch"]
    await steer(stack, key, batch, "switch-gateway", gateway_identifier=live)
    data = await ended(stack, key, batch)
    assert (data["test"], data["counts"]) == (True, {"sent": 501})
    assert {message["gateway"] for message in await all_messages(stack, key, batch)} == {"sandbox-sms"}
    assert await journal(stack, user) == 0


def soon() -> str:
    return (datetime.now(UTC) + timedelta(seconds=1)).isoformat()


async def test_fallbacks_of_a_test_message_are_test_messages(stack: Stack):
    user = await stack.user(credit=0)
    key = await sandbox_key(stack, user)
    async with running_sink(1) as sink:
        real = await stack.gateway(user.id, "email", "http", sink.config)
        step = {
            "channel": "email",
            "after": "1s",
            "if": "not_delivered",
            "gateway_identifier": real,
            **CONTACT["email"],
        }
        item = await send_one(stack, key, number="+15005550001", fallback=[step])
        async with asyncio.timeout(20):
            while not (data := await stack.status(key, "sms", item["uid"]))["fallback_uid"]:
                await asyncio.sleep(0.02)
        assert data["state"] in ("failed", "rejected"), data
        fallback = await stack.final(key, "email", data["fallback_uid"])
        assert (fallback["gateway"], fallback["test"]) == ("sandbox-email", True)
        assert fallback["credit"] == {"amount": 0, "state": "free"}
        assert not sink.arrived


async def test_an_unknown_test_message_is_sent_again_through_the_sandbox(stack: Stack):
    user, owner = await stack.user(credit=0), await admin(stack)
    key = await sandbox_key(stack, user)
    async with running_sink(1) as sink:
        await sink_gateway(stack, user, sink)
        uid = (await send_one(stack, key, number="+15005550004"))["uid"]
        assert (await stack.final(key, "sms", uid))["state"] == "unknown"
        async with asyncio.timeout(20):
            while (answer := await owner.call("POST", f"/messages/{uid}/resolve", {"as": "resend"})).status_code == 409:
                await asyncio.sleep(0.05)
        assert answer.status_code == 200, answer.text
        async with asyncio.timeout(20):
            while len(made := (await stack.status(key, "sms", uid))["attempts"]) < 2:
                await asyncio.sleep(0.02)
        assert {attempt["gateway"] for attempt in made} == {"sandbox-sms"}
        assert not sink.arrived


async def test_a_test_message_counts_towards_no_limit_of_the_plan_and_needs_no_running_plan(stack: Stack):
    user = await stack.user(credit=0)
    channels = {Channel.SMS: plans.Allowance(credits=5, daily_limit=1)}
    plan = await plans.create(stack.pool, plans.NewPlan(name=uuid4().hex, period="day", channels=channels))
    await accounts.assign_plan(stack.pool, user.id, plan.name, uuid4())
    async with stack.pool.connection() as conn:
        await conn.execute(
            "update accounts set plan_renews = false, plan_expires_at = now() - interval '1 day' where id = %s",
            (user.id,),
        )
    key = await sandbox_key(stack, user)
    for _ in range(3):
        item = await send_one(stack, key)
        assert (await stack.final(key, "sms", item["uid"]))["state"] == "sent"
    async with stack.pool.connection() as conn:
        used = await (await conn.execute("select from daily_usage where account_id = %s", (user.id,))).fetchall()
    assert used == []


async def test_a_suspended_accounts_test_key_is_refused_and_suppressed_recipients_are_too(stack: Stack):
    user = await stack.user()
    key = await sandbox_key(stack, user)
    async with stack.pool.connection() as conn:
        await conn.execute(
            "insert into suppressions (account_id, channel, recipient, reason) values (%s, 'sms', %s, 'stop')",
            (user.id, SMS["number"]),
        )
    item = await send_one(stack, key)
    assert (await stack.final(key, "sms", item["uid"]))["code"] == "suppressed"
    await accounts.suspend(stack.pool, user.id)
    assert_error(await stack.send(key, "sms", SMS), 403, "account_suspended")


async def test_a_test_key_finds_no_live_message_and_no_live_batch(stack: Stack):
    user = await stack.user(credit=600)
    key = await sandbox_key(stack, user)
    waiting = (await send_one(stack, user, schedule_at=LATER))["uid"]
    batch = (await send_batch(stack, user, 501, schedule_at=LATER))["batch"]
    own = (await send_one(stack, key, schedule_at=LATER))["uid"]
    none = await stack.http.get(f"/api/get/sms/{uuid4()}", headers=key.headers)
    async with asyncio.timeout(20):
        while (await stack.status(user, "sms", waiting))["credit"] is None:
            assert (await stack.http.get(f"/api/get/sms/{waiting}", headers=key.headers)).status_code == 404
    for method, path in (
        ("GET", f"/api/get/sms/{waiting}"),
        ("GET", f"/api/sms/get/{waiting}"),
        ("POST", f"/api/sms/{waiting}/cancel"),
        ("POST", f"/api/sms/{waiting}/reschedule"),
        *(("GET", f"/api/batches/{batch}{more}") for more in ("", "/messages")),
        *(("POST", f"/api/batches/{batch}/{what}") for what in ("pause", "resume", "cancel")),
    ):
        answer = await stack.http.request(method, path, headers=key.headers, json={"schedule_at": LATER})
        assert answer.status_code == 404, answer.text
        if method == "GET" and "batches" not in path:
            assert answer.text == none.text
    assert (await get(stack, key, ""))["data"] == []
    assert (await stack.status(user, "sms", waiting))["state"] == "scheduled"
    assert (await stack.http.post(f"/api/sms/{own}/cancel", headers=key.headers)).status_code == 200
    assert (await steer(stack, user, batch, "cancel")).status_code == 200


async def test_a_test_key_gets_no_answer_that_was_kept_for_a_live_one(stack: Stack):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    key, same = await sandbox_key(stack, user), {"Idempotency-Key": uuid4().hex}
    live = await stack.send(user, "sms", SMS, **same)
    test = await stack.send(key, "sms", SMS, **same)
    assert live.json()["data"][0]["uid"] != test.json()["data"][0]["uid"]
    assert (await stack.send(key, "sms", SMS, **same)).content == test.content
    assert (await stack.send(user, "sms", SMS, **same)).content == live.content


async def test_callbacks_say_that_a_message_was_a_test(stack: Stack):
    user = await stack.user()
    key = await sandbox_key(stack, user)
    async with receiving() as receiver:
        await register(stack.pool, stack.keyring, user.id, receiver.url, "message.sent")
        uid = (await send_one(stack, key))["uid"]
        (event,) = await receiver.hears(1)
        assert (event["data"]["uid"], event["data"]["test"]) == (uid, True)


async def test_without_a_sandbox_gateway_nothing_is_sent(stack: Stack):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    key = await sandbox_key(stack, user)
    (sandbox,) = await gateways.named(stack.pool, 0, "sandbox-sms", "sms")
    await gateways.set_enabled(stack.pool, sandbox.id, False)
    try:
        data = await stack.final(key, "sms", (await send_one(stack, key))["uid"])
        assert (data["state"], data["code"]) == ("failed", "no_sandbox_gateway")
    finally:
        await gateways.set_enabled(stack.pool, sandbox.id, True)


async def test_a_rolled_test_key_is_a_test_key(stack: Stack):
    user, owner = await stack.user(), await admin(stack)
    key = await sandbox_key(stack, user)
    rolled = await owner.data("POST", f"/keys/{key.key.split('_')[2]}/roll")
    assert (rolled["kind"], rolled["key"].startswith("xs_test_")) == ("test", True)
    listed = await owner.data("GET", f"/keys?user={user.id}")
    assert [each["test"] for each in listed] == [True, True, False]


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"scopes": ["send", "keys"]}, "scope_conflict", "/scopes"),
        ({"scopes": ["gateways"]}, "scope_conflict", "/scopes"),
        ({"scopes": ["channel:sms"]}, "scopes_empty", "/scopes"),
        ({"scopes": ["channel:fax", "send"]}, "scope_unknown", "/scopes"),
    ],
)
async def test_what_a_test_key_cannot_be(stack: Stack, body: dict, code: str, pointer: str):
    owner, user = await admin(stack), await stack.user()
    answer = await owner.call("POST", "/keys", {"user": user.id, "test": True, **body})
    assert_error(answer, 422, code, pointer)
    assert len(await api_keys.list_keys(stack.pool, user.id)) == 1


async def test_only_users_have_test_keys(stack: Stack):
    owner = await admin(stack)
    member = await owner.colleague("support")
    answer = await owner.call("POST", "/keys", {"staff": member.id, "test": True})
    assert_error(answer, 422, "key_owner", "/test")
