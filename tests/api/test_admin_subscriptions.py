"""Subscriptions over the admin API: renewed, ended and changed by hand, or later, once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from services.accounts import subscriptions
from services.accounts.subscriptions import begin_due_periods
from store.accounts import accounts, credits
from tests.api.admin import Staff, admin
from tests.api.answers import SMS, assert_error
from tests.stack import Stack, User

TOMORROW = datetime.now(UTC) + timedelta(days=1)


async def new_plan(staff: Staff, amount: int = 10, **more: Any) -> dict[str, Any]:
    channels = {"sms": {"credits": amount, **more.pop("sms", {})}}
    return await staff.data("POST", "/plans", {"name": uuid4().hex, "channels": channels, **more})


async def subscriber(staff: Staff, **plan: Any) -> tuple[str, dict[str, Any]]:
    """The path of a new user with a new plan, and the plan."""
    plan = await new_plan(staff, **plan)
    return f"/users/{(await staff.user(plan=plan['id']))['id']}", plan


async def available(staff: Staff, user: str) -> int:
    return (await staff.data("GET", f"{user}/credits"))["sms"]["available"]


async def ends_now(stack: Stack, user: str) -> datetime:
    """Move the end of a user's period into the past."""
    async with stack.pool.connection() as conn:
        cursor = await conn.execute(
            """update accounts set plan_began_at = plan_began_at - (plan_expires_at - now()),
                   plan_expires_at = now() - interval '1 second' where id = %s returning plan_expires_at""",
            (user.rpartition("/")[2],),
        )
        return (await cursor.fetchone())[0]


async def test_a_subscription_shows_the_plan_and_what_is_left_of_it(stack: Stack):
    staff = await admin(stack)
    user, plan = await subscriber(staff, sms={"carry_over": 3})
    await staff.data("POST", f"{user}/credits", {"channel": "sms", "amount": 5})
    shown = await staff.data("GET", f"{user}/subscription")
    assert shown == {
        "user_id": int(user.rpartition("/")[2]),
        "state": "active",
        "plan": plan["name"],
        "plan_id": plan["id"],
        "period": "month",
        "expires_at": (await staff.data("GET", user))["plan_expires_at"],
        "renews": True,
        "credits": {"sms": {"credits": 10, "left": 10, "carry_over": 3}},
        "change": None,
    }
    without = await staff.user()
    shown = await staff.data("GET", f"/users/{without['id']}/subscription")
    assert (shown["state"], shown["plan"], shown["credits"]) == ("none", None, {})
    assert_error(await staff.call("GET", "/users/999999999/subscription"), 404, "account_not_found")


async def test_a_renewal_by_hand_begins_the_next_period_once_for_its_key(stack: Stack):
    staff = await admin(stack)
    user, _ = await subscriber(staff, sms={"carry_over": 3})
    await staff.data("POST", f"{user}/credits", {"channel": "sms", "amount": 5})
    key = uuid4().hex
    for _ in range(2):
        shown = await staff.data("POST", f"{user}/subscription/renew", None, Idempotency_Key=key)
    assert shown["credits"]["sms"]["left"] == 13
    assert await available(staff, user) == 18
    assert datetime.fromisoformat(shown["expires_at"]) > datetime.now(UTC) + timedelta(days=27)
    assert await credits.audit(stack.pool) == []
    refused = await staff.call("POST", f"/users/{(await staff.user())['id']}/subscription/renew")
    assert_error(refused, 409, "no_plan")


async def test_an_ended_plan_refuses_sends_until_it_is_renewed(stack: Stack):
    staff = await admin(stack)
    path, _ = await subscriber(staff)
    id_ = int(path.rpartition("/")[2])
    user = User(id_, (await staff.data("POST", "/keys", {"user": id_}))["key"])
    await stack.gateway(user.id, "sms", "sandbox", {})

    async def outcome() -> str | None:
        item = (await stack.send(user, "sms", SMS)).json()["data"][0]
        return (await stack.final(user, "sms", item["uid"]))["code"]

    assert await outcome() is None
    shown = await staff.data("POST", f"{path}/subscription/expire")
    assert (shown["state"], shown["renews"]) == ("ended", False)
    assert await outcome() == "plan_expired"
    assert_error(await staff.call("POST", f"{path}/subscription/expire"), 409, "no_plan")
    shown = await staff.data("POST", f"{path}/subscription/renew")
    assert (shown["state"], shown["renews"]) == ("active", False)
    assert await outcome() is None


