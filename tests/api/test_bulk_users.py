"""Many changes of users in one request: each with a result of its own, by the rule of the same single change."""

from typing import Any
from uuid import uuid4

import pytest

from services.accounts.bulk import AT_ONCE, MOST_ITEMS
from tests.api.admin import Staff, admin
from tests.api.answers import assert_error
from tests.api.operations import ended
from tests.api.test_admin_users import plan_of
from tests.api.test_approvals import policy
from tests.stack import Stack


def new(**more: Any) -> dict[str, Any]:
    return {"action": "create", "email": f"{uuid4().hex}@example.com", "name": "Ann", **more}


def credit(user: int, amount: int = 1) -> dict[str, Any]:
    return {"action": "credits", "user": user, "channel": "sms", "amount": amount, "reason": "invoice"}


async def bulk(staff: Staff, *items: dict[str, Any], query: str = "", **headers: str) -> dict[str, Any]:
    return await staff.data("POST", f"/users/bulk{query}", {"items": list(items)}, **headers)


async def available(staff: Staff, user: int) -> int:
    return (await staff.data("GET", f"/users/{user}/credits"))["sms"]["available"]


async def test_every_action_is_done_and_each_is_in_the_audit_log(stack: Stack):
    staff, plan = await admin(stack), await plan_of(stack)
    users = [(await staff.user())["id"] for _ in range(5)]
    external = uuid4().hex
    outcome = await bulk(
        staff,
        new(plan=plan.name, region="FR"),
        {**new(), "action": "upsert", "external_id": external},
        {**new(name="Bea"), "action": "upsert", "external_id": external, "time_zone": "Europe/Berlin"},
        {"action": "suspend", "user": users[0], "reason": "unpaid"},
        {"action": "suspend", "user": users[1]},
        {"action": "resume", "user": users[1]},
        {"action": "delete", "user": users[2]},
        {"action": "assign_plan", "user": users[3], "plan": plan.name, "renews": False},
        credit(users[4], 50),
        credit(users[4], -20),
    )
    assert (outcome["failed"], outcome["operation"]) == (0, None)
    created, first, second, *others = [result["user"] for result in outcome["results"]]
    assert (first == second, others) == (True, [users[i] for i in (0, 1, 1, 2, 3, 4, 4)])

    async def user(account: int) -> dict[str, Any]:
        return await staff.data("GET", f"/users/{account}")

    assert ((await user(created))["plan"], (await user(created))["region"]) == (plan.name, "FR")
    assert [(await user(second))[name] for name in ("name", "external_id", "time_zone")] == [
        "Bea",
        external,
        "Europe/Berlin",
    ]
    assert [(await user(account))["state"] for account in users[:3]] == ["suspended", "active", "deleted"]
    assert [(await user(users[3]))[name] for name in ("plan", "plan_renews")] == [plan.name, False]
    assert await available(staff, users[4]) == 30
    for account, actions in (
        (users[1], ["user.resumed", "user.suspended", "user.created"]),
        (users[4], ["user.credits_moved", "user.credits_moved", "user.created"]),
        (created, ["user.created"]),
    ):
        assert [one["action"] for one in await staff.data("GET", f"/audit?target=user:{account}")] == actions


async def test_one_that_is_refused_changes_nothing_and_stops_no_other(stack: Stack):
    staff, user = await admin(stack), (await (await admin(stack)).user())["id"]
    taken = new()
    outcome = await bulk(
        staff,
        taken,
        {**new(), "email": taken["email"]},
        {"action": "suspend", "user": 2**60},
        new(plan="no such plan"),
        new(region="XX"),
        credit(user, -1),
        credit(user, 3),
    )
    codes = [result["error"] and result["error"]["code"] for result in outcome["results"]]
    assert codes == [
        *(None, "email_taken", "account_not_found", "plan_not_found", "default_region"),
        *("insufficient_credit", None),
    ]
    assert outcome["failed"] == 5
    assert outcome["results"][4]["error"]["pointer"] == "/items/4/region"
    assert await available(staff, user) == 3
    assert await staff.data("GET", "/audit?target=user:" + str(2**60)) == []


async def test_a_repeat_answers_the_same_and_does_nothing_again(stack: Stack):
    staff = await admin(stack)
    user = (await staff.user())["id"]
    key = uuid4().hex
    for query in ("", "?async=true"):
        body = {"items": [credit(user), credit(user), new()]}
        answers = [
            await staff.call("POST", f"/users/bulk{query}", body, Idempotency_Key=key + query[1:6]) for _ in range(2)
        ]
        assert answers[0].content == answers[1].content
        assert answers[1].headers["Idempotent-Replayed"] == "true"
    operation = answers[0].json()["data"]["operation"]
    assert (await ended(stack.pool, operation["id"])).state == "done"
    assert await available(staff, user) == 4


