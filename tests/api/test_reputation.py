"""The reputation guard over HTTP: what is not transactional waits, with the reason, until a person decides."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

from domain.ids import page_of, send_workflow_id
from domain.messages.page import LiveStatus
from domain.reputation.rules import OF_BATCHES
from services.reputation.guard import pause_batches
from store.gateways import gateways
from store.reputation import findings, pauses
from store.reputation.bad_reports import Subject
from tests.api.admin import admin
from tests.api.answers import SMS, assert_error
from tests.api.batches import ended, send_batch, sink_gateway, steer, until
from tests.faults.sink import running_sink
from tests.stack import Stack, User
from tests.store.reputation_builders import bad_reports, sent_messages

HELD = "reputation_guard"
WHY = "In the last hour 40 of 200 messages (20 %) were not delivered"


async def send(stack: Stack, user: User, **fields: Any) -> str:
    """Send one SMS; returns its uid."""
    body = {"contact": [SMS], **fields}
    answer = await stack.http.post("/api/sms/send", headers=user.headers, json=body)
    assert answer.status_code == 200, answer.text
    uid: str = answer.json()["data"][0]["uid"]
    return uid


async def waits(stack: Stack, uid: str) -> None:
    """Wait until the guard holds a message."""
    page = stack.temporal.get_workflow_handle(send_workflow_id(page_of(UUID(uid))))
    async with asyncio.timeout(30):
        while True:
            live = await page.query("status", uid, result_type=LiveStatus | None)
            if live is not None and live.waits_for == HELD:
                return
            await asyncio.sleep(0.02)


async def test_a_paused_account_sends_transactional_messages_and_the_rest_waits_for_staff(stack: Stack):
    staff, user = await admin(stack), await stack.user(credit=1000)
    await stack.gateway(user.id, "sms", "sandbox", {})
    await pauses.pause_account(stack.pool, user.id, "sms", WHY)
    news, alert = await send(stack, user, purpose="marketing"), await send(stack, user, priority="transactional")
    assert (await stack.final(user, "sms", alert))["state"] == "sent"
    batch = (await send_batch(stack, user, 501))["batch"]
    await waits(stack, news)
    status = await stack.status(user, "sms", news)
    assert status["waiting"] == {"for": HELD, "until": None, "gateway": None, "reason": WHY}
    held = await until(stack, user, batch, lambda data: (data["waiting"] or {}).get("for") == HELD)
    assert (held["waiting"]["reason"], held["counts"]) == (WHY, {"queued": 501})
    listed = (await staff.call("GET", "/pause-sending")).json()["data"]
    (pause,) = [one for one in listed if one["user_id"] == user.id]
    assert (pause["spares_transactional"], pause["gateway_id"]) == (True, None)
    await staff.data("POST", "/resume-sending", {"user": user.id, "channel": "sms"})
    assert (await stack.final(user, "sms", news))["state"] == "sent"
    assert (await ended(stack, user, batch))["counts"] == {"sent": 501}


async def test_a_paused_gateway_sends_transactional_messages_and_others_go_by_another_one(stack: Stack):
    staff, user = await admin(stack), await stack.user(credit=10)
    first = await stack.gateway(user.id, "sms", "sandbox", {}, priority=1)
    (gateway,) = await gateways.named(stack.pool, user.id, first)
    await pauses.pause_gateway(stack.pool, gateway.id, WHY)
    news, alert = await send(stack, user, purpose="marketing"), await send(stack, user)
    assert (await stack.final(user, "sms", alert))["gateway"] == first
    await waits(stack, news)
    waiting = (await stack.status(user, "sms", news))["waiting"]
    assert (waiting["for"], waiting["gateway"]) == (HELD, first)
    assert "40" not in waiting["reason"], "figures of a gateway are not for all who share it"
    second = await stack.gateway(user.id, "sms", "sandbox", {}, priority=2)
    other = await send(stack, user, purpose="marketing")
    assert (await stack.final(user, "sms", other))["gateway"] == second
    both = {"gateway": str(gateway.id), "channel": "sms"}
    assert_error(await staff.call("POST", "/resume-sending", both), 422, "pause_scope", "/gateway")
    await staff.data("POST", "/resume-sending", {"gateway": str(gateway.id)})
    assert (await stack.final(user, "sms", news))["state"] == "sent"
    again = await staff.call("POST", "/resume-sending", {"gateway": str(gateway.id)})
    assert_error(again, 404, "pause_not_found")


async def test_what_is_on_its_way_stops_too_and_nothing_leaves_twice(stack: Stack):
    staff, user = await admin(stack), await stack.user(credit=2000)
    async with running_sink(1) as sink:
        await sink_gateway(stack, user, sink, per_second=50.0)
        batch = (await send_batch(stack, user, 501))["batch"]
        await sink.reaches(5)
        await pauses.pause_account(stack.pool, user.id, "sms", WHY)
        await until(stack, user, batch, lambda data: (data["waiting"] or {}).get("for") == HELD)
        assert sink.arrived.total() < 400
        await stack.gateway(user.id, "sms", "sandbox", {}, priority=0)
        await staff.data("POST", "/resume-sending", {"user": user.id, "channel": "sms"})
        assert (await ended(stack, user, batch))["counts"] == {"sent": 501}
        assert set(sink.arrived.values()) == {1}


async def test_a_paused_batch_shows_why_and_its_owner_resumes_it(stack: Stack):
    user = await stack.user(credit=2000)
    await stack.gateway(user.id, "sms", "sandbox", {}, per_second=0.5)
    batch = (await send_batch(stack, user, 501))["batch"]
    await until(stack, user, batch, lambda data: data["state"] == "running")
    subject = Subject("batch", batch, user.id, "sms")
    await findings.add(stack.pool, subject, "pause", OF_BATCHES[1], 400, 1000, WHY)
    await asyncio.gather(*(pause_batches(stack.pool, stack.temporal) for _ in range(3)))
    data = await until(stack, user, batch, lambda data: data["state"] == "paused")
    assert data["waiting"] == {"for": HELD, "until": None, "gateway": None, "reason": WHY}
    assert (await steer(stack, user, batch, "resume")).status_code == 200
    data = await until(stack, user, batch, lambda data: data["state"] == "running")
    await pause_batches(stack.pool, stack.temporal)
    (found,) = await findings.latest(stack.pool, user.id, None, 10)
    assert found.ended_at is not None
    assert (await steer(stack, user, batch, "pause")).status_code == 200
    data = await until(stack, user, batch, lambda data: data["state"] == "paused")
    assert data["waiting"] == {"for": "paused", "until": None, "gateway": None}
    await steer(stack, user, batch, "cancel")
    await ended(stack, user, batch)


async def test_a_user_and_staff_see_rates_and_staff_sets_what_the_guard_may_do(stack: Stack):
    staff, user = await admin(stack), await stack.user()
    identifier = await stack.gateway(user.id, "email", "sandbox", {})
    (gateway,) = await gateways.named(stack.pool, user.id, identifier)
    await sent_messages(stack.pool, user.id, gateway.id, 250)
    await bad_reports(stack.pool, user.id, gateway.id, 2)
    own = await stack.http.get("/api/reputation", headers=user.headers)
    assert own.status_code == 200, own.text
    data = own.json()["data"]
    (channel,) = data["channels"]
    assert (data["guard"], channel["channel"], channel["paused"]) == ("warn", "email", None)
    complaints = channel["rates"][0]
    assert (complaints["signal"], complaints["hours"]) == ("complaint", 1)
    assert (complaints["bad"], complaints["sent"], complaints["rate"]) == (2, 250, 0.008)
    assert complaints["level"] is None, "two are too few to say anything"
    assert await staff.data("GET", f"/users/{user.id}/reputation") == data
    of_gateway = await staff.data("GET", f"/gateways/{gateway.id}/reputation")
    assert of_gateway["rates"][0]["sent"] == 250
    path = f"/users/{user.id}/reputation"
    await staff.data("PUT", f"{path}?dry_run=true", {"guard": "pause"})
    assert (await staff.data("GET", path))["guard"] == "warn"
    await staff.data("PUT", path, {"guard": "pause"})
    assert (await staff.data("GET", path))["guard"] == "pause"
    await staff.data("PUT", path, {"guard": None})
    assert (await staff.data("GET", path))["guard"] == "warn"
    assert (await staff.call("PUT", path, {"guard": "loud"})).status_code == 422
    assert (await staff.call("PUT", path, {})).status_code == 422
    support = await staff.colleague("support")
    assert (await support.call("PUT", path, {"guard": "off"})).status_code == 403
    assert_error(await staff.call("GET", f"/users/{2**62}/reputation"), 404, "account_not_found")
    assert_error(await staff.call("PUT", f"/users/{2**62}/reputation", {"guard": None}), 404, "account_not_found")
    assert_error(await staff.call("GET", f"/gateways/{uuid4()}/reputation"), 404, "gateway_not_found")
    assert (await stack.http.get("/api/reputation?limit=1", headers=user.headers)).status_code == 422
