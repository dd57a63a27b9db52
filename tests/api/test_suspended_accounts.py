"""Accounts that are suspended, resumed or deleted under messages on their way: those wait, go on, or are cancelled."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from domain.batches.batch import BatchChange, BatchStatus
from domain.ids import batch_workflow_id, page_of, send_workflow_id
from domain.messages.page import ChangeRequest, LiveStatus
from domain.messages.routing import SUSPENDED_LOOK
from gateways.conformance.fake_provider import serve
from services.workflow_calls import change_workflow
from store.accounts import accounts, credits
from store.batches import recovery as batch_recovery
from store.messages import messages
from tests.api.answers import SMS, send_one
from tests.api.batches import send_batch, sink_gateway, wallet
from tests.api.test_fallback import TAKEN, send, two_channels, until, waits
from tests.faults.sink import running_sink
from tests.stack import Stack, User
from worker.sweeps.closed_accounts import end_batches

SUSPENDED = "account_suspended"


def page(stack: Stack, uid: str):
    """The workflow of a message's page: a suspended account's own keys are refused."""
    return stack.temporal.get_workflow_handle(send_workflow_id(page_of(UUID(uid))))


async def waits_for_its_account(stack: Stack, uid: str) -> LiveStatus:
    async with asyncio.timeout(30):
        while True:
            live = await page(stack, uid).query("status", uid, result_type=LiveStatus | None)
            if live is not None and live.waits_for == SUSPENDED:
                return live
            await asyncio.sleep(0.02)


async def ended(stack: Stack, user: User, *uids: str) -> set[tuple[str, str | None, str]]:
    """State, code and credit of messages once their pages have come to their end."""
    async with asyncio.timeout(30):
        for uid in uids:
            await page(stack, uid).result()
    rows = [await messages.find(stack.pool, user.id, "sms", UUID(uid)) for uid in uids]
    return {(row.state, row.code, row.credit) for row in rows if row is not None}


async def assert_ledger_agrees(stack: Stack, user: User) -> None:
    assert [found for found in await credits.audit(stack.pool) if found.account_id == user.id] == []


async def test_a_scheduled_message_of_a_suspended_account_waits_and_leaves_when_it_is_resumed(stack: Stack):
    user = await stack.user(credit=10)
    async with running_sink(1) as sink:
        await sink_gateway(stack, user, sink)
        due = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
        kept, taken_back = [(await send_one(stack, user, schedule_at=due))["uid"] for _ in range(2)]
        await accounts.suspend(stack.pool, user.id)
        for uid in (kept, taken_back):
            live = await waits_for_its_account(stack, uid)
            assert live == LiveStatus(user.id, "queued", SUSPENDED, 0.0, "", live.attempt)
        assert await wallet(stack, user) == (8, 2, 0)
        await assert_ledger_agrees(stack, user)

        await change_workflow(
            stack.temporal, page(stack, taken_back).id, ChangeRequest(str(uuid4()), taken_back, "cancel")
        )
        assert await ended(stack, user, taken_back) == {("cancelled", "cancelled", "released")}
        assert not sink.arrived

        await accounts.resume(stack.pool, user.id)
        assert await ended(stack, user, kept) == {("sent", None, "captured")}
    assert sink.arrived == {kept: 1}
    assert await wallet(stack, user) == (9, 0, 1)
    await assert_ledger_agrees(stack, user)


async def test_who_asks_for_its_status_is_told_why_it_waits(stack: Stack):
    user = await stack.user(credit=10)
    async with running_sink(1) as sink:
        await sink_gateway(stack, user, sink)
        due = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
        item = await send_one(stack, user, schedule_at=due)
        await accounts.suspend(stack.pool, user.id)
        await waits_for_its_account(stack, item["uid"])
        async with stack.pool.connection() as conn, conn.transaction(force_rollback=True):
            # Its key works again while its messages have not been told yet.
            await conn.execute("lock table account_waits in access exclusive mode")
            await accounts.resume(stack.pool, user.id)
            data = await stack.status(user, "sms", item["uid"])
        assert data["waiting"] == {"for": SUSPENDED, "until": None, "gateway": None}
        assert (data["state"], data["status"], data["credit"]["state"]) == ("queued", "pending", "held")
        assert (await stack.final(user, "sms", item["uid"]))["state"] == "sent"


async def test_pages_in_flight_stop_launching_at_once_and_go_on_when_the_account_does(stack: Stack):
    user = await stack.user(credit=200)
    async with running_sink(1) as sink:
        await sink_gateway(stack, user, sink, per_second=20.0)
        uids = []
        for _ in range(4):
            answer = await stack.send(user, "sms", *[SMS] * 30)
            uids += [item["uid"] for item in answer.json()["data"]]
        await sink.reaches(5)
        await accounts.suspend(stack.pool, user.id)
        left_before = sink.arrived.total()
        for last in uids[29::30]:
            await waits_for_its_account(stack, last)
        left = sink.arrived.total()
        assert left - left_before < 20 * 1.5, "about a second after that nothing more left"
        available, held, spent = await wallet(stack, user)
        assert (available, held + spent) == (80, 120)
        await assert_ledger_agrees(stack, user)
        await accounts.resume(stack.pool, user.id)
        assert await ended(stack, user, *uids) == {("sent", None, "captured")}
    assert sink.arrived == dict.fromkeys(uids, 1)
    assert await wallet(stack, user) == (80, 0, 120)
    await assert_ledger_agrees(stack, user)


async def test_what_waits_is_woken_long_before_it_would_look_again(stack: Stack):
    user = await stack.user(credit=10)
    async with running_sink(1) as sink:
        await sink_gateway(stack, user, sink)
        due = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
        uid = (await send_one(stack, user, schedule_at=due))["uid"]
        await accounts.suspend(stack.pool, user.id)
        await waits_for_its_account(stack, uid)
        async with stack.pool.connection() as conn:
            await conn.execute("update account_waits set noted_at = now() - interval '1 minute'")
        await accounts.resume(stack.pool, user.id)
        await sink.reaches(1, seconds=SUSPENDED_LOOK / 60)


async def test_a_batch_of_a_suspended_account_pauses_and_goes_on(stack: Stack):
    user = await stack.user(credit=2000)
    async with running_sink(1) as sink:
        await sink_gateway(stack, user, sink, per_second=100.0)
        batch = (await send_batch(stack, user, 600))["batch"]
        workflow = stack.temporal.get_workflow_handle(batch_workflow_id(UUID(batch)))
        await sink.reaches(20)
        await accounts.suspend(stack.pool, user.id)
        async with asyncio.timeout(30):
            while True:
                in_flight = (await workflow.query("status", result_type=BatchStatus)).in_flight
                if in_flight and {SUSPENDED} == {
                    wait.waits_for
                    for page_id in in_flight
                    for wait in await stack.temporal.get_workflow_handle(send_workflow_id(UUID(page_id))).query(
                        "waits", result_type=list[LiveStatus]
                    )
                }:
                    break
        left = sink.arrived.total()
        assert left < 600
        await assert_ledger_agrees(stack, user)
        await accounts.resume(stack.pool, user.id)
        async with asyncio.timeout(60):
            await workflow.result()
    assert (len(sink.arrived), sink.arrived.total()) == (600, 600)
    assert await wallet(stack, user) == (1400, 0, 600)
    await assert_ledger_agrees(stack, user)


async def fallback_of(stack: Stack, uid: str) -> str:
    """The uid of the message that was sent in this one's place."""
    async with asyncio.timeout(30):
        while True:
            async with stack.pool.connection() as conn:
                cursor = await conn.execute("select fallback_uid from messages where uid = %s", (uid,))
                row = await cursor.fetchone()
            if row and row[0]:
                return str(row[0])
            await asyncio.sleep(0.02)


