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
    assert await noted_waits(stack, other) == 0, "it waits for nothing"
    assert await noted_waits(stack, news) == 1
    both = {"gateway": str(gateway.id), "channel": "sms"}
    assert_error(await staff.call("POST", "/resume-sending", both), 422, "pause_scope", "/gateway")
    await staff.data("POST", "/resume-sending", {"gateway": str(gateway.id)})
    assert (await stack.final(user, "sms", news))["state"] == "sent"
    again = await staff.call("POST", "/resume-sending", {"gateway": str(gateway.id)})
    assert_error(again, 404, "pause_not_found")


async def noted_waits(stack: Stack, uid: str) -> int:
    """For how many pauses the page of a message is to be signalled."""
    async with stack.pool.connection() as conn:
        query = "select count(*) from pause_waits where page_id = %s"
        row = await (await conn.execute(query, (page_of(UUID(uid)),))).fetchone()
    assert row is not None
    return int(row[0])


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


async def test_a_gateway_that_is_warmed_up_keeps_to_its_cap_and_the_rest_waits_for_the_next_hour(stack: Stack):
    staff, user = await admin(stack), await stack.user(credit=2000)
    identifier = await stack.gateway(user.id, "sms", "sandbox", {})
    (gateway,) = await gateways.named(stack.pool, user.id, identifier)
    path = f"/gateways/{gateway.id}/warm-up"
    warm_up = await staff.data("PUT", path, {"ladder": "email"})
    assert (warm_up["tier"], warm_up["top_tier"], warm_up["day_cap"], warm_up["hour_cap"]) == (0, 7, 100, 50)
    assert (await staff.data("GET", f"/gateways/{gateway.id}"))["warm_up"] == warm_up
    batch = (await send_batch(stack, user, 501))["batch"]
    data = await until(stack, user, batch, lambda data: data["counts"].get("sent", 0) == 50)
    data = await until(stack, user, batch, lambda data: (data["waiting"] or {}).get("for") == "warm_up")
    assert data["waiting"]["until"].endswith(":00:00Z")
    assert data["waiting"]["gateway"] == identifier
    alert = await send(stack, user)
    assert (await stack.final(user, "sms", alert))["state"] == "sent", "transactional ones are never held"
    shown = (await staff.data("GET", f"/gateways/{gateway.id}/reputation"))["warm_up"]
    assert (shown["sent_this_hour"], shown["sent_today"]) == (51, 51)
    own = await stack.http.get("/api/reputation", headers=user.headers)
    assert own.json()["data"]["warm_ups"] == [shown]
    assert_error(await staff.call("PUT", path, {"ladder": "email", "tier": 8}), 422, "tier_unknown", "/tier")
    assert (await staff.call("PUT", path, {"ladder": "rope"})).status_code == 422
    stale = await staff.call("PUT", path, {"ladder": "sim"}, if_match='"0"')
    assert stale.status_code == 412
    assert (await staff.call("DELETE", path)).status_code == 200
    assert (await staff.call("DELETE", path)).status_code == 200, "there is none any more"
    assert (await staff.data("GET", f"/gateways/{gateway.id}"))["warm_up"] is None
    await steer(stack, user, batch, "cancel")
    await ended(stack, user, batch)


async def test_what_a_gateway_did_not_take_is_given_back(stack: Stack):
    staff, user = await admin(stack), await stack.user(credit=2000)
    async with running_sink(1) as sink:
        identifier = await sink_gateway(stack, user, sink, per_second=20.0)
        (gateway,) = await gateways.named(stack.pool, user.id, identifier)
        await staff.data("PUT", f"/gateways/{gateway.id}/warm-up", {"ladder": "email", "tier": 1})
        batch = (await send_batch(stack, user, 501))["batch"]
        await sink.reaches(5)
        await steer(stack, user, batch, "pause")
        await nothing_at_the_gateway(stack, user, batch)
        shown = (await staff.data("GET", f"/gateways/{gateway.id}/reputation"))["warm_up"]
        assert shown["sent_today"] == sink.arrived.total() < 200
        await steer(stack, user, batch, "cancel")
        await ended(stack, user, batch)


async def nothing_at_the_gateway(stack: Stack, user: User, batch: str) -> None:
    """Wait until the dispatches of a paused batch have ended, and their messages are back in the queue."""
    async with asyncio.timeout(30):
        while True:
            async with stack.pool.connection() as conn:
                cursor = await conn.execute(
                    """select w.day_taken, (select count(*) from messages m
                                            where m.account_id = %s and m.state = 'sent')
                       from warm_ups w join gateways g on g.id = w.gateway_id where g.account_id = %s""",
                    (user.id, user.id),
                )
                taken, sent = await cursor.fetchone() or (0, 0)
            if taken == sent:
                return
            await asyncio.sleep(0.05)


async def test_users_warm_up_their_own_gateways_and_domains_unless_staff_has_pinned_them(stack: Stack):
    staff, user, other = await admin(stack), await stack.user(), await stack.user()
    plan = (await staff.data("POST", "/plans", {"name": f"plan {uuid4().hex}", "own_gateways": True}))["id"]
    await staff.data("PUT", f"/users/{user.id}/plan", {"plan": plan})
    key = (await staff.data("POST", "/keys", {"user": user.id, "scopes": ["gateways", "read", "send"]}))["key"]
    own = {"Api-key": key}
    identifier = await stack.gateway(user.id, "sms", "sandbox", {})
    (gateway,) = await gateways.named(stack.pool, user.id, identifier)
    domain = (await staff.data("POST", "/domains", {"user": user.id, "domain": f"{uuid4().hex}.test"}))["id"]
    for place in (f"/gateways/{gateway.id}", f"/domains/{domain}"):
        path = f"/api{place}/warm-up"
        made = await stack.http.put(path, headers=own, json={"ladder": "sim"})
        assert made.status_code == 200, made.text
        assert made.json()["data"]["day_cap"] == 20
        shown = (await stack.http.get(f"/api{place}", headers=own)).json()["data"]["warm_up"]
        assert shown == made.json()["data"]
        assert (await stack.http.put(path, headers=own, json={"ladder": "sim", "pinned": True})).status_code == 422
        foreign = await stack.http.put(path, headers=other.headers, json={"ladder": "sim"})
        assert foreign.status_code in (403, 404)
        await staff.data("PUT", f"{place}/warm-up", {"ladder": "sim", "tier": 1, "pinned": True})
        refused = await stack.http.put(path, headers=own, json={"ladder": "email", "tier": 7})
        assert_error(refused, 409, "warm_up_pinned")
        assert_error(await stack.http.delete(path, headers=own), 409, "warm_up_pinned")
        await staff.data("PUT", f"{place}/warm-up", {"ladder": "sim"})
        assert (await stack.http.delete(path, headers=own)).status_code == 200
