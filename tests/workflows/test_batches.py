"""A batch: its pages in order, few at a time; paused, resumed, cancelled, re-routed; in fresh runs."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from domain.batches.batch import BatchChange, BatchPage, Stream
from domain.limits import BATCH_LIMITS
from domain.messages.page import DispatchRequest, RouteRequest, Routing
from services.workflow_calls import ChangeRefused
from tests.workflows.batch_script import BatchScript, Gate, pages, start_batch, walking
from tests.workflows.conftest import TEST_SERVER
from tests.workflows.script import now, parked, route, through

DAY = 86_400.0
DEV_SERVER = str(Path(TEST_SERVER).with_name("temporal"))


async def test_all_pages_are_sent_and_the_record_says_so(env: WorkflowEnvironment):
    async with walking(BatchScript(env, pages=pages(9))) as script:
        batch = await start_batch(env, Stream("", 1, 9))
        await batch.handle.result()
    assert sorted(script.numbers()) == list(range(1, 10))
    assert all(request.page.stored for request in script.sent)
    assert (script.shown, script.finished) == (["running"], ["completed"])


async def test_no_more_than_a_few_pages_are_under_way(env: WorkflowEnvironment):
    gate = Gate()
    async with walking(BatchScript(env, pages=pages(12), hold=gate.hold)) as script:
        batch = await start_batch(env, Stream("", 1, 12))
        await script.until_sent(BATCH_LIMITS.pages_in_flight)
        assert len((await batch.status()).in_flight) == BATCH_LIMITS.pages_in_flight
        gate.let_through(1)
        await script.until_sent(BATCH_LIMITS.pages_in_flight + 1)
        assert len((await batch.status()).in_flight) == BATCH_LIMITS.pages_in_flight
        gate.let_through(12)
        await batch.handle.result()


async def test_a_stream_whose_gateway_hangs_does_not_hold_up_the_others(env: WorkflowEnvironment):
    gate = Gate()

    async def hold(request: DispatchRequest) -> None:
        if request.route.gateway == "slow":
            await gate.hold(request)

    def as_wished(request: RouteRequest, at: float) -> Routing:
        return Routing([route(request, next(iter(request.page.requested)))])

    async with walking(BatchScript(env, pages=pages(20), routings=[as_wished], hold=hold)) as script:
        batch = await start_batch(env, Stream("slow", 1, 10), Stream("fast", 11, 20))
        await script.until_sent(2 + 10)
        assert set(range(11, 21)) <= set(script.numbers())
        gate.let_through(10)
        await batch.handle.result()
    assert sorted(script.numbers()) == list(range(1, 21))


async def test_paused_it_starts_nothing_and_resumed_it_goes_on(env: WorkflowEnvironment):
    gate = Gate()
    async with walking(BatchScript(env, pages=pages(10), hold=gate.hold)) as script:
        batch = await start_batch(env, Stream("", 1, 10))
        for sent in (BATCH_LIMITS.pages_in_flight, 2 * BATCH_LIMITS.pages_in_flight):
            await script.until_sent(sent)
            await batch.change("pause")
            await batch.change("pause")
            await batch.until_recalled(BATCH_LIMITS.pages_in_flight)
            gate.let_through(BATCH_LIMITS.pages_in_flight)
            await batch.until_in_flight(0)
            assert (await batch.status()).state == "paused"
            assert len(script.sent) == sent
            await batch.change("resume")
        gate.let_through(2)
        await batch.handle.result()
    assert sorted(script.numbers()) == list(range(1, 11))
    assert script.shown == ["running", "paused", "running", "paused", "running"]


async def test_pages_that_wait_for_a_gateway_wait_on_while_the_batch_is_paused(env: WorkflowEnvironment):
    async with walking(BatchScript(env, pages=pages(1), routings=[parked(60)])) as script:
        batch = await start_batch(env, Stream("", 1, 1))
        page = await batch.page("gateway_breaker")
        await batch.change("pause")
        script.routings = [through()]
        await env.sleep(600)
        assert (await page.query("waits"))[0]["waits_for"] == "gateway_breaker"
        assert script.sent == []
        await batch.change("resume")
        await batch.handle.result()
    assert script.numbers() == [1]


async def test_cancelled_it_withdraws_what_waits_and_starts_nothing_more(env: WorkflowEnvironment):
    gate = Gate()

    def first_waits(request: RouteRequest, at: float) -> Routing:
        return (parked(3600) if request is script.asked[0] else through())(request, at)

    script = BatchScript(env, pages=pages(10), routings=[first_waits], hold=gate.hold)
    async with walking(script):
        batch = await start_batch(env, Stream("", 1, 10))
        await script.until_sent(BATCH_LIMITS.pages_in_flight - 1)
        await batch.change("cancel")
        await batch.until_recalled(BATCH_LIMITS.pages_in_flight - 1)
        gate.let_through(10)
        await batch.handle.result()
    assert len(script.sent) == BATCH_LIMITS.pages_in_flight - 1
    assert [ending.state for record in script.records for ending in record.endings] == ["cancelled"]
    assert (script.shown[-1], script.finished) == ("cancelling", ["cancelled"])


async def test_a_batch_that_is_being_cancelled_cannot_be_paused(env: WorkflowEnvironment):
    gate = Gate()
    async with walking(BatchScript(env, pages=pages(4), hold=gate.hold)) as script:
        batch = await start_batch(env, Stream("", 1, 4))
        await script.until_sent(4)
        await batch.change("cancel")
        with pytest.raises(ChangeRefused):
            await batch.change("pause")
        await batch.until_recalled(4)
        gate.let_through(4)
        await batch.handle.result()


async def test_cancelled_by_an_operator_it_ends_as_by_its_sender(env: WorkflowEnvironment):
    gate = Gate()
    async with walking(BatchScript(env, pages=pages(10), hold=gate.hold)) as script:
        batch = await start_batch(env, Stream("", 1, 10))
        await script.until_sent(BATCH_LIMITS.pages_in_flight)
        await batch.handle.cancel()
        await batch.until("cancelling")
        await batch.until_recalled(BATCH_LIMITS.pages_in_flight)
        gate.let_through(10)
        with pytest.raises(WorkflowFailureError):
            await batch.handle.result()
    assert len(script.sent) == BATCH_LIMITS.pages_in_flight
    assert script.finished == ["cancelled"]


async def test_switched_to_another_gateway_everything_to_come_goes_there(env: WorkflowEnvironment):
    def as_wished(request: RouteRequest, at: float) -> Routing:
        if request.page.requested:
            return Routing([route(request, next(iter(request.page.requested)))])
        return parked(3600)(request, at)

    async with walking(BatchScript(env, pages=pages(6), routings=[as_wished])) as script:
        batch = await start_batch(env, Stream("", 1, 6))
        await batch.page("gateway_breaker")
        await batch.change("switch_gateway", "b")
        await batch.handle.result()
    assert sorted(script.numbers()) == list(range(1, 7))
    assert {request.route.gateway for request in script.sent} == {"b"}


async def test_pages_wait_until_they_are_due(env: WorkflowEnvironment):
    begun = await now(env)
    later = [BatchPage(1, 2, 0.0), BatchPage(2, 2, begun + DAY), BatchPage(3, 2, begun + 2 * DAY)]
    async with walking(BatchScript(env, pages=later)) as script:
        batch = await start_batch(env, Stream("", 1, 3))
        assert (await batch.until("scheduled")).until == begun + DAY
        await batch.handle.result()
    assert script.numbers() == [1, 2, 3]
    assert script.sent_at[1] >= begun + DAY
    assert script.sent_at[2] >= begun + 2 * DAY


async def test_a_long_batch_goes_on_in_fresh_runs(env: WorkflowEnvironment):
    limits = replace(BATCH_LIMITS, events=60, pages_listed=5)
    async with walking(BatchScript(env, pages=pages(40))) as script:
        batch = await start_batch(env, Stream("", 1, 20), Stream("b", 21, 40), limits=limits)
        await batch.handle.result()
        first = env.client.get_workflow_handle(batch.handle.id, run_id=batch.handle.first_execution_run_id)
        assert (await first.describe()).status == WorkflowExecutionStatus.CONTINUED_AS_NEW
    assert sorted(script.numbers()) == list(range(1, 41))
    assert script.finished == ["completed"]


async def test_a_page_that_was_sent_before_is_not_sent_again(env: WorkflowEnvironment):
    async with walking(BatchScript(env, pages=pages(6))) as script:
        batch = await start_batch(env, Stream("", 1, 6))
        await batch.handle.result()
        await (await batch.start_repeatable()).result()
    assert sorted(script.numbers()) == list(range(1, 7))
    assert script.finished == ["completed"] * 2


@pytest.fixture
async def own_env() -> AsyncIterator[WorkflowEnvironment]:
    """A server of its own: once a workflow has left a child behind, it skips time no more."""
    async with await WorkflowEnvironment.start_time_skipping(test_server_existing_path=TEST_SERVER) as running:
        yield running


async def test_a_stream_that_waits_does_not_keep_the_others_from_a_fresh_run(own_env: WorkflowEnvironment):
    """One gateway is paused while the other has many pages: these all leave, over several runs."""
    env = own_env

    def as_wished(request: RouteRequest, at: float) -> Routing:
        wish = next(iter(request.page.requested))
        return (parked(DAY / 2) if wish == "slow" else through(wish))(request, at)

    limits = replace(BATCH_LIMITS, events=60, rest=1.0)
    async with walking(BatchScript(env, pages=pages(45), routings=[as_wished])) as script:
        batch = await start_batch(env, Stream("slow", 1, 5), Stream("fast", 6, 45), limits=limits)
        async with asyncio.timeout(30):
            while not set(range(6, 46)) <= set(script.numbers()):
                await asyncio.sleep(0.05)
        described = await env.client.get_workflow_handle(batch.handle.id).describe()
        assert described.run_id != batch.handle.first_execution_run_id
        assert not set(range(1, 6)) & set(script.numbers())
        script.routings = [through("mended")]
        await batch.change("switch_gateway", "mended")
        async with asyncio.timeout(30):
            while not script.finished:
                await asyncio.sleep(0.05)
    assert sorted(script.numbers()) == list(range(1, 46))
    assert script.followed, "no page was followed over a fresh run: nothing of that was tested"
    assert script.finished == ["completed"]


@pytest.fixture
async def real_env() -> AsyncIterator[WorkflowEnvironment]:
    """A real server: it drops what a run that ends has not passed on yet."""
    async with await WorkflowEnvironment.start_local(dev_server_existing_path=DEV_SERVER) as running:
        yield running


async def has_event(handle: WorkflowHandle, attributes: str) -> bool:
    return any(event.HasField(attributes) for event in (await handle.fetch_history()).events)


async def signals(env: WorkflowEnvironment, page_id: str) -> list[str]:
    """Those that a page got, in their order."""
    history = await env.client.get_workflow_handle(f"send-{page_id}").fetch_history()
    found = (event.workflow_execution_signaled_event_attributes for event in history.events)
    return [signal.signal_name for signal in found if signal.signal_name]


async def timers_fired(handle: WorkflowHandle) -> int:
    events = (await handle.fetch_history()).events
    return sum(event.HasField("timer_fired_event_attributes") for event in events)


@pytest.mark.parametrize("is_resumed", [True, False], ids=["resumed", "paused"])
async def test_what_pages_are_to_be_told_is_passed_on_before_a_batch_ends(
    real_env: WorkflowEnvironment, is_resumed: bool
):
    """A look finds all messages of a paused page with an outcome: in the very task that resumes it, or while paused."""
    script = BatchScript(real_env, pages=pages(1), routings=[parked(DAY / 2)])
    limits = replace(BATCH_LIMITS, events=12, rest=0.1)
    async with asyncio.timeout(40):
        async with walking(script):
            batch = await start_batch(real_env, Stream("", 1, 1), limits=limits)
            while not script.followed:
                await asyncio.sleep(0.05)
            (page_id,) = (await batch.status()).in_flight
            await batch.change("pause")
            while await signals(real_env, page_id) != ["pause"]:
                await asyncio.sleep(0.05)
        script.is_recorded = True
        latest = real_env.client.get_workflow_handle(batch.handle.id)
        before = await timers_fired(latest)
        if is_resumed:
            await latest.signal("change", BatchChange(uuid4().hex, "resume"))
        while await timers_fired(latest) == before:
            await asyncio.sleep(0.05)
        async with walking(script):
            while not script.finished:
                await asyncio.sleep(0.05)
            while (await signals(real_env, page_id))[:2] != ["pause", "resume"]:
                await asyncio.sleep(0.05)
    assert script.finished == ["completed"]


async def test_what_pages_are_to_be_told_is_passed_on_before_a_fresh_a_fresh_run_begins(real_env: WorkflowEnvironment):
    """The pause and the end of the rest before a fresh run come in one workflow task."""
    script = BatchScript(real_env, pages=pages(3), routings=[parked(DAY / 2)])
    async with walking(script):
        batch = await start_batch(real_env, Stream("", 1, 3), limits=replace(BATCH_LIMITS, events=36, rest=3.0))
        await batch.until_in_flight(3)
        page_ids = (await batch.status()).in_flight
    await batch.handle.signal("change", BatchChange(uuid4().hex, "pause"))
    async with asyncio.timeout(20):
        while not await has_event(batch.handle, "timer_fired_event_attributes"):
            await asyncio.sleep(0.05)
        async with walking(script):
            for page_id in page_ids:
                page = real_env.client.get_workflow_handle(f"send-{page_id}")
                while not await has_event(page, "workflow_execution_signaled_event_attributes"):
                    await asyncio.sleep(0.05)
            first = real_env.client.get_workflow_handle(batch.handle.id, run_id=batch.handle.first_execution_run_id)
            while (await first.describe()).status != WorkflowExecutionStatus.CONTINUED_AS_NEW:
                await asyncio.sleep(0.05)
            await batch.change("cancel")
            while not script.finished:
                await asyncio.sleep(0.05)
    assert script.finished == ["cancelled"]