async def test_a_fallback_that_becomes_due_meanwhile_waits_or_is_cancelled_as_any_message(stack: Stack):
    async with serve(TAKEN) as provider, running_sink(1) as sink:
        suspended, deleted = [await two_channels(stack, provider) for _ in range(2)]
        uids = {}
        for user in (suspended, deleted):
            name = await sink_gateway(stack, user, sink)
            uids[user] = await send(stack, user, "2s", body="Parcel!", gateway_identifier=name)
            await until(stack, user, uids[user], waits)
        await accounts.suspend(stack.pool, suspended.id)
        await accounts.delete(stack.pool, deleted.id)
        waiting, gone = [await fallback_of(stack, uids[user]) for user in (suspended, deleted)]
        await waits_for_its_account(stack, waiting)
        assert await ended(stack, deleted, gone) == {("cancelled", "account_deleted", "free")}
        assert not sink.arrived
        await accounts.resume(stack.pool, suspended.id)
        assert await ended(stack, suspended, waiting) == {("sent", None, "captured")}
        assert sink.arrived == {waiting: 1}
    for user, left in ((suspended, 9), (deleted, 10)):
        assert (await wallet(stack, user))[0] == left
        await assert_ledger_agrees(stack, user)


async def test_a_paused_batch_of_a_deleted_account_ends_and_its_credit_comes_back(stack: Stack):
    user = await stack.user(credit=2000)
    async with running_sink(1) as sink:
        await sink_gateway(stack, user, sink, per_second=20.0)
        batch = (await send_batch(stack, user, 600))["batch"]
        workflow = stack.temporal.get_workflow_handle(batch_workflow_id(UUID(batch)))
        await sink.reaches(20)
        await change_workflow(stack.temporal, workflow.id, BatchChange(str(uuid4()), "pause"))
        await accounts.delete(stack.pool, user.id)
        for _ in range(2):  # it is found again until it has ended
            await end_batches(stack.pool, stack.temporal)
        async with asyncio.timeout(60):
            await workflow.result()
        left = sink.arrived.total()
    assert (sink.arrived.total(), max(sink.arrived.values())) == (left, 1)
    assert left < 600
    assert await wallet(stack, user) == (2000 - left, 0, left)
    assert UUID(batch) not in await batch_recovery.of_deleted_accounts(stack.pool)
    async with stack.pool.connection() as conn:
        cursor = await conn.execute(
            "select state, code, count(*) from messages where account_id = %s group by 1, 2", (user.id,)
        )
        ends = {(state, code): count for state, code, count in await cursor.fetchall()}
    assert ends.pop(("sent", None)) == left
    assert {state for state, _ in ends} == {"cancelled"}
    assert ends["cancelled", "account_deleted"] >= 100, "what the batch had not come to"
    await assert_ledger_agrees(stack, user)


async def test_what_waits_of_a_deleted_account_is_cancelled_and_released(stack: Stack):
    user = await stack.user(credit=10)
    async with running_sink(1) as sink:
        await sink_gateway(stack, user, sink)
        due = [(datetime.now(UTC) + timedelta(seconds=seconds)).isoformat() for seconds in (3, 7)]
        first, later = [(await send_one(stack, user, schedule_at=at))["uid"] for at in due]
        await accounts.suspend(stack.pool, user.id)
        await waits_for_its_account(stack, first)
        await accounts.delete(stack.pool, user.id)
        assert await ended(stack, user, first, later) == {("cancelled", "account_deleted", "released")}
        assert not sink.arrived
    assert await wallet(stack, user) == (10, 0, 0)
    await assert_ledger_agrees(stack, user)