async def test_a_plan_is_scheduled_shown_replaced_and_cancelled(stack: Stack):
    staff = await admin(stack)
    user, plan = await subscriber(staff)
    other, third = await new_plan(staff), await new_plan(staff)
    before = await staff.data("GET", user)
    at = TOMORROW.isoformat()
    for wanted, when in ((other, at), (third, "period_end")):
        answer = await staff.data("PUT", f"{user}/plan", {"plan": wanted["id"], "at": when, "renews": False})
        assert answer == before
        change = (await staff.data("GET", f"{user}/subscription"))["change"]
        assert (change["plan"], change["renews"]) == (wanted["name"], False)
        assert change["at"] == (None if when == "period_end" else at.replace("+00:00", "Z"))
        assert (change["scheduled_by"]["type"], change["scheduled_by"]["role"]) == ("key", "owner")
    assert_error(await staff.call("DELETE", f"/plans/{third['id']}"), 409, "plan_in_use")
    shown = await staff.data("DELETE", f"{user}/subscription/change")
    assert (shown["plan"], shown["change"]) == (plan["name"], None)
    assert_error(await staff.call("DELETE", f"{user}/subscription/change"), 404, "change_not_found")
    await staff.data("DELETE", f"/plans/{third['id']}")


@pytest.mark.parametrize(
    ("at", "status", "code"),
    [
        ("2020-01-01T00:00:00Z", 422, "at"),
        ("tomorrow", 422, None),
        ("2030-01-01", 422, None),
        (5, 422, None),
        ("0001-01-01T00:00:00+23:59", 422, None),
    ],
)
async def test_a_time_that_cannot_be_is_refused(stack: Stack, at, status, code):
    staff = await admin(stack)
    user, plan = await subscriber(staff)
    answer = await staff.call("PUT", f"{user}/plan", {"plan": plan["id"], "at": at})
    assert answer.status_code == status, answer.text
    assert answer.json()["errors"][0]["pointer"].startswith("/at")
    assert code is None or answer.json()["errors"][0]["code"] == code
    assert (await staff.data("GET", f"{user}/subscription"))["change"] is None


async def test_a_plan_without_an_end_cannot_be_changed_at_its_end(stack: Stack):
    staff = await admin(stack)
    user, plan = await subscriber(staff, period="forever")
    nobody = f"/users/{(await staff.user())['id']}"
    for one in (user, nobody):
        refused = await staff.call("PUT", f"{one}/plan", {"plan": plan["id"], "at": "period_end"})
        assert_error(refused, 409, "no_period_end")
    await staff.data("PUT", f"{nobody}/plan", {"plan": plan["id"], "at": TOMORROW.isoformat()})


@pytest.mark.parametrize("renews", [True, False])
async def test_at_the_end_of_the_period_the_other_plan_begins_once_however_many_look(stack: Stack, renews):
    staff = await admin(stack)
    member = await staff.colleague("admin")
    user, plan = await subscriber(staff, sms={"carry_over": 2})
    other = await new_plan(staff, 7)
    await staff.data("PUT", f"{user}/plan", {"plan": plan["id"], "renews": renews})
    await member.data("PUT", f"{user}/plan", {"plan": other["id"], "at": "period_end"})
    await begin_due_periods(stack.pool)
    assert (await staff.data("GET", user))["plan"] == plan["name"]
    ended = await ends_now(stack, user)
    await asyncio.gather(*(begin_due_periods(stack.pool) for _ in range(4)))
    shown = await staff.data("GET", f"{user}/subscription")
    assert (shown["plan"], shown["change"], shown["renews"]) == (other["name"], None, True)
    assert datetime.fromisoformat(shown["expires_at"]) > ended + timedelta(days=27)
    assert await available(staff, user) == 2 + 7
    found = await staff.data("GET", f"/audit?target=user:{shown['user_id']}&actor=system:renewals")
    (event,) = found
    assert (event["action"], event["outcome"]) == ("user.plan_assigned", "ok")
    assert event["metadata"]["scheduled_by"]["id"] == str(member.id)
    assert {"field": "plan", "from": plan["name"], "to": other["name"]} in event["changes"]
    assert await credits.audit(stack.pool) == []


