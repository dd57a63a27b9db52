"""Sending that staff pauses: everybody's or one user's, on all channels or one. What has not left waits."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from domain.batches.batch import BatchStatus
from domain.ids import batch_workflow_id, page_of, send_workflow_id
from domain.messages.page import ChangeRequest, LiveStatus
from services.workflow_calls import change_workflow
from store import sending_pauses
from tests.api.admin import Staff, admin
from tests.api.answers import EMAIL, SMS, send_one
from tests.api.batches import send_batch, sink_gateway, wallet
from tests.faults.sink import running_sink
from tests.stack import Stack

PAUSED = "sending_paused"


@asynccontextmanager
async def paused(staff: Staff, **which: Any) -> AsyncIterator[None]:
    """Pauses for a while, also if the test fails: others share the install."""
    await staff.data("POST", "/pause-sending", {**which, "reason": "a leaked key sends spam"})
    try:
        yield
    finally:
        answer = await staff.call("POST", "/resume-sending", which)
        assert answer.status_code in (200, 404)


async def waits_for_the_pause(stack: Stack, uid: str) -> None:
    page = stack.temporal.get_workflow_handle(send_workflow_id(page_of(UUID(uid))))
    async with asyncio.timeout(30):
        while True:
            live = await page.query("status", uid, result_type=LiveStatus | None)
            if live is not None and live.waits_for == PAUSED:
                return
            await asyncio.sleep(0.02)


async def test_everybodys_messages_wait_while_all_sending_is_paused(stack: Stack):
    staff, user = await admin(stack), await stack.user(credit=10)
    async with running_sink(1) as sink:
        await sink_gateway(stack, user, sink)
        async with paused(staff):
            uid = (await send_one(stack, user))["uid"]
            await waits_for_the_pause(stack, uid)
            data = await stack.status(user, "sms", uid)
            assert data["waiting"]["for"] == PAUSED
            assert (data["state"], data["credit"]["state"]) == ("queued", "held")
            assert not sink.arrived
        assert (await stack.final(user, "sms", uid))["state"] == "sent"
        assert sink.arrived == {uid: 1}
    assert await wallet(stack, user) == (9, 0, 1)


async def test_a_pause_of_one_channel_leaves_the_others(stack: Stack):
    staff, user = await admin(stack), await stack.user(credit=10)
    await stack.gateway(user.id, "email", "sandbox", {})
    await stack.gateway(user.id, "sms", "sandbox", {})
    async with paused(staff, channel="sms", user=user.id):
        uid = (await send_one(stack, user))["uid"]
        mail = (await stack.send(user, "email", EMAIL)).json()["data"][0]["uid"]
        assert (await stack.final(user, "email", mail))["state"] == "sent"
        await waits_for_the_pause(stack, uid)
    assert (await stack.final(user, "sms", uid))["state"] == "sent"


async def test_a_pause_of_one_user_leaves_the_others_even_in_shared_pages(stack: Stack):
    staff = await admin(stack)
    one, other = await stack.user(credit=50), await stack.user(credit=50)
    for user in (one, other):
        await stack.gateway(user.id, "sms", "sandbox", {})
    async with paused(staff, user=one.id):
        sent = await asyncio.gather(*(send_one(stack, user) for user in (one, other) * 10))
        for item in sent[1::2]:
            assert (await stack.final(other, "sms", item["uid"]))["state"] == "sent"
        for item in sent[::2]:
            await waits_for_the_pause(stack, item["uid"])
    for item in sent[::2]:
        assert (await stack.final(one, "sms", item["uid"]))["state"] == "sent"


async def test_pages_in_flight_stop_at_once_and_nothing_leaves_twice(stack: Stack):
    staff, user = await admin(stack), await stack.user(credit=200)
    async with running_sink(1) as sink:
        await sink_gateway(stack, user, sink, per_second=20.0)
        answer = await stack.send(user, "sms", *[SMS] * 60)
        uids = [item["uid"] for item in answer.json()["data"]]
        await sink.reaches(5)
        async with paused(staff, user=user.id):
            before = sink.arrived.total()
            await waits_for_the_pause(stack, uids[-1])
            assert sink.arrived.total() - before < 20 * 1.5, "about a second after that nothing more left"
        for uid in uids[-3:]:
            await stack.final(user, "sms", uid)
    assert sink.arrived == dict.fromkeys(uids, 1)


async def test_a_batch_waits_and_goes_on(stack: Stack):
    staff, user = await admin(stack), await stack.user(credit=2000)
    async with running_sink(1) as sink:
        await sink_gateway(stack, user, sink, per_second=200.0)
        async with paused(staff, channel="sms"):
            batch = (await send_batch(stack, user, 600))["batch"]
            workflow = stack.temporal.get_workflow_handle(batch_workflow_id(UUID(batch)))
            async with asyncio.timeout(30):
                while not (await workflow.query("status", result_type=BatchStatus)).in_flight:
                    await asyncio.sleep(0.05)
            assert not sink.arrived
        async with asyncio.timeout(60):
            await workflow.result()
    assert sink.arrived.total() == 600


async def test_a_waiting_message_can_be_cancelled_and_releases_its_credit(stack: Stack):
    staff, user = await admin(stack), await stack.user(credit=10)
    await stack.gateway(user.id, "sms", "sandbox", {})
    async with paused(staff, user=user.id):
        uid = (await send_one(stack, user))["uid"]
        await waits_for_the_pause(stack, uid)
        page = stack.temporal.get_workflow_handle(send_workflow_id(page_of(UUID(uid))))
        await change_workflow(stack.temporal, page.id, ChangeRequest(str(uuid4()), uid, "cancel"))
        assert (await stack.final(user, "sms", uid))["state"] == "cancelled"
    assert await wallet(stack, user) == (10, 0, 0)


async def test_what_two_pauses_cover_waits_for_both(stack: Stack):
    staff, user = await admin(stack), await stack.user(credit=10)
    await stack.gateway(user.id, "sms", "sandbox", {})
    async with paused(staff, user=user.id):
        async with paused(staff, user=user.id, channel="sms"):
            uid = (await send_one(stack, user))["uid"]
            await waits_for_the_pause(stack, uid)
        async with asyncio.timeout(30):  # the wait for the pause that ended is over when the page waits for the other
            while True:
                async with stack.pool.connection() as conn:
                    query = "select pause_id from pause_waits where page_id = %s"
                    rows = await (await conn.execute(query, (page_of(UUID(uid)),))).fetchall()
                open_pauses = {pause.id for pause in await sending_pauses.all_pauses(stack.pool)}
                if {pause_id for (pause_id,) in rows} and {pause_id for (pause_id,) in rows} <= open_pauses:
                    break
                await asyncio.sleep(0.05)
        assert (await stack.status(user, "sms", uid))["state"] == "queued"
    assert (await stack.final(user, "sms", uid))["state"] == "sent"


async def test_a_scheduled_message_whose_time_comes_meanwhile_leaves_afterwards(stack: Stack):
    staff, user = await admin(stack), await stack.user(credit=10)
    await stack.gateway(user.id, "sms", "sandbox", {})
    due = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    async with paused(staff, user=user.id):
        uid = (await send_one(stack, user, schedule_at=due))["uid"]
        await waits_for_the_pause(stack, uid)
    assert (await stack.final(user, "sms", uid))["state"] == "sent"


async def test_pauses_are_listed_and_need_a_reason_and_a_permission(stack: Stack):
    staff, user = await admin(stack), await stack.user()
    operator, support = await staff.colleague("operator"), await staff.colleague("support")
    this = {"user": user.id, "channel": "email"}
    assert (await support.call("POST", "/pause-sending", {**this, "reason": "spam"})).status_code == 403
    assert (await operator.call("POST", "/pause-sending", this)).status_code == 422
    assert (await operator.call("POST", "/pause-sending", {**this, "reason": " "})).status_code == 422
    assert (await operator.call("POST", "/pause-sending", {"user": 2**62, "reason": "spam"})).status_code == 404
    assert (await operator.call("POST", "/pause-sending?dry_run=true", {**this, "reason": "spam"})).status_code == 200
    assert (await operator.call("POST", "/resume-sending", this)).status_code == 404
    pause = await operator.data("POST", "/pause-sending", {**this, "reason": "spam"})
    again = await operator.data("POST", "/pause-sending", {**this, "reason": "still spam"})
    assert (again["id"], again["reason"]) == (pause["id"], "still spam")
    assert (await operator.call("POST", "/resume-sending", {"user": user.id})).status_code == 404
    listed = (await operator.call("GET", "/pause-sending")).json()["data"]
    assert [found for found in listed if found["user_id"] == user.id] == [again]
    await operator.data("POST", "/resume-sending", this)
    assert all(found["user_id"] != user.id for found in (await operator.call("GET", "/pause-sending")).json()["data"])
