"""A batch can be watched and steered while it is on its way, and each of its messages gets one outcome all the same."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from domain.ids import batch_workflow_id
from domain.lanes import Lane
from tests.api.answers import assert_error
from tests.api.batches import (
    all_messages,
    ended,
    get,
    nothing_in_flight,
    send_batch,
    sink_gateway,
    steer,
    until,
    wallet,
)
from tests.faults.sink import running_sink
from tests.stack import Stack, User
from workflows import policy

COUNT = 800
FEW = 501


@pytest.fixture
def small_pages(monkeypatch):
    """Pages of 50 whatever the gateway's rate, so that most of a batch is not under way yet."""
    monkeypatch.setattr("services.sending.batch_header.page_size", lambda rate: 50)


async def sandbox_user(stack: Stack, **more: object) -> User:
    user = await stack.user(credit=COUNT)
    await stack.gateway(user.id, "sms", "sandbox", {}, **more)
    return user


async def another_batch_passes(stack: Stack) -> None:
    other = await sandbox_user(stack)
    await ended(stack, other, (await send_batch(stack, other, FEW))["batch"])


async def test_a_batch_is_watched_to_its_end(stack: Stack):
    user = await sandbox_user(stack)
    answer = await send_batch(stack, user, COUNT)
    data = await ended(stack, user, answer["batch"])
    assert (data["uid"], data["channel"], data["priority"]) == (answer["batch"], "sms", "bulk")
    assert (data["state"], data["total"], data["done"]) == ("completed", COUNT, COUNT)
    assert data["counts"] == {"sent": COUNT}
    assert data["credits"] == {"pending": 0, "held": 0, "captured": COUNT, "released": 0}
    assert (data["waiting"], data["eta"]) == (None, None)
    assert data["created_at"] < data["finished_at"]


async def test_a_batch_on_its_way_shows_how_fast_it_is_and_when_it_will_end(stack: Stack, small_pages):
    user = await sandbox_user(stack, per_second=200)
    uid = (await send_batch(stack, user, COUNT))["batch"]
    data = await until(stack, user, uid, lambda data: data["rate"] > 0)
    assert data["state"] == "running"
    assert 0 < data["done"] < COUNT
    assert datetime.now(UTC) < datetime.fromisoformat(data["eta"]) < datetime.now(UTC) + timedelta(minutes=5)
    assert sum(data["counts"].values()) == COUNT
    assert sum(data["credits"].values()) == COUNT
    assert data["credits"]["pending"] > 0
    assert data["waiting"]["for"] == "rate_slot"
    await ended(stack, user, uid)


async def test_a_paused_batch_starts_nothing_and_goes_on_when_resumed(stack: Stack, small_pages):
    user = await stack.user(credit=COUNT)
    async with running_sink(seed=1) as sink:
        await sink_gateway(stack, user, sink, per_second=250)
        uid = (await send_batch(stack, user, COUNT))["batch"]
        await until(stack, user, uid, lambda data: data["done"] > 0)
        for _ in range(2):  # pausing a paused one is fine
            answer = await steer(stack, user, uid, "pause")
            assert (answer.status_code, answer.json()["data"]["state"]) == (200, "paused")
        await nothing_in_flight(stack, uid)
        arrived = sink.arrived.total()
        assert 0 < arrived < COUNT
        data = (await get(stack, user, f"/{uid}"))["data"]
        assert (data["state"], data["waiting"]["for"], data["eta"]) == ("paused", "paused", None)
        assert data["done"] == data["counts"]["sent"] == arrived
        assert data["credits"] == {"pending": COUNT - arrived, "held": 0, "captured": arrived, "released": 0}
        await another_batch_passes(stack)
        assert sink.arrived.total() == arrived

        answer = await steer(stack, user, uid, "resume")
        assert (answer.status_code, answer.json()["data"]["state"]) == (200, "running")
        data = await ended(stack, user, uid)
    assert (data["state"], data["counts"]) == ("completed", {"sent": COUNT})
    assert len(sink.arrived) == sink.arrived.total() == COUNT
    assert await wallet(stack, user) == (0, 0, COUNT)


