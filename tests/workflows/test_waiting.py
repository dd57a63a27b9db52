"""Messages that wait: for their time, a rate slot, a breaker, another try; moved and taken back meanwhile."""

import asyncio
from dataclasses import replace

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import CancelledError
from temporalio.testing import WorkflowEnvironment

from domain.limits import PAGE_LIMITS
from domain.messages.page import LiveStatus, RecordRequest
from services.workflow_calls import ChangeRefused
from tests.workflows.script import (
    Script,
    acting,
    again,
    all_done,
    now,
    parked,
    slot_in,
    start,
    start_with_change,
    through,
    until,
)

DAY = 86_400.0


async def test_a_message_leaves_when_it_is_due_in_30_days(env: WorkflowEnvironment):
    async with acting(Script(env)) as script:
        due = await now(env) + 30 * DAY
        page = await start(env, due=[due])
        live = await page.until("schedule")
        assert live == LiveStatus(7, "scheduled", "schedule", due)
        assert script.asked == []
        await page.handle.result()
    assert due <= script.sent_at[0] < due + 60


async def test_messages_due_at_different_times_leave_in_groups_while_the_rest_waits(env: WorkflowEnvironment):
    async with acting(Script(env)) as script:
        begun = await now(env)
        due = [0.0, begun + DAY, begun + 2 * DAY, begun + DAY]
        page = await start(env, size=4, due=due)
        await page.handle.result()
    assert [request.route.indexes for request in script.sent] == [[0], [1, 3], [2]]
    for request, at in zip(script.sent, script.sent_at, strict=True):
        assert at >= due[request.route.indexes[0]]


async def test_messages_that_all_have_their_own_time_leave_one_by_one_over_several_runs(
    env: WorkflowEnvironment,
):
    async with acting(Script(env)) as script:
        begun = await now(env)
        limits = replace(PAGE_LIMITS, events=600)
        page = await start(env, size=150, due=[begun + 60 * (index + 1) for index in range(150)], limits=limits)
        await page.handle.result()
    assert [request.route.indexes for request in script.sent] == [[index] for index in range(150)]


@pytest.mark.parametrize(
    ("routing", "dispatch", "waits_for"),
    [
        (slot_in(600), all_done, "rate_slot"),
        (parked(600), all_done, "gateway_breaker"),
        (through(), again("retry_later", 600), "retry_pause"),
        (slot_in(600, "retry_pause"), all_done, "retry_pause"),
    ],
)
async def test_a_message_is_cancelled_wherever_it_waits(env: WorkflowEnvironment, routing, dispatch, waits_for):
    async with acting(Script(env, routings=[routing], dispatches=[dispatch])) as script:
        page = await start(env, size=2)
        live = await page.until(waits_for)
        assert (live.state, live.gateway) == ("queued", "a")
        assert live.until == pytest.approx(await now(env) + 600, abs=30)
        await page.cancel(1)
        assert script.endings() == {1: ("cancelled", "cancelled")}
        assert await page.status(1) is None
        assert (await page.status(0)).waits_for == waits_for
        tries = len(script.sent)
        script.routings, script.dispatches = [through()], [all_done]
        await page.handle.result()
    assert [request.route.indexes for request in script.sent[tries:]] == [[0]]


async def test_a_scheduled_message_is_cancelled_and_its_page_ends(env: WorkflowEnvironment):
    async with acting(Script(env)) as script:
        page = await start(env, due=[await now(env) + DAY])
        await page.until("schedule")
        await page.cancel()
        await page.handle.result()
    assert script.sent == []
    assert script.endings() == {0: ("cancelled", "cancelled")}


async def test_a_message_cancelled_before_its_credit_is_held_does_not_leave(env: WorkflowEnvironment):
    async with acting(Script(env)) as script:
        page = await start_with_change(env, "cancel", due=[await now(env) + DAY])
        await page.handle.result()
    assert script.checks == 1
    assert script.sent == []
    assert script.endings() == {0: ("cancelled", "cancelled")}


