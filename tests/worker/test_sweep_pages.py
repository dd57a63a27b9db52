"""A page whose workflow is taken away gets its end, or goes on, whatever took it."""

import asyncio
import time
from uuid import UUID, uuid4

import pytest
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError

from domain.ids import message_uid, send_workflow_id
from domain.messages.page import ChangeRequest
from runtime.temporal import connect
from services.workflow_calls import change_workflow
from store import workflow_checks
from tests.faults.sink import running_sink
from tests.receiver import receiving, register
from tests.stack import Stack, User
from tests.worker import lost
from worker.sweeps import sweep_pages
from worker.sweeps.sweep import Sweep

LATER = 3600.0


async def scheduled_page(stack: Stack, user: User, size: int = 2, **more: float) -> UUID:
    return await lost.start_page(stack, user, *[time.time() + LATER] * size, **more)


async def timed_out_page(stack: Stack, user: User, size: int = 2) -> UUID:
    page_id = await scheduled_page(stack, user, size, run_timeout=2)
    await lost.until_status(stack.temporal, send_workflow_id(page_id), WorkflowExecutionStatus.TIMED_OUT)
    return page_id


async def send_now(stack: Stack, page_id: UUID, size: int) -> None:
    for index in range(size):
        request = ChangeRequest(str(uuid4()), str(message_uid(page_id, index)), "reschedule", time.time())
        await change_workflow(stack.temporal, send_workflow_id(page_id), request)


async def age(stack: Stack, page_id: UUID, hours: int) -> None:
    async with stack.pool.connection() as conn:
        await conn.execute(
            """update messages set updated_at = now() - %(hours)s * interval '1 hour',
                   schedule_at = now() - %(hours)s * interval '1 hour' where uid between %(first)s and %(last)s""",
            {"hours": hours, "first": page_id, "last": message_uid(page_id, 499)},
        )


async def wait(stack: Stack, page_id: UUID) -> float:
    """Seconds until the page is looked at again."""
    async with stack.pool.connection() as conn:
        cursor = await conn.execute(
            "select extract(epoch from next_at - clock_timestamp())::float8 from workflow_checks where id = %s",
            (page_id,),
        )
        row = await cursor.fetchone()
    assert row is not None
    return row[0]


async def test_a_page_that_was_terminated_is_cancelled_and_told_of(stack: Stack):
    user = await stack.user(credit=2)
    async with receiving() as receiver:
        await register(stack.pool, stack.keyring, user.id, receiver.url)
        page_id = await scheduled_page(stack, user)
        await lost.terminate(stack.temporal, send_workflow_id(page_id))
        assert await lost.wallet(stack, user) == (0, 2, 0)
        assert (await lost.sweep_page(stack, page_id)).ended == 2
        assert await lost.rows(stack.pool, page_id) == [("cancelled", "terminated", "released")] * 2
        assert await lost.wallet(stack, user) == (2, 0, 0)
        await receiver.hears(2)
        assert receiver.types() == [(str(message_uid(page_id, index)), "message.cancelled") for index in range(2)]
        assert (await lost.sweep_page(stack, page_id)).ended == 0


async def test_a_page_terminated_at_its_gateway_is_unknown_and_the_late_answer_still_counts(stack: Stack):
    user = await stack.user(credit=1)
    async with running_sink(1, thinks=60) as sink:
        await stack.gateway(user.id, "sms", "http", sink.config)
        page_id = await lost.start_page(stack, user, 0.0)
        await sink.reaches(1)
        await lost.terminate(stack.temporal, send_workflow_id(page_id))
        await lost.sweep_page(stack, page_id)
        assert await lost.rows(stack.pool, page_id) == [("unknown", "workflow_lost", "held")]
        assert await lost.wallet(stack, user) == (0, 1, 0)
    data = await stack.status(user, "sms", str(page_id))
    assert [attempt["outcome"] for attempt in data["attempts"]] == ["unknown"]


async def test_a_page_that_timed_out_goes_on_and_each_message_leaves_once(stack: Stack):
    user = await stack.user(credit=2)
    async with running_sink(1) as sink:
        await stack.gateway(user.id, "sms", "http", sink.config)
        page_id = await timed_out_page(stack, user)
        assert (await lost.sweep_page(stack, page_id)).restarted == 1
        assert await lost.rows(stack.pool, page_id) == [("scheduled", None, "held")] * 2
        assert (await stack.status(user, "sms", str(page_id)))["waiting"]["for"] == "schedule"
        await send_now(stack, page_id, 2)
        await lost.until_rows(stack.pool, page_id, lambda rows: rows == [("sent", None, "captured")] * 2)
        assert set(sink.arrived.values()) == {1}
    assert await lost.wallet(stack, user) == (0, 0, 2)