async def test_a_dry_run_checks_all_and_writes_nothing(stack: Stack):
    staff, wanted = await admin(stack), new()
    outcome = await bulk(staff, wanted, {**new(), "email": wanted["email"]}, query="?dry_run=true")
    assert [result["success"] for result in outcome["results"]] == [True, False]
    assert await staff.data("GET", f"/users?email={wanted['email']}") == []


async def test_many_become_an_operation_with_the_same_results(stack: Stack):
    staff = await admin(stack)
    user = (await staff.user())["id"]
    items = [credit(user) if number % 50 else credit(2**60) for number in range(AT_ONCE + 1)]
    outcome = await bulk(staff, *items)
    assert (outcome["results"], outcome["operation"]["total"]) == (None, None)
    done = await ended(stack.pool, outcome["operation"]["id"])
    refused = len([number for number in range(len(items)) if number % 50 == 0])
    assert (done.state, done.done, done.total, done.failed) == ("done", len(items), len(items), refused)
    shown = await staff.data("GET", f"/operations/{done.id}")
    assert [result["item"] for result in shown["result"]["results"]] == list(range(len(items)))
    assert {error["code"] for error in shown["errors"]} == {"account_not_found"}
    assert await available(staff, user) == len(items) - refused
    moved = await staff.data("GET", f"/audit?target=user:{user}&action=user.credits_moved&limit=200")
    assert len(moved) == len(items) - refused
    assert {event["actor"]["type"] for event in moved} == {"key"}


async def test_each_action_needs_its_permission_and_a_list_is_refused_as_a_whole(stack: Stack):
    staff = await admin(stack)
    user = (await staff.user())["id"]
    role = f"role-{uuid4().hex[:8]}"
    await staff.data("PUT", f"/roles/{role}", {"permissions": ["users:write"]})
    clerk = await staff.colleague(role)
    assert (await bulk(clerk, {"action": "suspend", "user": user}, {"action": "resume", "user": user}))["failed"] == 0
    for query in ("", "?async=true", "?dry_run=true"):
        for item in (credit(user), {"action": "delete", "user": user}):
            refused = await clerk.call("POST", f"/users/bulk{query}", {"items": [new(), item]})
            assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "permission_missing")
    assert (await staff.data("GET", f"/users/{user}"))["state"] == "active"


async def test_lists_that_are_none_are_refused_with_their_places(stack: Stack):
    staff = await admin(stack)
    for items, place in (
        ([], "/items"),
        ([new()] * (MOST_ITEMS + 1), "/items"),
        ([new(), {"action": "erase", "user": 1}], "/items/1"),
        ([{"action": "suspend", "user": "1"}], "/items/0/suspend/user"),
        ([{"action": "suspend", "user": 1, "more": 1}], "/items/0/suspend/more"),
        ([{**credit(1), "amount": 1.5}], "/items/0/credits/amount"),
    ):
        answer = await staff.call("POST", "/users/bulk", {"items": items})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, place), answer.text
    heavy = {"items": [], "more": [[]] * 60_000}
    assert (await staff.call("POST", "/users/bulk", heavy)).status_code == 413


async def test_a_grant_that_a_second_person_must_approve_is_refused_in_a_list(stack: Stack):
    staff = await admin(stack)
    user = (await staff.user())["id"]
    async with policy(staff, "top_up", above=500):
        for query in ("", "?async=true"):
            outcome = await bulk(staff, credit(user, 501), credit(user, 500), query=query)
            if outcome["operation"]:
                outcome = (await ended(stack.pool, outcome["operation"]["id"])).result
            assert [result["error"] and result["error"]["code"] for result in outcome["results"]] == [
                "approval_needed",
                None,
            ]
    assert await available(staff, user) == 1000


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE", "PUT"])
async def test_its_address_knows_no_other_method_and_is_no_user(stack: Stack, method: str):
    staff = await admin(stack)
    answer = await staff.call(method, "/users/bulk", {})
    assert_error(answer, 405, "http_405")
    assert answer.headers["allow"] == "POST"
    assert_error(await staff.call("POST", "/users/bulk/suspend"), 404, "http_404")
