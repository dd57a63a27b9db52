"""How often a key may call, and how many credits it may spend in a day, where it has limits of its own."""

from collections import Counter
from uuid import uuid4

import pytest

from store.accounts import accounts, credits, plans
from tests.api.admin import admin
from tests.api.answers import SMS, assert_error, send_one
from tests.api.test_narrowed_keys import key_with
from tests.stack import Stack, User

NOBODY = str(uuid4())


async def with_rate(stack: Stack, rate_class: str) -> User:
    """A user whose plan has this rate class."""
    user = await stack.user()
    plan = await plans.create(stack.pool, plans.NewPlan(name=uuid4().hex, period="forever", rate_class=rate_class))
    await accounts.assign_plan(stack.pool, user.id, plan.name, uuid4())
    return user


async def statuses(stack: Stack, key: User, count: int) -> Counter[int]:
    """What a key is answered when it asks so many times."""
    return Counter(
        [(await stack.http.get(f"/api/get/sms/{NOBODY}", headers=key.headers)).status_code for _ in range(count)]
    )


async def counted(stack: Stack, key: User) -> list[str]:
    async with stack.pool.connection() as conn:
        rows = await conn.execute(
            "select subject from request_rates where subject in (%s, %s)",
            (f"account {key.id}", f"key {key.key.split('_')[2]}"),
        )
        return sorted(subject.split(" ")[0] for (subject,) in await rows.fetchall())


@pytest.mark.parametrize(
    ("of_plan", "of_key", "subjects"),
    [
        ("standard", None, ["account"]),
        ("standard", "high", ["key"]),
        ("standard", "unlimited", []),
        (None, "high", ["key"]),
    ],
)
async def test_the_rate_class_of_a_key_counts_instead_of_the_plans(stack: Stack, of_plan, of_key, subjects):
    user = await with_rate(stack, of_plan) if of_plan else await stack.user()
    key = await key_with(stack, user, "read", **({"rate_class": of_key} if of_key else {}))
    assert await statuses(stack, key, 3) == {404: 3}
    assert await counted(stack, key) == subjects


async def test_a_key_that_is_slower_than_its_account_is_refused_alone(stack: Stack):
    user = await stack.user()
    slow = await key_with(stack, user, "read", rate_class="standard")
    async with stack.pool.connection() as conn:
        await conn.execute(
            "insert into request_rates values (%s, clock_timestamp() + interval '10 s')",
            (f"key {slow.key.split('_')[2]}",),
        )
    assert await statuses(stack, slow, 2) == {429: 2}
    assert await statuses(stack, user, 2) == {404: 2}


async def test_a_key_that_has_spent_its_limit_sends_no_more_today_and_others_do(stack: Stack):
    user = await stack.user(credit=10)
    await stack.gateway(user.id, "sms", "sandbox", {})
    await stack.gateway(user.id, "email", "sandbox", {})
    key = await key_with(stack, user, "send", "read", spend_cap=2)
    answer = await stack.send(key, "sms", SMS, SMS, SMS)
    ended = [await stack.final(key, "sms", item["uid"]) for item in answer.json()["data"]]
    assert [(data["state"], data["code"]) for data in ended] == [
        ("sent", None),
        ("sent", None),
        ("rejected", "spend_cap_reached"),
    ]
    assert_error(await stack.send(key, "sms", SMS), 402, "spend_cap_reached")
    assert_error(
        await stack.send(key, "email", {"email": "a@example.com", "subject": "S", "message": "M"}),
        402,
        "spend_cap_reached",
    )
    assert (await stack.final(user, "sms", (await send_one(stack, user))["uid"]))["state"] == "sent"
    assert (await credits.show(stack.pool, user.id))["sms"].spent == 3
    assert [found for found in await credits.audit(stack.pool) if found.account_id == user.id] == []


async def test_a_message_that_fails_gives_its_credit_back_to_the_limit(stack: Stack):
    user = await stack.user(credit=10)
    await stack.gateway(user.id, "sms", "sandbox", {})
    key = await key_with(stack, user, "send", "read", spend_cap=1)
    for _ in range(2):
        refused = await send_one(stack, key, number="+15005550001")
        assert (await stack.final(key, "sms", refused["uid"]))["credit"]["state"] == "released"
    assert (await stack.final(key, "sms", (await send_one(stack, key))["uid"]))["state"] == "sent"
    assert_error(await stack.send(key, "sms", SMS), 402, "spend_cap_reached")


@pytest.mark.parametrize(
    ("more", "code", "pointer"),
    [
        ({"rate_class": "warp"}, "rate_class", "/rate_class"),
        ({"spend_cap": 0}, "spend_cap", "/spend_cap"),
        ({"spend_cap": -1}, "spend_cap", "/spend_cap"),
        ({"spend_cap": 2**62}, "spend_cap", "/spend_cap"),
        ({"spend_cap": True}, "int_type", "/spend_cap"),
        ({"spend_cap": "5"}, "int_type", "/spend_cap"),
        ({"scopes": ["keys"], "spend_cap": 5}, "scope_conflict", "/scopes"),
        ({"scopes": ["keys", "send"], "rate_class": "standard"}, "scope_conflict", "/scopes"),
    ],
)
async def test_limits_that_cannot_be(stack: Stack, more: dict, code: str, pointer: str):
    owner, user = await admin(stack), await stack.user()
    assert_error(await owner.call("POST", "/keys", {"user": user.id, **more}), 422, code, pointer)


async def test_a_staff_key_has_a_rate_of_its_own_but_spends_nothing(stack: Stack):
    owner = await admin(stack)
    member = await owner.colleague("support")
    assert_error(
        await owner.call("POST", "/keys", {"staff": member.id, "spend_cap": 5}), 422, "key_owner", "/spend_cap"
    )
    made = await owner.data("POST", "/keys", {"staff": member.id, "rate_class": "standard"})
    assert made["rate_class"] == "standard"
    answer = await stack.http.get("/api/admin/v1/users", headers={"Api-key": made["key"]})
    assert answer.status_code == 200
    assert await counted(stack, User(0, made["key"])) == ["key"]