async def test_a_batch_cancelled_in_the_middle_accounts_for_every_message(stack: Stack, small_pages):
    user = await stack.user(credit=COUNT)
    async with running_sink(seed=2) as sink:
        await sink_gateway(stack, user, sink, per_second=250)
        uid = (await send_batch(stack, user, COUNT))["batch"]
        await until(stack, user, uid, lambda data: data["done"] > 0)
        answer = await steer(stack, user, uid, "cancel")
        assert answer.status_code == 200, answer.text
        assert answer.json()["data"]["state"] in ("cancelling", "cancelled")
        data = await ended(stack, user, uid)
    sent = sink.arrived.total()
    assert len(sink.arrived) == sent
    assert 0 < sent < COUNT
    assert data["counts"] == {"sent": sent, "cancelled": COUNT - sent}
    assert data["credits"]["captured"] == sent
    assert data["credits"]["pending"] == data["credits"]["held"] == 0
    assert await wallet(stack, user) == (COUNT - sent, 0, sent)


@pytest.mark.parametrize("round_", range(5))
async def test_a_batch_cancelled_at_once_accounts_for_every_message(stack: Stack, round_):
    user = await sandbox_user(stack)
    uid = (await send_batch(stack, user, FEW))["batch"]
    assert (await steer(stack, user, uid, "cancel")).status_code == 200
    data = await ended(stack, user, uid)
    assert data["state"] == "cancelled"
    assert data["done"] == FEW
    sent = data["counts"].get("sent", 0)
    assert await wallet(stack, user) == (COUNT - sent, 0, sent)


async def test_a_paused_batch_can_be_cancelled(stack: Stack, small_pages):
    user = await sandbox_user(stack, per_second=250)
    uid = (await send_batch(stack, user, COUNT))["batch"]
    await until(stack, user, uid, lambda data: data["done"] > 0)
    await steer(stack, user, uid, "pause")
    assert (await steer(stack, user, uid, "cancel")).status_code == 200
    assert_error(await steer(stack, user, uid, "resume"), 409, "batch_ended")
    data = await ended(stack, user, uid)
    sent = data["counts"]["sent"]
    assert data["counts"] == {"sent": sent, "cancelled": COUNT - sent}
    assert await wallet(stack, user) == (COUNT - sent, 0, sent)


async def test_the_rest_of_a_batch_goes_through_the_gateway_it_was_switched_to(stack: Stack, small_pages):
    user = await sandbox_user(stack, per_second=200, identifier="first")
    await stack.gateway(user.id, "sms", "sandbox", {}, identifier="second", priority=1000)
    uid = (await send_batch(stack, user, COUNT))["batch"]
    await until(stack, user, uid, lambda data: data["done"] > 0)
    answer = await steer(stack, user, uid, "switch-gateway", gateway_identifier="second")
    assert answer.status_code == 200, answer.text
    assert (await ended(stack, user, uid))["counts"] == {"sent": COUNT}
    gateways = [message["gateway"] for message in await all_messages(stack, user, uid, limit=500)]
    assert gateways == sorted(gateways)
    assert set(gateways) == {"first", "second"}


async def test_a_batch_may_be_given_back_to_the_accounts_own_order(stack: Stack, small_pages):
    user = await sandbox_user(stack, per_second=200)
    uid = (await send_batch(stack, user, FEW))["batch"]
    answer = await steer(stack, user, uid, "switch-gateway", gateway_identifier="default_gateway")
    assert answer.status_code == 200, answer.text
    assert (await ended(stack, user, uid))["counts"] == {"sent": FEW}


