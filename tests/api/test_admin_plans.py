"""Plans over the admin API: what a change of one does, and to whom."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from tests.api.admin import Staff, admin
from tests.api.answers import SMS, assert_error
from tests.stack import Stack, User

FULL = {
    "price_cents": 900,
    "currency": "EUR",
    "period": "year",
    "own_gateways": False,
    "rate_class": "high",
    "channels": {
        "sms": {"credits": 7, "daily_limit": 9, "carry_over": 2},
        "email": {"credits": 3, "daily_limit": None, "carry_over": None},
    },
}
DEFAULTS = {
    "price_cents": 0,
    "currency": "USD",
    "period": "month",
    "own_gateways": True,
    "rate_class": "unlimited",
    "channels": {},
    "gateways": [],
    "rates": [],
    "allowed_countries": [],
}
SMS_9, EMAIL_3 = FULL["channels"]["sms"], FULL["channels"]["email"]


def name() -> str:
    return f"plan {uuid4().hex}"


async def new_plan(staff: Staff, **fields: Any) -> dict[str, Any]:
    return await staff.data("POST", "/plans", {"name": name(), **fields})


async def user_with(staff: Staff, plan: dict[str, Any]) -> User:
    user = await staff.user(plan=plan["name"])
    return User(user["id"], (await staff.data("POST", "/keys", {"user": user["id"]}))["key"])


async def test_a_plan_is_created_read_by_id_and_name_and_assigned(stack: Stack):
    staff = await admin(stack)
    gateway = await stack.gateway(0, "sms", "sandbox", {})
    plan = await new_plan(staff, **FULL, gateways=[gateway])
    assert (
        plan
        == {
            "id": plan["id"],
            "name": plan["name"],
            "created_at": plan["created_at"],
            "managed_by": None,
            "allowed_countries": [],
            "gateways": [gateway],
            "rates": [],
        }
        | FULL
    )
    for path in (plan["id"], plan["name"]):
        assert await staff.data("GET", f"/plans/{path}") == plan
    user = await staff.user(plan=plan["id"])
    assert user["plan"] == plan["name"]
    assert (await staff.data("GET", f"/users/{user['id']}/credits"))["sms"]["available"] == 7


async def test_what_a_new_plan_leaves_out_has_its_default(stack: Stack):
    plan = await new_plan(await admin(stack))
    assert {field: plan[field] for field in DEFAULTS} == DEFAULTS


async def test_a_plan_whose_name_is_a_number_is_found_by_it_unless_another_has_this_id(stack: Stack):
    staff = await admin(stack)
    other = await new_plan(staff)
    await new_plan(staff, name=str(other["id"]))
    assert await staff.data("GET", f"/plans/{other['id']}") == other
    number = str(10**17 + other["id"])
    plan = await new_plan(staff, name=number)
    assert await staff.data("GET", f"/plans/{number}") == plan
    for unknown in ("0", "9" * 19, "9" * 30, "-1", "none", "%20", "%C3%A4", "a%00"):
        assert_error(await staff.call("GET", f"/plans/{unknown}"), 404, "plan_not_found")


async def test_a_creation_that_is_repeated_with_its_key_is_done_once(stack: Stack):
    staff, body, key = await admin(stack), {"name": name()}, uuid4().hex
    answers = [await staff.call("POST", "/plans", body, Idempotency_Key=key) for _ in range(3)]
    assert {answer.text for answer in answers} == {answers[0].text}
    assert answers[0].status_code == 200
    assert_error(await staff.call("POST", "/plans", body), 409, "plan_exists")


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({}, {}),
        ({"price_cents": 1}, {"price_cents": 1}),
        ({"currency": "JPY", "period": "forever"}, {"currency": "JPY", "period": "forever"}),
        ({"own_gateways": True, "rate_class": "standard"}, {"own_gateways": True, "rate_class": "standard"}),
        (
            {"price_cents": None, "currency": None, "period": None},
            {"price_cents": 0, "currency": "USD", "period": "month"},
        ),
        ({"own_gateways": None, "rate_class": None}, {"own_gateways": True, "rate_class": "unlimited"}),
        ({"channels": {}}, {}),
        ({"channels": {"sms": {}}}, {}),
        (
            {"channels": {"sms": {"daily_limit": 5}}},
            {"channels": {"sms": SMS_9 | {"daily_limit": 5}, "email": EMAIL_3}},
        ),
        (
            {"channels": {"sms": {"daily_limit": None}}},
            {"channels": {"sms": SMS_9 | {"daily_limit": None}, "email": EMAIL_3}},
        ),
        (
            {"channels": {"sms": {"carry_over": 0}}},
            {"channels": {"sms": SMS_9 | {"carry_over": 0}, "email": EMAIL_3}},
        ),
        ({"channels": {"sms": {"credits": None}}}, {"channels": {"sms": SMS_9 | {"credits": 0}, "email": EMAIL_3}}),
        ({"channels": {"sms": None}}, {"channels": {"email": EMAIL_3}}),
        ({"channels": {"sms": None, "email": {"credits": 4}}}, {"channels": {"email": EMAIL_3 | {"credits": 4}}}),
        ({"channels": {"whatsapp": None}}, {}),
        (
            {"channels": {"whatsapp": {"daily_limit": 0}}},
            {
                "channels": {
                    "sms": SMS_9,
                    "email": EMAIL_3,
                    "whatsapp": {"credits": 0, "daily_limit": 0, "carry_over": None},
                }
            },
        ),
        ({"channels": None}, {"channels": {}}),
        ({"gateways": []}, {"gateways": []}),
        ({"gateways": None}, {"gateways": []}),
    ],
)
async def test_a_patch_changes_what_it_names_and_nothing_else(stack: Stack, patch, expected):
    staff = await admin(stack)
    plan = await new_plan(staff, **FULL, gateways=[await stack.gateway(0, "sms", "sandbox", {})])
    assert await staff.data("PATCH", f"/plans/{plan['id']}", patch) == plan | expected
    assert await staff.data("GET", f"/plans/{plan['id']}") == plan | expected


async def test_a_plan_gets_another_name_and_other_gateways(stack: Stack):
    staff, other = await admin(stack), name()
    first, second, third = [await stack.gateway(0, "sms", "sandbox", {}) for _ in range(3)]
    plan = await new_plan(staff, gateways=[first, second])
    changed = await staff.data("PATCH", f"/plans/{plan['name']}", {"name": other, "gateways": [third, second]})
    assert changed == plan | {"name": other, "gateways": sorted([second, third])}
    assert await staff.data("GET", f"/plans/{other}") == changed
    assert_error(await staff.call("GET", f"/plans/{plan['name']}"), 404, "plan_not_found")


async def test_a_patch_of_other_fields_grants_no_gateway_that_came_later(stack: Stack):
    staff = await admin(stack)
    gateway = await stack.gateway(0, "sms", "sandbox", {})
    plan = await new_plan(staff, gateways=[gateway])
    await stack.gateway(0, "email", "sandbox", {}, identifier=gateway)
    user = await user_with(staff, plan)

    async def channels() -> list[str]:
        answer = await stack.http.get("/api/gateways", headers=user.headers)
        return sorted(entry["channel"] for entry in answer.json()["data"])

    await staff.data("PATCH", f"/plans/{plan['id']}", {"price_cents": 5})
    assert await channels() == ["sms"]
    await staff.data("PATCH", f"/plans/{plan['id']}", {"gateways": [gateway]})
    assert await channels() == ["email", "sms"]


WRONG = [
    ({"name": ""}, "string_too_short", "/name"),
    ({"name": "a\nb"}, "string_pattern_mismatch", "/name"),
    ({"name": "x" * 101}, "string_too_long", "/name"),
    ({"price_cents": -1}, "greater_than_equal", "/price_cents"),
    ({"price_cents": 1.5}, "int_type", "/price_cents"),
    ({"price_cents": 10**12 + 1}, "less_than_equal", "/price_cents"),
    ({"currency": "eur"}, "string_pattern_mismatch", "/currency"),
    ({"period": "decade"}, "literal_error", "/period"),
    ({"own_gateways": "yes"}, "bool_type", "/own_gateways"),
    ({"rate_class": "slow"}, "literal_error", "/rate_class"),
    ({"channels": {"fax": {}}}, "enum", "/channels/fax"),
    ({"channels": {"sms": {"credits": True}}}, "int_type", "/channels/sms/credits"),
    ({"channels": {"sms": {"daily_limit": -1}}}, "greater_than_equal", "/channels/sms/daily_limit"),
    ({"channels": {"sms": {"carry_over": -1}}}, "greater_than_equal", "/channels/sms/carry_over"),
    ({"channels": {"sms": {"carry_over": "all"}}}, "int_type", "/channels/sms/carry_over"),
    ({"channels": {"sms": {"credit": 5}}}, "extra_forbidden", "/channels/sms/credit"),
    ({"gateways": ["nowhere"]}, "gateway_not_found", "/gateways"),
    ({"colour": "red"}, "extra_forbidden", "/colour"),
]


@pytest.mark.parametrize(("body", "code", "pointer"), WRONG)
async def test_a_new_plan_that_cannot_be_is_refused(stack: Stack, body, code, pointer):
    staff = await admin(stack)
    before = await staff.data("GET", "/plans?limit=1")
    assert_error(await staff.call("POST", "/plans", {"name": name()} | body), 422, code, pointer)
    assert await staff.data("GET", "/plans?limit=1") == before


@pytest.mark.parametrize(
    ("patch", "code", "pointer"),
    [
        *WRONG,
        ({"name": None}, "missing", "/name"),
        ({"colour": None}, "extra_forbidden", "/colour"),
        ({"channels": {"fax": None}}, "enum", "/channels/fax"),
        (
            {"channels": {"email": {"daily_limit": 5}, "sms": {"credits": -1}}},
            "greater_than_equal",
            "/channels/sms/credits",
        ),
        ({"id": 5}, "extra_forbidden", "/id"),
        ([], "object_type", ""),
    ],
)
async def test_a_patch_that_cannot_be_is_refused_and_changes_nothing(stack: Stack, patch, code, pointer):
    staff = await admin(stack)
    plan = await new_plan(staff, **FULL)
    assert_error(await staff.call("PATCH", f"/plans/{plan['id']}", patch), 422, code, pointer)
    assert await staff.data("GET", f"/plans/{plan['id']}") == plan


async def test_a_name_that_another_plan_has_is_refused(stack: Stack):
    staff = await admin(stack)
    first, second = await new_plan(staff), await new_plan(staff, price_cents=5)
    patch = {"name": first["name"], "price_cents": 6}
    assert_error(await staff.call("PATCH", f"/plans/{second['id']}", patch), 409, "plan_exists")
    assert await staff.data("GET", f"/plans/{second['id']}") == second


async def test_a_change_of_what_somebody_else_has_changed_meanwhile_is_refused(stack: Stack):
    staff = await admin(stack)
    plan = await new_plan(staff)
    path = f"/plans/{plan['id']}"
    tag = (await staff.call("GET", path)).headers["ETag"]
    changed = await staff.call("PATCH", path, {"price_cents": 5}, If_Match=tag)
    assert (changed.status_code, changed.headers["ETag"] != tag) == (200, True)
    for method, body in (("PATCH", {"price_cents": 6}), ("DELETE", None)):
        assert_error(await staff.call(method, path, body, If_Match=tag), 412, "changed_meanwhile")
    assert (await staff.data("GET", path))["price_cents"] == 5
    await staff.data("DELETE", path, If_Match=changed.headers["ETag"])


async def test_patches_at_a_time_all_count(stack: Stack):
    staff = await admin(stack)
    plan = await new_plan(staff)
    patches = [
        {"price_cents": 5},
        {"currency": "EUR"},
        {"period": "year"},
        {"channels": {"sms": {"credits": 5}}},
        {"channels": {"sms": {"daily_limit": 6}}},
        {"channels": {"email": {"credits": 7}}},
    ]
    await asyncio.gather(*(staff.data("PATCH", f"/plans/{plan['id']}", patch) for patch in patches))
    channels = {"sms": SMS_9 | {"credits": 5, "daily_limit": 6, "carry_over": None}, "email": EMAIL_3 | {"credits": 7}}
    expected = plan | {"price_cents": 5, "currency": "EUR", "period": "year", "channels": channels}
    assert await staff.data("GET", f"/plans/{plan['id']}") == expected


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/plans", {"name": "dry"}),
        ("PATCH", "/plans/{id}", {"name": "dry", "channels": {"sms": None}, "gateways": []}),
        ("DELETE", "/plans/{id}", None),
    ],
)
async def test_a_dry_run_answers_as_ever_and_writes_nothing(stack: Stack, method, path, body):
    staff = await admin(stack)
    plan = await new_plan(staff, **FULL, gateways=[await stack.gateway(0, "sms", "sandbox", {})])
    before = (await staff.data("GET", "/audit?limit=1"))[0]["id"]
    answer = await staff.call(method, path.replace("{id}", str(plan["id"])) + "?dry_run=true", body)
    assert (answer.status_code, answer.json()["dry_run"]) == (200, True), answer.text
    assert (await staff.data("GET", "/audit?limit=1"))[0]["id"] == before
    assert await staff.data("GET", f"/plans/{plan['id']}") == plan
    assert await staff.data("GET", "/plans?q=dry") == []


async def test_only_a_plan_that_nobody_has_is_deleted(stack: Stack):
    staff = await admin(stack)
    plan, other = await new_plan(staff), await new_plan(staff)
    users = [await staff.user(plan=plan["name"]) for _ in range(4)]
    await staff.data("DELETE", f"/users/{users[1]['id']}")
    refused = assert_error(await staff.call("DELETE", f"/plans/{plan['id']}"), 409, "plan_in_use")
    assert f"{users[0]['id']}, {users[1]['id']} (deleted), {users[2]['id']}." in refused["message"]
    await staff.data("POST", f"/users/{users[1]['id']}/restore")
    for user in users:
        await staff.data("PUT", f"/users/{user['id']}/plan", {"plan": other["id"]})
    assert await staff.data("DELETE", f"/plans/{plan['name']}") is None
    assert_error(await staff.call("DELETE", f"/plans/{plan['id']}"), 404, "plan_not_found")


async def test_a_plan_is_either_deleted_or_assigned(stack: Stack):
    staff = await admin(stack)
    user = await staff.user()
    for _ in range(15):
        plan = await new_plan(staff)
        assigned, deleted = await asyncio.gather(
            staff.call("PUT", f"/users/{user['id']}/plan", {"plan": plan["id"]}),
            staff.call("DELETE", f"/plans/{plan['id']}"),
        )
        assert (assigned.status_code, deleted.status_code) in ((200, 409), (404, 200)), (assigned.text, deleted.text)
        if deleted.status_code == 409:
            assert_error(deleted, 409, "plan_in_use")
        else:
            assert_error(assigned, 404, "plan_not_found")


async def waits_for_a_lock(stack: Stack, statement: str) -> None:
    query = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like %s"
    async with asyncio.timeout(10):
        while True:
            async with stack.pool.connection() as conn:
                if await (await conn.execute(query, (statement,))).fetchone():
                    return
            await asyncio.sleep(0.01)


async def test_who_assigns_a_plan_that_is_being_deleted_waits_and_finds_none(stack: Stack):
    staff = await admin(stack)
    plan, user = await new_plan(staff), await staff.user()
    async with stack.pool.connection() as conn, conn.transaction():
        await conn.execute("delete from plans where id = %s", (plan["id"],))
        body = {"plan": plan["id"]}
        assigning = asyncio.create_task(staff.call("PUT", f"/users/{user['id']}/plan", body))
        await waits_for_a_lock(stack, "select id from plans %")
    assert_error(await assigning, 404, "plan_not_found")
    assert await staff.data("GET", f"/users/{user['id']}") == user


async def test_who_deletes_a_plan_that_is_being_assigned_waits_and_finds_it_in_use(stack: Stack):
    staff = await admin(stack)
    plan, user = await new_plan(staff), await staff.user()
    async with stack.pool.connection() as conn, conn.transaction():
        await conn.execute("update accounts set plan_id = %s where id = %s", (plan["id"], user["id"]))
        deleting = asyncio.create_task(staff.call("DELETE", f"/plans/{plan['id']}"))
        await waits_for_a_lock(stack, "select from plans %")
    assert_error(await deleting, 409, "plan_in_use")


async def test_changes_are_logged_with_what_differs(stack: Stack):
    staff = await admin(stack)
    plan = await new_plan(staff, price_cents=5)
    path = f"/plans/{plan['id']}"
    await staff.data("PATCH", path, {"price_cents": 6, "channels": {"sms": {"credits": 1}}})
    await staff.data("DELETE", path)
    found = await staff.data("GET", f"/audit?target=plan:{plan['id']}")
    assert [event["action"] for event in found] == ["plan.deleted", "plan.updated", "plan.created"]
    assert found[1]["changes"] == [
        {"field": "price_cents", "from": 5, "to": 6},
        {"field": "channels", "from": {}, "to": {"sms": {"credits": 1, "daily_limit": None, "carry_over": None}}},
    ]
    assert found[0]["targets"] == [{"type": "plan", "id": str(plan["id"]), "name": plan["name"]}]


async def test_a_changed_daily_limit_counts_for_the_next_message(stack: Stack):
    staff = await admin(stack)
    plan = await new_plan(staff, channels={"sms": {"credits": 10, "daily_limit": 1}})
    user = await user_with(staff, plan)
    await stack.gateway(user.id, "sms", "sandbox", {})

    async def state() -> str:
        (item,) = (await stack.send(user, "sms", SMS)).json()["data"]
        return (await stack.final(user, "sms", item["uid"]))["state"]

    async def set_limit(limit: int | None) -> None:
        await staff.data("PATCH", f"/plans/{plan['id']}", {"channels": {"sms": {"daily_limit": limit}}})

    assert [await state(), await state()] == ["sent", "rejected"]
    await set_limit(2)
    assert [await state(), await state()] == ["sent", "rejected"]
    await set_limit(None)
    assert await state() == "sent"
    assert (await staff.data("GET", f"/users/{user.id}/credits"))["sms"]["granted"] == 10


async def test_changed_credits_are_granted_to_who_gets_the_plan_later(stack: Stack):
    staff = await admin(stack)
    plan = await new_plan(staff, channels={"sms": {"credits": 10}})
    first = await staff.user(plan=plan["id"])
    await staff.data("PATCH", f"/plans/{plan['id']}", {"channels": {"sms": {"credits": 20}}})
    second = await staff.user(plan=plan["id"])
    for user, granted in ((first, 10), (second, 20)):
        assert (await staff.data("GET", f"/users/{user['id']}/credits"))["sms"]["granted"] == granted


async def test_plans_are_listed_newest_first_page_by_page_by_a_part_of_the_name(stack: Stack):
    staff, mark = await admin(stack), uuid4().hex
    made = [await new_plan(staff, name=f"{mark} {number}") for number in range(5)]
    seen, path = [], f"/plans?q={mark.upper()}&limit=2"
    while path:
        answer = (await staff.call("GET", path)).json()
        seen += answer["data"]
        await new_plan(staff, name=f"{mark} later {len(seen)}")
        path = answer["next_cursor"] and f"/plans?q={mark.upper()}&limit=2&cursor={answer['next_cursor']}"
    assert seen == made[::-1]
    assert await staff.data("GET", f"/plans?q={mark}_%25") == []
    lines = (await staff.call("GET", f"/plans?q={mark} 3&format=csv")).text.splitlines()
    assert lines[0].startswith("id,name,price_cents,")
    assert (len(lines), f"{mark} 3" in lines[1]) == (2, True)
    assert_error(await staff.call("GET", "/plans?name=x"), 422, "query_unknown", "/name")


async def test_who_writes_plans_and_who_deletes_them(stack: Stack):
    owner = await admin(stack)
    finance, marketer = await owner.colleague("finance"), await owner.colleague("marketer")
    plan = await new_plan(finance)
    path = f"/plans/{plan['id']}"
    assert (await finance.data("PATCH", path, {"price_cents": 7}))["price_cents"] == 7
    assert (await marketer.data("GET", path))["price_cents"] == 7
    assert_error(await marketer.call("PATCH", path, {"price_cents": 8}), 403, "permission_missing")
    assert_error(await marketer.call("POST", "/plans", {"name": name()}), 403, "permission_missing")
    assert_error(await finance.call("DELETE", path), 403, "permission_missing")
    await (await owner.colleague("admin")).data("DELETE", path)
