"""Users, their plans and credits over the admin API."""

import asyncio
import csv
import io
from uuid import uuid4

import pytest

from api.http import idempotency
from domain.channels import Channel
from store.accounts import plans
from tests.api.admin import Staff, admin
from tests.api.answers import SMS, assert_error, send_one
from tests.stack import Stack, User


async def plan_of(stack: Stack, amount: int = 5) -> plans.Plan:
    channels = {Channel.SMS: plans.Allowance(credits=amount)}
    return await plans.create(stack.pool, plans.NewPlan(name=f"plan {uuid4().hex}", channels=channels))


async def count(stack: Stack, table: str) -> int:
    async with stack.pool.connection() as conn:
        row = await (await conn.execute(f"select count(*) from {table}")).fetchone()
    return row[0]


async def sent_one(stack: Stack, key: User, gateway: str) -> None:
    """Send a message and wait for its end: tests that come later count rows."""
    item = await send_one(stack, key, gateway_identifier=gateway)
    assert (await stack.final(key, "sms", item["uid"]))["state"] == "sent"


async def test_seed_row_create_suspend_and_delete_a_user(stack: Stack):
    """The row of the page this product started from, over HTTP alone: until it is deleted the user can send."""
    staff = await admin(stack)
    user = await staff.user(time_zone="Europe/Berlin", region="DE")
    assert (user["state"], user["time_zone"], user["region"]) == ("active", "Europe/Berlin", "DE")
    await staff.data("POST", f"/users/{user['id']}/credits", {"channel": "sms", "amount": 3, "reason": "welcome"})
    gateway = await stack.gateway(user["id"], "sms", "sandbox", {})
    key = User(user["id"], (await staff.data("POST", "/keys", {"user": user["id"]}))["key"])
    await sent_one(stack, key, gateway)

    assert (await staff.data("POST", f"/users/{user['id']}/suspend", {"reason": "unpaid"}))["state"] == "suspended"
    assert_error(await stack.send(key, "sms", SMS), 403, "account_suspended")
    assert (await staff.data("POST", f"/users/{user['id']}/resume"))["state"] == "active"
    await sent_one(stack, key, gateway)

    deleted = await staff.data("DELETE", f"/users/{user['id']}")
    assert (deleted["state"], deleted["deleted_at"] is not None) == ("deleted", True)
    assert_error(await stack.send(key, "sms", SMS), 401, "unauthorized")
    assert (await staff.data("POST", f"/users/{user['id']}/restore"))["state"] == "active"


async def test_seed_row_assign_a_plan_and_top_up_credit(stack: Stack):
    staff, plan = await admin(stack), await plan_of(stack)
    user = await staff.user()
    for wanted in (plan.name, plan.id, plan.name):  # a repeat grants nothing more
        data = await staff.data("PUT", f"/users/{user['id']}/plan", {"plan": wanted})
        assert (data["plan"], data["plan_renews"]) == (plan.name, True)
    assert (await staff.data("GET", f"/users/{user['id']}/credits"))["sms"]["available"] == 5
    wallet = await staff.data("POST", f"/users/{user['id']}/credits", {"channel": "sms", "amount": 10, "reason": "x"})
    assert wallet == {"available": 15, "held": 0, "spent": 0, "granted": 15}
    wallet = await staff.data("POST", f"/users/{user['id']}/credits", {"channel": "sms", "amount": -15})
    assert wallet == {"available": 0, "held": 0, "spent": 0, "granted": 0}
    path = f"/users/{user['id']}/credits"
    assert_error(await staff.call("POST", path, {"channel": "sms", "amount": -1}), 402, "insufficient_credit")
    assert_error(await staff.call("POST", path, {"channel": "sms", "amount": 0}), 422, "amount", "/amount")
    assert_error(await staff.call("PUT", f"/users/{user['id']}/plan", {"plan": "none"}), 404, "plan_not_found")


async def test_a_top_up_that_is_repeated_with_its_key_is_granted_once(stack: Stack):
    staff = await admin(stack)
    user = await staff.user()
    body, key = {"channel": "sms", "amount": 7}, uuid4().hex
    path = f"/users/{user['id']}/credits"
    answers = [await staff.call("POST", path, body, Idempotency_Key=key) for _ in range(3)]
    assert {answer.text for answer in answers} == {answers[0].text}
    assert [answer.headers.get("Idempotent-Replayed") for answer in answers] == [None, "true", "true"]
    assert (await staff.data("GET", path))["sms"]["available"] == 7
    assert_error(await staff.call("POST", path, body | {"amount": 8}, Idempotency_Key=key), 422, "idempotency_mismatch")