async def test_a_message_that_is_due_at_once_has_left_when_a_cancel_is_acted_on(env: WorkflowEnvironment):
    async with acting(Script(env)) as script:
        with pytest.raises(ChangeRefused):
            await start_with_change(env, "cancel")
    assert len(script.sent) == 1
    assert script.endings() == {}


async def test_cancelling_a_message_that_turns_out_to_be_refused_is_refused(env: WorkflowEnvironment):
    async with acting(Script(env, refused=[0])) as script:
        with pytest.raises(ChangeRefused):
            await start_with_change(env, "cancel", due=[await now(env) + DAY])
    assert script.endings() == {}


async def test_a_message_moved_before_its_credit_is_held_leaves_at_its_new_time(env: WorkflowEnvironment):
    async with acting(Script(env)) as script:
        begun = await now(env)
        page = await start_with_change(env, "reschedule", begun + 2 * DAY, due=[begun + DAY])
        await env.sleep(2 * DAY)  # a page started like this keeps the server from skipping time by itself
        await page.handle.result()
    assert [moved.at for moved in script.moved] == [begun + 2 * DAY]
    assert script.sent_at[0] >= begun + 2 * DAY


@pytest.mark.parametrize("days", [-1, 1, 3])
async def test_a_waiting_message_moves_to_an_earlier_or_later_time(env: WorkflowEnvironment, days):
    async with acting(Script(env)) as script:
        begun = await now(env)
        page = await start(env, size=2, due=[begun + 2 * DAY] * 2)
        await page.until("schedule")
        await page.reschedule(begun + days * DAY)
        await page.handle.result()
    at = {request.route.indexes[0]: sent_at for request, sent_at in zip(script.sent, script.sent_at, strict=True)}
    assert max(begun, begun + days * DAY) <= at[0] < begun + max(days, 0) * DAY + 60
    assert begun + 2 * DAY <= at[1] < begun + 2 * DAY + 60


async def test_what_does_not_wait_for_its_time_cannot_be_moved(env: WorkflowEnvironment):
    async with acting(Script(env, routings=[slot_in(600), through()])):
        page = await start(env)
        await page.until("rate_slot")
        with pytest.raises(ChangeRefused):
            await page.reschedule(await now(env) + DAY)
        await page.handle.result()


async def test_what_is_at_a_gateway_cannot_be_cancelled(env: WorkflowEnvironment):
    gate = asyncio.Event()
    async with acting(Script(env, hold=until(gate))) as script:
        page = await start(env, size=2, due=[0.0, await now(env) + DAY])
        live = await page.until("gateway_answer")
        assert live == LiveStatus(7, "processing", "gateway_answer", 0.0, "a", 1)
        with pytest.raises(ChangeRefused):
            await page.cancel(0)
        gate.set()
        await page.cancel(1)
        await page.handle.result()
    assert script.endings() == {1: ("cancelled", "cancelled")}


async def test_what_waits_to_be_sent_again_after_a_lost_answer_cannot_be_cancelled(env: WorkflowEnvironment):
    script = Script(env, routings=[through(), parked(600), through()], dispatches=[again("resend"), all_done])
    async with acting(script):
        page = await start(env)
        await page.until("gateway_breaker")
        with pytest.raises(ChangeRefused):
            await page.cancel()
        await page.handle.result()
    assert script.endings() == {}


async def test_a_page_cancelled_by_an_operator_withdraws_what_waits_and_records_what_is_at_a_gateway(
    env: WorkflowEnvironment,
):
    gate = asyncio.Event()
    async with acting(Script(env, hold=until(gate), dispatches=[again("gateway_down")])) as script:
        page = await start(env, size=3, due=[0.0, 0.0, await now(env) + DAY])
        await page.until("gateway_answer")
        await page.handle.cancel()
        async with asyncio.timeout(10):
            while await page.status(2) is not None:
                pass
        await page.until_recalled()
        gate.set()
        with pytest.raises(WorkflowFailureError) as failure:
            await page.handle.result()
    assert isinstance(failure.value.cause, CancelledError)
    assert script.endings() == dict.fromkeys(range(3), ("cancelled", "cancelled"))
    assert RecordRequest(str(page.id)) not in script.records