async def test_sweeps_side_by_side_start_a_page_once(stack: Stack):
    user = await stack.user(credit=2)
    page_id = await timed_out_page(stack, user)
    swept = await asyncio.gather(*(lost.sweep_page(stack, page_id) for _ in range(4)))
    assert sum(each.restarted for each in swept) == 1
    assert sum(each.ended for each in swept) == 0
    await lost.terminate(stack.temporal, send_workflow_id(page_id))
    swept = await asyncio.gather(*(lost.sweep_page(stack, page_id) for _ in range(4)))
    assert sum(each.ended for each in swept) == 2
    assert await lost.wallet(stack, user) == (2, 0, 0)


async def test_a_page_that_temporal_has_forgotten_has_failed(stack: Stack):
    user = await stack.user(credit=2)
    page_id = await scheduled_page(stack, user)
    await lost.delete(stack.temporal, send_workflow_id(page_id))
    await lost.sweep_page(stack, page_id)
    assert await lost.rows(stack.pool, page_id) == [("failed", "workflow_lost", "released")] * 2
    assert await lost.wallet(stack, user) == (2, 0, 0)


async def test_a_page_is_not_started_again_for_ever(stack: Stack):
    user = await stack.user(credit=2)
    page_id = await timed_out_page(stack, user)
    async with stack.pool.connection() as conn:
        for _ in range(3):
            await workflow_checks.count_restart(conn, page_id)
    assert (await lost.sweep_page(stack, page_id)).restarted == 0
    assert await lost.rows(stack.pool, page_id) == [("failed", "workflow_lost", "released")] * 2


async def test_what_was_due_a_day_ago_does_not_leave_any_more(stack: Stack):
    user = await stack.user(credit=2)
    page_id = await timed_out_page(stack, user)
    await age(stack, page_id, 25)
    assert (await lost.sweep_page(stack, page_id)).restarted == 0
    assert await lost.rows(stack.pool, page_id) == [("failed", "workflow_lost", "released")] * 2


async def test_a_round_finds_lost_pages_and_leaves_running_and_young_ones_alone(stack: Stack):
    user = await stack.user(credit=6)
    gone, running, young = [await scheduled_page(stack, user) for _ in range(3)]
    for page_id in (gone, running):
        await age(stack, page_id, 1)
    for page_id in (gone, young):
        await lost.terminate(stack.temporal, send_workflow_id(page_id))
    await Sweep(stack.pool, stack.temporal, age=0).run()
    assert await lost.rows(stack.pool, gone) == [("cancelled", "terminated", "released")] * 2
    for page_id in (running, young):
        assert await lost.rows(stack.pool, page_id) == [("scheduled", None, "held")] * 2
    for page_id in (running, young):
        assert await wait(stack, page_id) > 60, "it was found alive a moment ago"
    await lost.terminate(stack.temporal, send_workflow_id(running))


async def test_while_temporal_is_away_nothing_is_decided(stack: Stack):
    user = await stack.user(credit=2)
    page_id = await scheduled_page(stack, user)
    await lost.terminate(stack.temporal, send_workflow_id(page_id))
    away = await connect(stack.settings.model_copy(update={"temporal_address": "127.0.0.1:9"}), lazy=True)
    with pytest.raises(RuntimeError, match="connect"):  # what a client raises that was never connected
        await Sweep(stack.pool, away, quiet=0, age=0).run()
    elsewhere = await connect(stack.settings.model_copy(update={"temporal_namespace": f"n-{uuid4().hex}"}))
    with pytest.raises(RPCError, match="Namespace"):
        await Sweep(stack.pool, elsewhere, quiet=0, age=0).run()
    assert await lost.rows(stack.pool, page_id) == [("scheduled", None, "held")] * 2


async def test_a_workflow_that_keeps_failing_is_shown(stack: Stack, monkeypatch):
    monkeypatch.setattr(sweep_pages, "FAILING_TRIES", 1)
    user = await stack.user(credit=1)
    page_id = await scheduled_page(stack, user, 1)
    await lost.terminate(stack.temporal, send_workflow_id(page_id))
    await stack.temporal.start_workflow("NoSuchWorkflow", id=send_workflow_id(page_id), task_queue="xsender")
    async with asyncio.timeout(30):
        while not (await lost.sweep_page(stack, page_id)).failing:
            await asyncio.sleep(0.1)
    (shown,) = [each for each in await workflow_checks.failing(stack.pool) if each.id == page_id]
    assert shown.tries >= 1
    assert await lost.rows(stack.pool, page_id) == [("scheduled", None, "held")]
    await lost.terminate(stack.temporal, send_workflow_id(page_id))
    await lost.sweep_page(stack, page_id)
    assert page_id not in [each.id for each in await workflow_checks.failing(stack.pool)]