async def test_a_repeat_after_a_crash_gets_the_answer_of_the_first(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    """The change and its answer are stored together: what comes after that may fail."""
    staff, key = await admin(stack), uuid4().hex
    body = {"email": f"{uuid4().hex}@example.com", "name": "Ann"}

    def crash(answer: bytes) -> None:
        raise RuntimeError("crashed after the transaction")

    with monkeypatch.context() as patched:
        patched.setattr(idempotency, "_json", crash)
        assert (await staff.call("POST", "/users", body, Idempotency_Key=key)).status_code == 500
    repeated = await staff.call("POST", "/users", body, Idempotency_Key=key)
    assert (repeated.status_code, repeated.headers["Idempotent-Replayed"]) == (200, "true")
    assert repeated.json()["data"]["email"] == body["email"]


async def test_top_ups_at_a_time_all_count(stack: Stack):
    staff = await admin(stack)
    user = await staff.user()
    path = f"/users/{user['id']}/credits"
    await asyncio.gather(*(staff.data("POST", path, {"channel": "sms", "amount": 1}) for _ in range(20)))
    assert (await staff.data("GET", path))["sms"]["available"] == 20


async def test_the_journal_tells_what_was_moved_and_what_a_message_cost(stack: Stack):
    staff = await admin(stack)
    user = await staff.user()
    path = f"/users/{user['id']}"
    for amount, reason in ((5, "welcome"), (-2, "a mistake"), (4, "")):
        await staff.data("POST", f"{path}/credits", {"channel": "sms", "amount": amount, "reason": reason})
    await staff.data("POST", f"{path}/credits", {"channel": "email", "amount": 1})
    gateway = await stack.gateway(user["id"], "sms", "sandbox", {})
    key = User(user["id"], (await staff.data("POST", "/keys", {"user": user["id"]}))["key"])
    uid = (await send_one(stack, key, gateway_identifier=gateway))["uid"]
    await stack.final(key, "sms", uid)

    async def moved(query: str) -> list[tuple[str, int, str]]:
        entries = await staff.data("GET", f"{path}/journal?{query}")
        return [(entry["kind"], entry["amount"], entry["reason"]) for entry in entries]

    sms = [("grant", 4, ""), ("deduct", 2, "a mistake"), ("grant", 5, "welcome")]
    assert await moved("") == [("grant", 1, ""), *sms]
    assert await moved("channel=sms") == sms
    assert await moved("kind=deduct") == [sms[1]]
    assert [kind for kind, _, _ in await moved(f"uid={uid}")] == ["capture", "hold"]
    seen, cursor = [], ""
    while cursor is not None:
        page = (await staff.call("GET", f"{path}/journal?limit=3{cursor and '&cursor=' + cursor}")).json()
        seen += page["data"]
        cursor = page["next_cursor"]
    assert len(seen) == len({entry["uid"] for entry in seen}) == 4
    assert_error(await staff.call("GET", "/users/9000000000/journal"), 404, "account_not_found")


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({"name": "Bob"}, {"name": "Bob"}),
        ({"external_id": "crm-1"}, {"external_id": "crm-1"}),
        ({"external_id": None, "region": None}, {"external_id": None, "region": None}),
        ({"time_zone": "Asia/Tokyo", "region": "JP"}, {"time_zone": "Asia/Tokyo", "region": "JP"}),
        ({}, {}),
    ],
)
async def test_a_patch_changes_what_it_names_and_nothing_else(stack: Stack, patch, expected):
    staff = await admin(stack)
    user = await staff.user(region="FR")
    assert await staff.data("PATCH", f"/users/{user['id']}", patch) == user | expected
    assert await staff.data("GET", f"/users/{user['id']}") == user | expected