async def test_only_a_gateway_of_ones_own_can_be_switched_to(stack: Stack):
    user, other = await sandbox_user(stack), await stack.user()
    foreign = await stack.gateway(other.id, "sms", "sandbox", {})
    uid = (await send_batch(stack, user, FEW, schedule_at=in_an_hour()))["batch"]
    for name in (foreign, "none"):
        answer = await steer(stack, user, uid, "switch-gateway", gateway_identifier=name)
        assert_error(answer, 404, "gateway_not_found", "/gateway_identifier")
    for body, code, place in (
        ({}, "missing", "/gateway_identifier"),
        ({"gateway_identifier": ""}, "string_too_short", "/gateway_identifier"),
        ({"gateway_identifier": 5}, "string_type", "/gateway_identifier"),
        ({"gateway_identifier": "x", "more": 1}, "extra_forbidden", "/more"),
    ):
        assert_error(await steer(stack, user, uid, "switch-gateway", **body), 422, code, place)
    await steer(stack, user, uid, "cancel")
    await ended(stack, user, uid)


async def test_the_messages_of_a_batch_are_listed_each_once(stack: Stack):
    user = await sandbox_user(stack)
    refused = {"number": "+15005550001", "body": "Hi"}
    contacts = [{"number": f"+1415555{n:04}", "body": "Hi"} for n in range(FEW)]
    answer = (await stack.send(user, "sms", *contacts, refused)).json()
    await ended(stack, user, answer["batch"])
    accepted = {item["uid"]: item["to"] for item in answer["data"]}
    for limit in (500, 100, FEW):
        listed = await all_messages(stack, user, answer["batch"], limit=min(limit, 500))
        assert [message["uid"] for message in listed] == sorted(accepted)
        assert {message["uid"]: message["to"] for message in listed} == accepted
    (one,) = await all_messages(stack, user, answer["batch"], state="rejected")
    assert (one["to"], one["status"], one["state"]) == ("+15005550001", "fail", "rejected")
    assert one["credit"] == {"amount": 1, "state": "released"}
    assert one["reason"]
    assert len(await all_messages(stack, user, answer["batch"], state="sent", limit=100)) == FEW
    assert await all_messages(stack, user, answer["batch"], state="queued") == []
    assert await all_messages(stack, user, answer["batch"], cursor="ffffffff-ffff-ffff-ffff-ffffffffffff") == []


async def test_batches_are_listed_newest_first(stack: Stack):
    user = await sandbox_user(stack)
    uids = [(await send_batch(stack, user, FEW, schedule_at=in_an_hour()))["batch"] for _ in range(3)]
    await steer(stack, user, uids[0], "cancel")
    await ended(stack, user, uids[0])
    listed = await get(stack, user, "")
    assert [batch["uid"] for batch in listed["data"]] == uids[::-1]
    assert listed["next_cursor"] is None
    first = await get(stack, user, "", limit=2)
    rest = await get(stack, user, "", limit=2, cursor=first["next_cursor"])
    assert [batch["uid"] for batch in first["data"] + rest["data"]] == uids[::-1]
    assert [batch["uid"] for batch in (await get(stack, user, "", state="cancelled"))["data"]] == uids[:1]
    assert (await get(stack, await stack.user(), ""))["data"] == []
    for uid in uids[1:]:
        await steer(stack, user, uid, "cancel")


async def test_what_a_listing_cannot_mean_is_refused(stack: Stack):
    user = await sandbox_user(stack)
    for query, place in (({"state": "lost"}, "state"), ({"cursor": "x"}, "cursor"), ({"limit": 0}, "limit")):
        for path in ("", f"/{uuid4()}/messages"):
            answer = await stack.http.get(f"/api/batches{path}", headers=user.headers, params=query)
            assert answer.status_code == 422, answer.text
            assert answer.json()["errors"][0]["pointer"] == f"/{place}"
    answer = await stack.http.get("/api/batches/none", headers=user.headers)
    assert_error(answer, 404, "uid_not_found")


