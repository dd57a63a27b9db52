"""``schedule_at`` and the words of a status."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.api.answers import send_one
from tests.stack import Stack, User

TUNIS = ZoneInfo("Africa/Tunis")


def in_an_hour() -> datetime:
    return (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)


async def set_zone(stack: Stack, user: User, zone: str) -> None:
    async with stack.pool.connection() as conn:
        await conn.execute("update accounts set time_zone = %s where id = %s", (zone, user.id))


@pytest.mark.parametrize(
    "written",
    [
        lambda at: at.isoformat(),
        lambda at: at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        lambda at: at.astimezone(ZoneInfo("Asia/Kolkata")).isoformat(),
        lambda at: at.astimezone(TUNIS).strftime("%Y-%m-%d %H:%M:%S"),
        lambda at: at.astimezone(TUNIS).strftime("%Y-%m-%dT%H:%M:%S"),
    ],
    ids=["offset", "Z", "other offset", "local with space", "local"],
)
@pytest.mark.parametrize("channel", ["sms", "email", "whatsapp"])
async def test_a_time_is_read_with_its_offset_or_else_in_the_accounts_zone(stack: Stack, channel, written):
    user = await stack.user()
    await set_zone(stack, user, "Africa/Tunis")
    at = in_an_hour()
    item = await send_one(stack, user, channel, schedule_at=written(at))
    assert (item["status"], item["state"]) == ("schedule", "scheduled")
    data = await stack.status(user, channel, item["uid"])
    assert (data["status"], data["state"]) == ("schedule", "scheduled")
    assert data["waiting"]["for"] == "schedule"
    assert datetime.fromisoformat(data["waiting"]["until"]) == at


async def test_a_time_in_the_past_means_at_once(stack: Stack):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    item = await send_one(stack, user, schedule_at="2020-01-01T00:00:00Z")
    assert item["status"] == "pending"
    assert (await stack.final(user, "sms", item["uid"]))["status"] == "delivered"


async def test_a_page_may_mix_times(stack: Stack):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    sms = {"number": "+14155550123", "body": "Hi"}
    answer = await stack.send(user, "sms", sms, {**sms, "schedule_at": in_an_hour().isoformat()})
    now, later = answer.json()["data"]
    assert [now["status"], later["status"]] == ["pending", "schedule"]
    assert (await stack.final(user, "sms", now["uid"]))["status"] == "delivered"
    data = await stack.status(user, "sms", later["uid"])
    assert (data["status"], data["credit"]) == ("schedule", {"amount": 1, "state": "held"})


@pytest.mark.parametrize(
    ("number", "status", "state"),
    [
        ("+14155550123", "delivered", "sent"),
        ("+15005550001", "fail", "rejected"),
        ("+15005550004", "processing", "unknown"),
    ],
)
async def test_a_status_is_one_object_that_speaks_xsenders_words(stack: Stack, number, status, state):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    item = await send_one(stack, user, number=number)
    await stack.final(user, "sms", item["uid"])
    answer = await stack.http.get(f"/api/get/sms/{item['uid']}", headers=user.headers)
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"success", "message", "data"}
    data = body["data"]
    assert (data["uid"], data["to"]) == (item["uid"], number)
    assert (data["status"], data["state"]) == (status, state)


async def test_a_status_names_each_attempt_its_gateway_and_answer(stack: Stack):
    user = await stack.user()
    gateway = await stack.gateway(user.id, "sms", "sandbox", {})
    item = await send_one(stack, user, number="+15005550001")
    data = await stack.final(user, "sms", item["uid"])
    (attempt,) = data["attempts"]
    assert (attempt["attempt"], attempt["gateway"], attempt["outcome"]) == (1, gateway, "refused")
    assert attempt["code"] == data["code"] == "sandbox_refused"
    assert datetime.fromisoformat(attempt["started_at"]) <= datetime.fromisoformat(attempt["ended_at"])
    assert datetime.fromisoformat(data["created_at"]).tzinfo is not None


async def test_the_address_that_one_sdk_calls_answers_the_same(stack: Stack):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    item = await send_one(stack, user)
    await stack.final(user, "sms", item["uid"])
    answer = await stack.http.get(f"/api/sms/get/{item['uid']}", headers=user.headers)
    assert answer.json()["data"] == await stack.status(user, "sms", item["uid"])