@pytest.mark.parametrize(
    ("patch", "code", "pointer"),
    [
        ({"name": None}, "string_type", "/name"),
        ({"name": " "}, "name", "/name"),
        ({"email": "nobody"}, "email_invalid", "/email"),
        ({"email": ""}, "email_invalid", "/email"),
        ({"time_zone": "Mars/Olympus"}, "time_zone", "/time_zone"),
        ({"region": "XX"}, "default_region", "/region"),
        ({"external_id": "a b"}, "external_id", "/external_id"),
        ({"state": "deleted"}, "extra_forbidden", "/state"),
    ],
)
async def test_a_patch_that_cannot_be_is_refused_and_changes_nothing(stack: Stack, patch, code, pointer):
    staff = await admin(stack)
    user = await staff.user()
    assert_error(await staff.call("PATCH", f"/users/{user['id']}", patch), 422, code, pointer)
    assert await staff.data("GET", f"/users/{user['id']}") == user


async def test_a_change_of_what_somebody_else_has_changed_meanwhile_is_refused(stack: Stack):
    staff = await admin(stack)
    user = await staff.user()
    tag = (await staff.call("GET", f"/users/{user['id']}")).headers["ETag"]
    changed = await staff.call("PATCH", f"/users/{user['id']}", {"name": "Bob"}, If_Match=tag)
    assert (changed.status_code, changed.headers["ETag"] != tag) == (200, True)
    for method, body in (("PATCH", {"name": "Eve"}), ("DELETE", None)):
        refused = await staff.call(method, f"/users/{user['id']}", body, If_Match=tag)
        assert_error(refused, 412, "changed_meanwhile")
    assert (await staff.data("GET", f"/users/{user['id']}"))["name"] == "Bob"


async def test_another_system_creates_and_changes_users_by_its_own_ids(stack: Stack):
    staff, plan = await admin(stack), await plan_of(stack)
    path = f"/users/by-external-id/crm-{uuid4().hex}"
    body = {"email": f"{uuid4().hex}@example.com", "name": "Ann", "plan": plan.name}
    users = [await staff.data("PUT", path, body) for _ in range(3)]
    assert {user["id"] for user in users} == {users[0]["id"]}
    assert (await staff.data("GET", f"/users/{users[0]['id']}/credits"))["sms"]["granted"] == 5
    assert (await staff.data("PUT", path, body | {"name": "Bob"}))["name"] == "Bob"


async def test_names_that_others_have_are_refused(stack: Stack):
    staff = await admin(stack)
    first, second = await staff.user(external_id=uuid4().hex), await staff.user()
    path = f"/users/{second['id']}"
    assert_error(await staff.call("PATCH", path, {"email": first["email"]}), 409, "email_taken")
    assert_error(await staff.call("PATCH", path, {"external_id": first["external_id"]}), 409, "external_id_taken")
    assert_error(await staff.call("POST", "/users", {"email": first["email"], "name": "A"}), 409, "email_taken")
    await staff.data("DELETE", f"/users/{first['id']}")
    await staff.data("PATCH", path, {"email": first["email"]})
    assert_error(await staff.call("POST", f"/users/{first['id']}/restore"), 409, "email_taken")
    assert_error(await staff.call("POST", f"/users/{second['id']}/restore"), 409, "not_deleted")
    assert_error(await staff.call("PATCH", f"/users/{first['id']}", {"name": "A"}), 404, "account_not_found")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/users", {"email": "dry@example.com", "name": "Dry"}),
        ("PATCH", "/users/{id}", {"name": "Dry"}),
        ("PUT", "/users/by-external-id/dry", {"email": "dry@example.com", "name": "Dry"}),
        ("DELETE", "/users/{id}", None),
        ("POST", "/users/{id}/suspend", None),
        ("POST", "/users/{id}/resume", None),
        ("PUT", "/users/{id}/plan", {"plan": "{plan}"}),
        ("POST", "/users/{id}/credits", {"channel": "sms", "amount": 5}),
        ("POST", "/keys", {"user": "{id}"}),
        ("POST", "/staff", {"email": "dry@example.com", "name": "Dry", "role": "support"}),
        ("PUT", "/roles/dry", {"permissions": ["users:read"]}),
    ],
)
async def test_a_dry_run_answers_as_ever_and_writes_nothing(stack: Stack, method, path, body):
    staff, plan = await admin(stack), await plan_of(stack)
    user = await staff.user()
    tables = ("accounts", "wallets", "journal", "api_keys", "staff", "roles", "audit_events", "idempotency_keys")
    before = [await count(stack, table) for table in tables]
    body = body and {
        name: {"{id}": user["id"], "{plan}": plan.name}.get(str(value), value) for name, value in body.items()
    }
    answer = await staff.call(
        method, path.replace("{id}", str(user["id"])) + "?dry_run=true", body, Idempotency_Key=uuid4().hex
    )
    assert (answer.status_code, answer.json()["dry_run"]) == (200, True), answer.text
    assert [await count(stack, table) for table in tables] == before
    assert await staff.data("GET", f"/users/{user['id']}") == user