async def test_until_somebody_looks_an_ended_plan_that_is_followed_by_another_refuses_nothing(stack: Stack):
    staff = await admin(stack)
    path, plan = await subscriber(staff)
    id_ = int(path.rpartition("/")[2])
    user = User(id_, (await staff.data("POST", "/keys", {"user": id_}))["key"])
    await stack.gateway(user.id, "sms", "sandbox", {})
    await staff.data("PUT", f"{path}/plan", {"plan": plan["id"], "renews": False})
    await staff.data("PUT", f"{path}/plan", {"plan": (await new_plan(staff))["id"], "at": "period_end"})
    await ends_now(stack, path)
    item = (await stack.send(user, "sms", SMS)).json()["data"][0]
    assert (await stack.final(user, "sms", item["uid"]))["state"] == "sent"


async def test_a_process_that_dies_in_between_leaves_the_change_to_the_next_one(stack: Stack, monkeypatch):
    staff = await admin(stack)
    user, _ = await subscriber(staff)
    other = await new_plan(staff, 7)
    await staff.data("PUT", f"{user}/plan", {"plan": other["id"], "at": "period_end"})
    await ends_now(stack, user)
    assign = accounts.assign_plan

    async def dies(pool, *args, **more):
        await assign(pool, *args, **more)
        async with pool.connection() as conn:
            await conn.execute("select pg_terminate_backend(pg_backend_pid())")

    with monkeypatch.context() as patch:
        patch.setattr(subscriptions.accounts, "assign_plan", dies)
        with pytest.raises(psycopg.OperationalError):
            await begin_due_periods(stack.pool)
    assert await available(staff, user) == 10
    await begin_due_periods(stack.pool)
    await begin_due_periods(stack.pool)
    assert await available(staff, user) == 17


async def test_periods_that_end_before_the_time_are_renewed_first(stack: Stack):
    staff = await admin(stack)
    user, _ = await subscriber(staff, period="day")
    other = await new_plan(staff, 7)
    await staff.data("PUT", f"{user}/plan", {"plan": other["id"], "at": TOMORROW.isoformat()})
    async with stack.pool.connection() as conn:
        account = int(user.rpartition("/")[2])
        await conn.execute(
            """update accounts set plan_began_at = now() - interval '75 hours',
                                   plan_expires_at = now() - interval '51 hours' where id = %s""",
            (account,),
        )
        await conn.execute("update plan_changes set at = now() - interval '20 hours' where account_id = %s", (account,))
    await begin_due_periods(stack.pool)
    assert await available(staff, user) == 10 + 2 * 10 + 7
    shown = await staff.data("GET", f"{user}/subscription")
    assert shown["plan"] == other["name"]
    assert datetime.fromisoformat(shown["expires_at"]) < datetime.now(UTC) + timedelta(days=31)


async def test_a_plan_that_is_given_now_drops_what_was_scheduled_unless_it_goes_on(stack: Stack):
    staff = await admin(stack)
    user, plan = await subscriber(staff)
    other = await new_plan(staff)
    for wanted, stays in ((plan, True), (other, False)):
        await staff.data("PUT", f"{user}/plan", {"plan": other["id"], "at": "period_end"})
        await staff.data("PUT", f"{user}/plan", {"plan": wanted["id"]})
        assert ((await staff.data("GET", f"{user}/subscription"))["change"] is not None) == stays


async def test_dry_runs_and_other_readers_versions_change_nothing(stack: Stack):
    staff = await admin(stack)
    user, plan = await subscriber(staff)
    other = await new_plan(staff)
    await staff.data("PUT", f"{user}/plan", {"plan": other["id"], "at": "period_end"})
    before = await staff.data("GET", f"{user}/subscription")
    calls = [
        ("POST", f"{user}/subscription/renew", None),
        ("POST", f"{user}/subscription/expire", None),
        ("DELETE", f"{user}/subscription/change", None),
    ]
    for method, path, body in [*calls, ("PUT", f"{user}/plan", {"plan": plan["id"], "at": "period_end"})]:
        answer = await staff.call(method, f"{path}?dry_run=true", body)
        assert (answer.status_code, answer.json()["dry_run"]) == (200, True)
    for method, path, body in calls:
        assert_error(await staff.call(method, path, body, If_Match='"other"'), 412, "changed_meanwhile")
    assert await staff.data("GET", f"{user}/subscription") == before
