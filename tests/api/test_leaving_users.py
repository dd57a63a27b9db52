"""What a user takes along, and what is left of a deleted one."""

import io
import json
import random
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from store.accounts import credits
from tests.api.admin import Staff, admin
from tests.api.answers import SMS
from tests.api.leaks import leaks_in_tables
from tests.api.operations import ended
from tests.stack import Stack, User
from worker.sweeps.deleted_accounts import purge_deleted

NUMBER = "+14155557391"


async def sender(stack: Stack, number: str = NUMBER) -> User:
    """A user who has sent a few messages, of which one was refused."""
    user = await stack.user(credit=100)
    config = {"api_key": "re_of_a_user_who_leaves", "from_address": "a@example.com"}
    await stack.gateway(user.id, "sms", "sandbox", {})
    await stack.gateway(user.id, "email", "resend", config)
    answer = await stack.send(user, "sms", *[SMS | {"number": number}] * 5)
    for item in answer.json()["data"]:
        await stack.final(user, "sms", item["uid"])
    staff = await admin(stack)
    await staff.data("POST", "/suppressions", {"user": user.id, "channel": "sms", "recipient": number})
    return user


def files_in(answer: httpx.Response) -> dict[str, list[dict[str, Any]]]:
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        return {name: [json.loads(line) for line in archive.read(name).splitlines()] for name in archive.namelist()}


async def exported(staff: Staff, user: int) -> dict[str, list[dict[str, Any]]]:
    begun = await staff.data("POST", f"/users/{user}/export")
    await ended(staff.stack.pool, begun["id"])
    return files_in(await staff.call("GET", f"/operations/{begun['id']}/result"))


async def test_all_data_of_a_user_is_exported_without_secrets(stack: Stack, monkeypatch):
    monkeypatch.setattr("store.operations.exports.ROWS", 2)  # so that each table takes several slices
    staff, user = await admin(stack), await sender(stack)
    files = await exported(staff, user.id)
    assert [row["recipient"] for row in files["messages.ndjson"]] == [NUMBER] * 5
    assert len(files["attempts.ndjson"]) == 5
    assert {row["kind"] for row in files["journal.ndjson"]} >= {"grant", "hold", "capture"}
    assert files["suppressions.ndjson"][0]["recipient"] == NUMBER
    assert {row["type"] for row in files["gateways.ndjson"]} == {"sandbox", "resend"}
    text = json.dumps(files)
    assert "re_of_a_user_who_leaves" not in text
    assert user.key.split("_")[-1] not in text


async def test_a_user_exports_its_own_data_and_nobody_else_downloads_it(stack: Stack):
    user, other = await sender(stack), await stack.user()
    answer = await stack.http.post("/api/export", headers=user.headers | {"Idempotency-Key": "e"})
    again = await stack.http.post("/api/export", headers=user.headers | {"Idempotency-Key": "e"})
    assert again.json() == answer.json()
    operation = answer.json()["data"]["id"]
    await ended(stack.pool, operation)
    where = f"/api/operations/{operation}/result"
    assert len(files_in(await stack.http.get(where, headers=user.headers))["messages.ndjson"]) == 5
    assert (await stack.http.get(where, headers=other.headers)).status_code == 404


async def test_staff_that_may_not_see_recipients_exports_nothing(stack: Stack):
    owner, user = await admin(stack), await sender(stack)
    await owner.data("PUT", "/roles/exporter", {"permissions": ["users:export", "users:read"]})
    member = await owner.colleague("exporter")
    assert (await member.call("POST", f"/users/{user.id}/export")).status_code == 403
    begun = await owner.data("POST", f"/users/{user.id}/export")
    await ended(stack.pool, begun["id"])
    assert (await member.call("GET", f"/operations/{begun['id']}/result")).status_code == 403


async def test_a_purge_removes_what_is_personal_and_keeps_counts_and_money(stack: Stack):
    number, other = ("+1415557" + str(n) for n in random.sample(range(1000, 10_000), 2))  # nobody else writes to these
    staff, user = await admin(stack), await sender(stack, number)
    email = (await staff.data("GET", f"/users/{user.id}"))["email"]
    assert (await staff.call("POST", f"/users/{user.id}/purge")).status_code == 409
    later = (datetime.now(UTC) + timedelta(days=5)).isoformat()
    due = await stack.send(user, "sms", SMS | {"number": other, "schedule_at": later})
    assert due.status_code == 200, due.text
    await staff.data("DELETE", f"/users/{user.id}")
    begun = await staff.data("POST", f"/users/{user.id}/purge")
    assert (await staff.call("POST", f"/users/{user.id}/restore")).status_code == 409
    certificate = await ended(stack.pool, begun["id"])
    assert certificate.state == "done", certificate.errors
    assert certificate.result is not None
    assert certificate.result["rows"]["messages"] == 6
    assert await leaks_in_tables(stack.pool, [number, other, email]) == []
    async with stack.pool.connection() as conn:
        rows = await (
            await conn.execute("select state, count(*) from messages where account_id = %s group by 1", (user.id,))
        ).fetchall()
        wallet = await (
            await conn.execute(
                "select available, held, spent from wallets where account_id = %s and channel = 'sms'", (user.id,)
            )
        ).fetchone()
    assert dict(rows) == {"sent": 5, "cancelled": 1}
    assert wallet == (95, 0, 5)
    assert [found for found in await credits.audit(stack.pool) if found.account_id == user.id] == []

    assert (await staff.call("POST", f"/users/{user.id}/export")).status_code == 409


async def test_deleted_users_are_purged_after_their_time(stack: Stack):
    staff = await admin(stack)
    users = [await staff.user() for _ in range(2)]
    for user in users:
        await staff.data("DELETE", f"/users/{user['id']}")
    async with stack.pool.connection() as conn:
        await conn.execute(
            "update accounts set deleted_at = now() - %s where id = %s", (timedelta(days=31), users[0]["id"])
        )
    await purge_deleted(stack.pool)
    await purge_deleted(stack.pool)
    (event,) = await staff.data("GET", f"/audit?target=user:{users[0]['id']}&action=user.purged")
    assert event["actor"]["type"] == "system"
    assert (await staff.call("POST", f"/users/{users[0]['id']}/restore")).status_code == 409
    assert (await staff.call("POST", f"/users/{users[1]['id']}/restore")).status_code == 200
