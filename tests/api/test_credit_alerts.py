"""Alerts of low credits: told once whenever a wallet becomes low, and again only after it was not."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from store.accounts.credits import deduct, top_up
from store.credits import alerts
from tests.api.admin import admin
from tests.api.answers import assert_error
from tests.receiver import receiving, register
from tests.stack import Stack, User
from worker.periodic_tasks import tell_low_credits

PATH = "/api/credits/alerts"


async def put(stack: Stack, user: User, body: dict[str, Any]) -> dict[str, Any]:
    answer = await stack.http.put(PATH, json=body, headers=user.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def move(stack: Stack, user: User, amount: int) -> None:
    change = top_up if amount > 0 else deduct
    await change(stack.pool, user.id, "sms", abs(amount), "test", uuid4())


async def low_since(stack: Stack, user: User) -> Any:
    (alert,) = await alerts.of_account(stack.pool, user.id)
    return alert.low_since


async def test_a_wallet_that_becomes_low_is_told_once_and_again_after_it_was_not(stack: Stack):
    user = await stack.user(credit=100)
    async with receiving() as receiver:
        await register(stack.pool, stack.keyring, user.id, receiver.url, "credit.low")
        await put(stack, user, {"sms": {"amount": 50}})
        for moved, told in ((-50, 0), (-1, 1), (-10, 1), (40, 1), (-40, 2)):
            await move(stack, user, moved)
            await asyncio.gather(*(tell_low_credits(stack.pool, stack.temporal) for _ in range(3)))
            async with stack.pool.connection() as conn:
                cursor = await conn.execute(
                    "select count(*) from callback_deliveries where account_id = %s and type = 'credit.low'", (user.id,)
                )
                assert await cursor.fetchone() == (told,), moved
        posts = await receiver.hears(2)
    assert len(posts) == 2


async def test_what_is_posted_says_which_wallet_and_how_much_there_is(stack: Stack):
    user = await stack.user(credit=10)
    await register(stack.pool, stack.keyring, user.id, "http://127.0.0.1:9", "credit.low")
    await put(stack, user, {"sms": {"amount": 50}})
    await alerts.tell(stack.pool)
    async with stack.pool.connection() as conn:
        cursor = await conn.execute(
            "select data from callback_deliveries where account_id = %s and type = 'credit.low'", (user.id,)
        )
        ((data,),) = await cursor.fetchall()
    assert {name: data[name] for name in ("channel", "available", "below", "user_id")} == {
        "channel": "sms",
        "available": 10,
        "below": 50,
        "user_id": user.id,
    }


async def test_a_share_is_of_what_the_plan_grants(stack: Stack):
    staff, user = await admin(stack), await stack.user(credit=100)
    shown = await put(stack, user, {"sms": {"percent": 20}})
    assert shown == {"sms": {"amount": None, "percent": 20, "below": None, "low_since": None}}
    await alerts.tell(stack.pool)
    assert await low_since(stack, user) is None
    plan = await staff.data("POST", "/plans", {"name": f"alerts {user.id}", "channels": {"sms": {"credits": 1000}}})
    await staff.data("PUT", f"/users/{user.id}/plan", {"plan": plan["id"]})
    for left, is_low in ((200, False), (199, True)):
        (wallet,) = [(await staff.data("GET", f"/users/{user.id}/credits"))["sms"]["available"]]
        await move(stack, user, left - wallet)
        await alerts.tell(stack.pool)
        assert (await low_since(stack, user) is not None) == is_low
    assert (await put(stack, user, {"sms": {"percent": 20}}))["sms"]["below"] == 200


async def test_staff_sets_them_too_and_what_is_left_out_is_removed(stack: Stack):
    staff, user = await admin(stack), await stack.user()
    path = f"/users/{user.id}/credits/alerts"
    both = await staff.data("PUT", path, {"sms": {"amount": 5}, "email": {"amount": 6}})
    assert set(both) == {"sms", "email"}
    answer = await staff.call("PUT", f"{path}?dry_run=true", {})
    assert (answer.status_code, answer.json()["dry_run"]) == (200, True)
    assert_error(await staff.call("PUT", path, {}, If_Match='"other"'), 412, "changed_meanwhile")
    assert await staff.data("GET", path) == both
    assert await put(stack, user, {"sms": {"amount": 7}, "email": None}) == await staff.data("GET", path)
    assert (await stack.http.get(PATH, headers=user.headers)).json()["data"].keys() == {"sms"}
    assert_error(await staff.call("PUT", "/users/999999999/credits/alerts", {}), 404, "account_not_found")
    (event,) = await staff.data("GET", f"/audit?target=user:{user.id}&action=user.credit_alerts_set")
    assert event["changes"][0]["to"]["sms"] == {"amount": 5, "percent": None}


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"sms": {}}, "alert_threshold", "/sms"),
        ({"sms": {"amount": 1, "percent": 1}}, "alert_threshold", "/sms"),
        ({"sms": {"amount": 0}}, "greater_than_equal", "/sms/amount"),
        ({"sms": {"amount": 10**12 + 1}}, "less_than_equal", "/sms/amount"),
        ({"sms": {"percent": 101}}, "less_than_equal", "/sms/percent"),
        ({"sms": {"percent": True}}, "int_type", "/sms/percent"),
        ({"fax": {"amount": 1}}, "extra_forbidden", "/fax"),
        ([], "object_type", ""),
    ],
)
async def test_what_cannot_be_an_alert_is_refused(stack: Stack, body, code, pointer):
    user = await stack.user()
    assert_error(await stack.http.put(PATH, json=body, headers=user.headers), 422, code, pointer)
