"""Messages that still wait can be cancelled and moved, from the very moment they were accepted."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from api.messages.lookup import OwnMessages
from domain.lanes import Lane
from store.accounts import credits
from store.accounts.api_keys import StoredKey
from store.messages.own_messages import Wanted
from tests.api.admin import admin
from tests.api.answers import SMS, assert_error, deliveries, send_one
from tests.stack import Stack, User
from workflows import policy


def at(**delta: float) -> str:
    return (datetime.now(UTC) + timedelta(**delta)).isoformat()


async def change(stack: Stack, user: User, what: str, uid: str, **body: str) -> httpx.Response:
    return await stack.http.post(f"/api/sms/{uid}/{what}", headers=user.headers, json=body)


async def ready_user(stack: Stack, credit: int = 10) -> User:
    user = await stack.user(credit=credit)
    await stack.gateway(user.id, "sms", "sandbox", {})
    return user


async def wallet(stack: Stack, user: User) -> tuple[int, int, int]:
    now = (await credits.show(stack.pool, user.id))["sms"]
    return now.available, now.held, now.spent


@pytest.mark.parametrize("round_", range(5))
async def test_a_message_can_be_cancelled_right_after_it_was_accepted(stack: Stack, round_):
    user = await ready_user(stack)
    item = await send_one(stack, user, schedule_at=at(hours=1))
    answer = await change(stack, user, "cancel", item["uid"])
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"] == {"uid": item["uid"], "status": "fail", "state": "cancelled", "schedule_at": None}
    data = await stack.final(user, "sms", item["uid"])
    assert (data["status"], data["state"], data["code"]) == ("fail", "cancelled", "cancelled")
    assert data["credit"] == {"amount": 1, "state": "released"}
    assert await deliveries(stack, item["uid"]) == []
    assert await wallet(stack, user) == (10, 0, 0)


async def test_a_message_that_is_held_releases_its_credit_when_cancelled(stack: Stack):
    user = await ready_user(stack)
    item = await send_one(stack, user, schedule_at=at(hours=1))
    await recorded(stack, user, item["uid"])
    assert await wallet(stack, user) == (9, 1, 0)
    assert (await change(stack, user, "cancel", item["uid"])).status_code == 200
    await stack.final(user, "sms", item["uid"])
    assert await wallet(stack, user) == (10, 0, 0)


async def recorded(stack: Stack, user: User, uid: str) -> dict:
    while (data := await stack.status(user, "sms", uid))["credit"] is None:
        pass
    return data


async def test_cancelling_one_message_of_a_page_leaves_the_others(stack: Stack):
    user = await ready_user(stack)
    later = SMS | {"schedule_at": at(hours=1)}
    answer = await stack.send(user, "sms", later, SMS, later)
    first, now, last = (item["uid"] for item in answer.json()["data"])
    assert (await change(stack, user, "cancel", first)).status_code == 200
    assert (await stack.final(user, "sms", first))["state"] == "cancelled"
    assert (await stack.final(user, "sms", now))["state"] == "sent"
    assert (await stack.status(user, "sms", last))["state"] == "scheduled"
    assert await wallet(stack, user) == (8, 1, 1)


async def test_what_is_past_cannot_be_changed(stack: Stack):
    user = await ready_user(stack)
    sent = await send_one(stack, user)
    await stack.final(user, "sms", sent["uid"])
    cancelled = await send_one(stack, user, schedule_at=at(hours=1))
    await change(stack, user, "cancel", cancelled["uid"])
    for uid in (sent["uid"], cancelled["uid"]):
        assert_error(await change(stack, user, "cancel", uid), 409, "not_waiting")
        assert_error(await change(stack, user, "reschedule", uid, schedule_at=at(hours=2)), 409, "not_waiting")


@pytest.mark.parametrize("round_", range(3))
async def test_a_message_moved_right_after_it_was_accepted_keeps_its_new_time(stack: Stack, round_):
    user = await ready_user(stack)
    item = await send_one(stack, user, schedule_at=at(hours=1))
    moved = at(hours=2)
    answer = await change(stack, user, "reschedule", item["uid"], schedule_at=moved)
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    assert (data["uid"], data["status"], data["state"]) == (item["uid"], "schedule", "scheduled")
    assert datetime.fromisoformat(data["schedule_at"]) == datetime.fromisoformat(moved)
    data = await recorded(stack, user, item["uid"])
    assert abs(datetime.fromisoformat(data["schedule_at"]) - datetime.fromisoformat(moved)) < timedelta(milliseconds=1)
    assert data["state"] == "scheduled"


async def test_a_message_moved_to_now_is_sent(stack: Stack):
    user = await ready_user(stack)
    item = await send_one(stack, user, schedule_at=at(hours=1))
    answer = await change(stack, user, "reschedule", item["uid"], schedule_at=at(hours=-1))
    assert answer.json()["data"]["status"] == "pending"
    assert (await stack.final(user, "sms", item["uid"]))["status"] == "delivered"
    assert len(await deliveries(stack, item["uid"])) == 1
    assert await wallet(stack, user) == (9, 0, 1)


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        ({}, 422, "missing", "/schedule_at"),
        ({"schedule_at": "soon"}, 422, "schedule_form", "/schedule_at"),
        ({"schedule_at": "2999-01-01T00:00:00Z"}, 422, "schedule_too_late", "/schedule_at"),
        ({"schedule_at": 5}, 422, "string_type", "/schedule_at"),
        ({"schedule_at": "2020-01-01T00:00:00Z", "at": 1}, 422, "extra_forbidden", "/at"),
    ],
)
async def test_a_new_time_that_is_none_is_refused(stack: Stack, body, status, code, pointer):
    user = await ready_user(stack)
    item = await send_one(stack, user, schedule_at=at(hours=1))
    assert_error(await change(stack, user, "reschedule", item["uid"], **body), status, code, pointer)
    assert (await stack.status(user, "sms", item["uid"]))["state"] == "scheduled"


async def test_a_foreign_message_cannot_be_changed(stack: Stack):
    owner, other = await ready_user(stack), await ready_user(stack)
    item = await send_one(stack, owner, schedule_at=at(hours=1))
    assert_error(await change(stack, other, "cancel", item["uid"]), 404, "message_not_found")
    answer = await change(stack, other, "reschedule", item["uid"], schedule_at=at(hours=-1))
    assert_error(answer, 404, "message_not_found")
    assert (await stack.status(owner, "sms", item["uid"]))["state"] == "scheduled"


async def assert_unknown_elsewhere(stack: Stack, user: User, uid: str) -> None:
    """A waiting SMS is not found or changed as an email or a WhatsApp message."""
    for channel in ("email", "whatsapp"):
        for method, path, body in (
            ("GET", f"/api/get/{channel}/{uid}", None),
            ("POST", f"/api/{channel}/{uid}/cancel", None),
            ("POST", f"/api/{channel}/{uid}/reschedule", {"schedule_at": at(hours=-1)}),
        ):
            answer = await stack.http.request(method, path, headers=user.headers, json=body)
            assert_error(answer, 404, "message_not_found")


async def test_a_waiting_message_is_unknown_on_other_channels(stack: Stack):
    user = await ready_user(stack)
    item = await send_one(stack, user, schedule_at=at(hours=1))
    await recorded(stack, user, item["uid"])
    await assert_unknown_elsewhere(stack, user, item["uid"])
    assert (await stack.status(user, "sms", item["uid"]))["state"] == "scheduled"


async def test_so_it_is_before_it_stands_in_the_record(stack: Stack):
    user = await ready_user(stack)
    async with stack.pool.connection() as conn, conn.transaction():
        await conn.execute("select from wallets where account_id = %s for update", (user.id,))
        item = await send_one(stack, user, schedule_at=at(hours=1))
        assert (await stack.status(user, "sms", item["uid"]))["credit"] is None
        await assert_unknown_elsewhere(stack, user, item["uid"])
    assert (await recorded(stack, user, item["uid"]))["state"] == "scheduled"


async def test_so_is_a_message_of_a_batch_that_has_not_come_to_it(stack: Stack):
    user = await ready_user(stack, credit=600)
    answer = await stack.send(user, "sms", *[SMS | {"schedule_at": at(hours=1)}] * 501)
    for item in (answer.json()["data"][0], answer.json()["data"][-1]):
        await assert_unknown_elsewhere(stack, user, item["uid"])
        assert (await change(stack, user, "cancel", item["uid"])).status_code == 200


async def test_an_index_beyond_the_page_is_unknown(stack: Stack):
    user = await ready_user(stack)
    item = await send_one(stack, user, schedule_at=at(hours=1))
    beyond = item["uid"][:-1] + format(int(item["uid"][-1], 16) | 1, "x")
    assert_error(await change(stack, user, "cancel", beyond), 404, "message_not_found")


async def test_without_a_worker_an_accepted_message_says_what_it_waits_for(stack: Stack):
    queue = f"nobody-{uuid4().hex}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(policy._QUEUES, Lane.TRANSACTIONAL, queue)
        user = await ready_user(stack)
        now = await send_one(stack, user)
        later = await send_one(stack, user, schedule_at=at(hours=1))
    data = await stack.status(user, "sms", now["uid"])
    assert (data["status"], data["state"]) == ("pending", "queued")
    assert data["waiting"] == {"for": "worker", "until": None, "gateway": None}
    data = await stack.status(user, "sms", later["uid"])
    assert (data["status"], data["state"]) == ("schedule", "scheduled")
    assert data["schedule_at"] == data["waiting"]["until"]
    staff = await admin(stack)
    seen = await (await staff.colleague("support")).data("GET", f"/messages/{now['uid']}")
    assert (seen["channel"], seen["user_id"], seen["to"], seen["journal"]) == ("sms", user.id, None, [])
    assert (seen["state"], seen["waiting"]) == ("queued", {"for": "worker", "until": None, "gateway": None})
    assert (await staff.data("GET", f"/messages/{later['uid']}"))["state"] == "scheduled"
    assert_error(await staff.call("GET", f"/messages/{uuid4()}"), 404, "message_not_found")
    other = await stack.user()
    for channel, asker in (("sms", other), ("email", user)):
        answer = await stack.http.get(f"/api/get/{channel}/{now['uid']}", headers=asker.headers)
        assert_error(answer, 404, "message_not_found")
    await stack.temporal.get_workflow_handle(f"send-{now['uid']}").terminate()
    await stack.temporal.get_workflow_handle(f"send-{later['uid']}").terminate()


async def test_a_message_that_was_recorded_while_its_workflow_was_asked_is_found(stack: Stack, monkeypatch):
    user = await ready_user(stack)
    item = await send_one(stack, user)
    await stack.final(user, "sms", item["uid"])
    read, asked = OwnMessages.get, []

    async def too_early(lookup: OwnMessages, wanted: Wanted) -> tuple[StoredKey, None]:
        asked.append(wanted)
        key, _ = await read(lookup, wanted)
        return key, None

    monkeypatch.setattr(OwnMessages, "get", too_early)
    assert (await stack.status(user, "sms", item["uid"]))["state"] == "sent"
    assert asked