async def test_a_scheduled_batch_waits_for_its_time(stack: Stack):
    user = await sandbox_user(stack)
    at = in_an_hour()
    uid = (await send_batch(stack, user, FEW, schedule_at=at))["batch"]
    data = await until(stack, user, uid, lambda data: data["state"] == "scheduled")
    assert data["waiting"]["for"] == "schedule"
    assert abs(datetime.fromisoformat(data["waiting"]["until"]) - datetime.fromisoformat(at)) < timedelta(seconds=1)
    assert (data["counts"], data["done"], data["eta"]) == ({"scheduled": FEW}, 0, None)
    await steer(stack, user, uid, "cancel")
    assert (await ended(stack, user, uid))["counts"] == {"cancelled": FEW}
    assert await wallet(stack, user) == (COUNT, 0, 0)


async def test_a_batch_whose_gateway_is_down_says_so(stack: Stack, small_pages):
    user = await stack.user(credit=COUNT)
    config = {"url": "http://127.0.0.1:9/", "body": {}, "allow_private_network": True}
    gateway = await stack.gateway(user.id, "sms", "http", config)
    uid = (await send_batch(stack, user, FEW))["batch"]
    telling = ("gateway_breaker", "retry_pause")
    data = await until(stack, user, uid, lambda data: bool(data["waiting"]) and data["waiting"]["for"] in telling)
    assert data["waiting"]["gateway"] == gateway
    assert data["waiting"]["until"]
    await steer(stack, user, uid, "cancel")
    data = await ended(stack, user, uid)
    assert data["done"] == FEW
    assert await wallet(stack, user) == (COUNT, 0, 0)


async def test_an_ended_batch_cannot_be_changed(stack: Stack):
    user = await sandbox_user(stack)
    uid = (await send_batch(stack, user, FEW))["batch"]
    await ended(stack, user, uid)
    for what in ("pause", "resume", "cancel"):
        assert_error(await steer(stack, user, uid, what), 409, "batch_ended")
    answer = await steer(stack, user, uid, "switch-gateway", gateway_identifier="default_gateway")
    assert_error(answer, 409, "batch_ended")


async def test_without_a_worker_the_record_answers(stack: Stack, monkeypatch):
    monkeypatch.setitem(policy._QUEUES, Lane.BULK, f"nobody-{uuid4().hex}")
    monkeypatch.setattr("services.workflow_calls._CHANGE_SECONDS", 0.2)
    user = await sandbox_user(stack)
    uid = (await send_batch(stack, user, FEW))["batch"]
    data = (await get(stack, user, f"/{uid}"))["data"]
    assert (data["state"], data["counts"]) == ("stored", {"queued": FEW})
    assert data["waiting"] == {"for": "worker", "until": None, "gateway": None}
    assert_error(await steer(stack, user, uid, "pause"), 503, "unavailable")
    await stack.temporal.get_workflow_handle(batch_workflow_id(UUID(uid))).terminate()
    assert_error(await steer(stack, user, uid, "pause"), 503, "unavailable")  # as if it had not been started yet


async def test_an_admin_key_sees_the_admins_own_batches(stack: Stack):
    admin, user = await stack.admin(), await sandbox_user(stack)
    theirs = (await send_batch(stack, user, FEW))["batch"]
    await stack.gateway(0, "sms", "sandbox", {}, identifier=(name := f"sandbox-{uuid4().hex[:8]}"))
    uid = (await send_batch(stack, admin, FEW, gateway_identifier=name))["batch"]
    data = await ended(stack, admin, uid)
    assert data["counts"] == {"sent": FEW}
    listed = [batch["uid"] for batch in (await get(stack, admin, ""))["data"]]
    assert uid in listed
    assert theirs not in listed
    answer = await stack.http.get(f"/api/batches/{theirs}", headers=admin.headers)
    assert_error(answer, 404, "batch_not_found")


def in_an_hour() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()
