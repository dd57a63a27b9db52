"""A suspended user's waiting messages stop, and their credits are released; or they wait, if that is wanted."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from domain.ids import batch_workflow_id, page_of, send_workflow_id
from gateways.conformance.fake_provider import serve
from store.accounts import accounts
from store.gateways import gateways
from store.operations.operations import Operation
from tests.api.admin import admin
from tests.api.answers import send_one
from tests.api.batches import send_batch, sink_gateway, wallet
from tests.api.operations import ended
from tests.api.test_fallback import TAKEN, send, two_channels, until, waits
from tests.api.test_gateways_api import post
from tests.api.test_paused_gateways import paused
from tests.api.test_suspended_accounts import assert_ledger_agrees, fallback_of, waits_for_its_account
from tests.faults.sink import running_sink
from tests.stack import Stack, User

STOPPED = ("cancelled", "account_suspended")


def later(**more: float) -> str:
    return (datetime.now(UTC) + timedelta(**more)).isoformat()


async def suspend(stack: Stack, user: User, **body: str) -> str:
    """Returns the operation."""
    return (await (await admin(stack)).data("POST", f"/users/{user.id}/suspend", body or None))["operation"]


async def stopped(stack: Stack, user: User, **body: str) -> Operation:
    """The operation that cancels, once it has ended."""
    return await ended(stack.pool, await suspend(stack, user, **body))


async def ends(stack: Stack, user: User) -> Counter[tuple[str, str | None]]:
    """How many messages have which state and code."""
    async with stack.pool.connection() as conn:
        query = "select state, code, count(*) from messages where account_id = %s group by 1, 2"
        rows = await (await conn.execute(query, (user.id,))).fetchall()
    return Counter({(state, code): count for state, code, count in rows})


async def page_ends(stack: Stack, *uids: str) -> None:
    """No workflow waits for these messages any more."""
    async with asyncio.timeout(30):
        for uid in uids:
            await stack.temporal.get_workflow_handle(send_workflow_id(page_of(UUID(uid)))).result()


async def test_all_that_waits_ends_and_its_credit_comes_back(stack: Stack):
    user = await stack.user(credit=5000)
    async with running_sink(1) as sink:
        name = await sink_gateway(stack, user, sink, per_second=50.0)
        off = await sink_gateway(stack, user, sink)
        (stopped_gateway,) = await gateways.named(stack.pool, user.id, off)
        await post(stack, user, str(stopped_gateway.id), "pause")
        scheduled = [(await send_one(stack, user, schedule_at=later(days=days)))["uid"] for days in (1, 200)]
        at_paused = (await send_one(stack, user, gateway_identifier=off))["uid"]
        await paused(stack, user, at_paused)
        ahead = (await send_batch(stack, user, 600, schedule_at=later(days=2)))["batch"]
        running = (await send_batch(stack, user, 2000, gateway_identifier=name))["batch"]
        await sink.reaches(20)
        done = await stopped(stack, user)
        async with asyncio.timeout(60):
            for batch in (running, ahead):
                await stack.temporal.get_workflow_handle(batch_workflow_id(UUID(batch))).result()
        await page_ends(stack, *scheduled, at_paused)
        left = sink.arrived.total()
        assert await ends(stack, user) == {("sent", None): left, STOPPED: 2603 - left}
        assert (done.state, done.failed) == ("done", 0)
        assert 0 < done.done == done.total <= 2603 - left
        assert await wallet(stack, user) == (5000 - left, 0, left)
        await assert_ledger_agrees(stack, user)
        await (await admin(stack)).data("POST", f"/users/{user.id}/resume")
        assert (await stack.status(user, "sms", scheduled[1]))["code"] == "account_suspended"
        batches = (await stack.http.get("/api/batches", headers=user.headers)).json()["data"]
        assert {batch["state"] for batch in batches} <= {"cancelled", "completed"}
        fresh = (await send_one(stack, user, gateway_identifier=name))["uid"]
        assert (await stack.final(user, "sms", fresh))["state"] == "sent"
    assert (sink.arrived.total(), max(sink.arrived.values())) == (left + 1, 1)


async def test_a_fallback_that_becomes_due_is_cancelled_without_taking_credit(stack: Stack):
    async with serve(TAKEN) as provider, running_sink(1) as sink:
        user = await two_channels(stack, provider)
        name = await sink_gateway(stack, user, sink)
        uid = await send(stack, user, "3s", body="Parcel!", gateway_identifier=name)
        await until(stack, user, uid, waits)
        operation = await suspend(stack, user)
        await fallback_of(stack, uid)
        async with asyncio.timeout(30):
            while await ends(stack, user) != {("sent", None): 1, STOPPED: 1}:
                await asyncio.sleep(0.02)
        assert (await ended(stack.pool, operation)).done == 0
    assert await wallet(stack, user) == (10, 0, 0)
    await assert_ledger_agrees(stack, user)


async def test_a_resume_stops_it_and_what_it_has_not_come_to_goes_on(stack: Stack):
    staff = await admin(stack)
    async with running_sink(1) as sink:
        for _ in range(5):  # until the resume comes before the operation has begun
            user = await stack.user(credit=10)
            await sink_gateway(stack, user, sink)
            uid = (await send_one(stack, user, schedule_at=later(days=1)))["uid"]
            # Suspended before its credit is held, it would wait for its account instead of its time.
            await until(stack, user, uid, lambda data: data["credit"] and data["credit"]["state"] == "held", "sms")
            operation = await suspend(stack, user)
            assert await suspend(stack, user) == operation, "a repeat begins no second one"
            await staff.data("POST", f"/users/{user.id}/resume")
            stopped_ = await ended(stack.pool, operation)
            if stopped_.state == "cancelled" and stopped_.done == 0:
                break
        assert (stopped_.state, stopped_.done) == ("cancelled", 0)
        now = {"schedule_at": later()}
        moved = await stack.http.post(f"/api/sms/{uid}/reschedule", json=now, headers=user.headers)
        assert moved.status_code == 200, moved.text
        assert (await stack.final(user, "sms", uid))["state"] == "sent"
    await assert_ledger_agrees(stack, user)


async def test_they_wait_if_that_is_wanted_until_it_is_said_otherwise(stack: Stack):
    user, staff = await stack.user(credit=10), await admin(stack)
    async with running_sink(1) as sink:
        await sink_gateway(stack, user, sink)
        uid = (await send_one(stack, user, schedule_at=later(seconds=2)))["uid"]
        assert await suspend(stack, user, waiting="keep") is None
        await waits_for_its_account(stack, uid)
        assert await wallet(stack, user) == (9, 1, 0)
        assert (await stopped(stack, user, reason="fraud")).done == 1
        await page_ends(stack, uid)
        assert await ends(stack, user) == {STOPPED: 1}
    assert (await wallet(stack, user), sink.arrived.total()) == ((10, 0, 0), 0)
    await assert_ledger_agrees(stack, user)
    events = await staff.data("GET", f"/audit?target=user:{user.id}&action=user.suspended")
    assert [(event["metadata"]["waiting"], event["reason"]) for event in events] == [("cancel", "fraud"), ("keep", "")]


async def test_what_comes_due_meanwhile_is_cancelled_by_itself(stack: Stack):
    """Nothing waits for the operation: what becomes due before it is there ends in the same way."""
    user = await stack.user(credit=10)
    async with running_sink(1) as sink:
        await sink_gateway(stack, user, sink)
        uid = (await send_one(stack, user, schedule_at=later(seconds=2)))["uid"]
        await accounts.suspend(stack.pool, user.id, cancels_waiting=True)
        await page_ends(stack, uid)
        assert (await ends(stack, user), sink.arrived.total()) == ({STOPPED: 1}, 0)
    assert await wallet(stack, user) == (10, 0, 0)
    await assert_ledger_agrees(stack, user)


async def test_wrong_wishes_are_refused(stack: Stack):
    staff = await admin(stack)
    user = await staff.user()
    answer = await staff.call("POST", f"/users/{user['id']}/suspend", {"waiting": "drop"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/waiting")
    answer = await staff.call("POST", f"/users/{user['id']}/resume", {"waiting": "keep"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/waiting")
    tried = await staff.call("POST", f"/users/{user['id']}/suspend?dry_run=true", {"reason": uuid4().hex})
    operation = tried.json()["data"]["operation"]
    assert (await staff.call("GET", f"/operations/{operation}")).status_code == 404