async def test_a_list_is_the_same_page_by_page_while_users_come(stack: Stack):
    staff, mark = await admin(stack), uuid4().hex
    ids = [(await staff.user(external_id=f"{mark}-{number}"))["id"] for number in range(5)]
    seen, path = [], f"/users?q={mark}&limit=2"
    while path:
        answer = (await staff.call("GET", path)).json()
        seen += [user["id"] for user in answer["data"]]
        await staff.user(external_id=f"{mark}-later-{len(seen)}")
        path = answer["next_cursor"] and f"/users?q={mark}&limit=2&cursor={answer['next_cursor']}"
    assert seen == ids[::-1]


async def test_filters_narrow_a_list(stack: Stack):
    staff, mark, plan = await admin(stack), uuid4().hex, await plan_of(stack)
    first = await staff.user(external_id=f"{mark}-1", plan=plan.name)
    second = await staff.user(external_id=f"{mark}-2")
    third = await staff.user(external_id=f"{mark}-3")
    await staff.data("POST", f"/users/{second['id']}/suspend")
    await staff.data("DELETE", f"/users/{third['id']}")

    async def found(query: str) -> list[int]:
        return [user["id"] for user in await staff.data("GET", f"/users?q={mark}&{query}")]

    assert await found("") == [second["id"], first["id"]]
    assert await found("state=suspended") == [second["id"]]
    assert await found("state=suspended&state=deleted") == [third["id"], second["id"]]
    assert await found(f"plan={plan.name}") == [first["id"]]
    assert await found(f"email={first['email'].upper()}") == [first["id"]]
    assert await found(f"external_id={mark}-2") == [second["id"]]
    assert await found(f"created_after={second['created_at']}") == [second["id"]]
    assert await found(f"created_before={second['created_at']}") == [first["id"]]
    assert [user["id"] for user in await staff.data("GET", f"/users?q={mark[:-1]}%25")] == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("stat=suspended", "query_unknown"),
        ("state=asleep", "literal_error"),
        ("limit=0", "greater_than_equal"),
        ("limit=201", "less_than_equal"),
        ("cursor=x", "cursor"),
        ("cursor=%C3%A4", "cursor"),
        ("plan=a&plan=b", "query_repeated"),
        ("q=%00", "query_text"),
        ("created_after=yesterday", "moment"),
        ("created_after=0.5", "moment"),
        ("created_after=2026-11-28T09:30:00", "timezone_aware"),
    ],
)
async def test_a_query_that_would_be_misread_is_refused(stack: Stack, query, code):
    answer = await (await admin(stack)).call("GET", f"/users?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == code


async def test_a_cursor_of_other_filters_is_refused(stack: Stack):
    staff, mark = await admin(stack), uuid4().hex
    for number in range(2):
        await staff.user(external_id=f"{mark}-{number}")
    cursor = (await staff.call("GET", f"/users?q={mark}&limit=1")).json()["next_cursor"]
    assert_error(await staff.call("GET", f"/users?limit=1&cursor={cursor}"), 422, "cursor_filters", "/cursor")


async def test_a_list_as_csv_has_all_rows_and_no_formulas(stack: Stack):
    staff, mark = await admin(stack), uuid4().hex
    names = ["=cmd()", "+1", "-1", "@x", 'a "quote", comma', "plain"]
    for number, name in enumerate(names):
        await staff.user(external_id=f"{mark}-{number}", name=name)
    answer = await staff.call("GET", f"/users?q={mark}&format=csv&limit=1")
    assert answer.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    expected = [f"'{name}" if name[0] in "=+-@" else name for name in names]
    assert [row["name"] for row in rows] == expected[::-1]
    assert (await staff.call("GET", f"/users?q={mark}", Accept="text/csv")).text == answer.text


async def test_a_user_key_gets_nothing(stack: Stack):
    user = await stack.user()
    for method, path in (("GET", "/users"), ("POST", "/users"), ("GET", "/audit"), ("GET", f"/users/{user.id}")):
        assert_error(await Staff(stack, user.key).call(method, path), 403, "scope_missing")
