"""Runs that go on together: in one transaction, and yet each for itself."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHandle

from domain.ids import automation_workflow_id
from services.automations.feeding import Feeder
from services.automations.flows import Flows
from services.automations.publishing.moving import Moves
from services.automations.runs import running
from services.automations.runs.running import Running, take_steps
from store.automations import runs
from store.pool import InTransaction
from tests.api.automations.automations import ada, data, entered, flow, holder, published, reaches, sms
from tests.stack import Stack, User

WAIT = {"id": "wait", "kind": "wait", "for": "1d"}
PAID = {
    "id": "paid",
    "kind": "wait_event",
    "event": "order.paid",
    "since": "entry",
    "timeout": "30d",
    "then": [],
    "else": [],
}


async def test_waits_that_end_together_share_batches(stack: Stack):
    user = await holder(stack)
    await published(stack, user, flow(WAIT, sms("Order {{ order }} is yours")))
    inside = [await inside_wait(stack, user, await ada(stack, user, phone=f"+1415555{n:04}"), n) for n in range(30)]
    await all_due(stack, user)
    for run in inside:
        assert (await reaches(stack, user, run))["state"] == "completed"
    [(batches, messages)] = await rows(
        stack,
        """select (select count(*) from batches where account_id = a.id),
                  (select count(*) from messages where account_id = a.id) from accounts a where a.id = %s""",
        user.id,
    )
    assert (messages, batches <= 3) == (30, True), batches


async def test_a_run_that_fails_by_a_fault_of_ours_takes_no_other_with_it(stack: Stack):
    user = await holder(stack)
    await published(stack, user, flow(WAIT, sms()))
    broken, well = [await inside_wait(stack, user, await ada(stack, user, phone=None, email=None), n) for n in range(2)]
    await rows(stack, "update automation_runs set step = 'nowhere' where id = %s returning 1", UUID(broken))
    await all_due(stack, user)
    assert (await reaches(stack, user, well))["state"] == "completed"
    failed = await reaches(stack, user, broken)
    assert (failed["state"], failed["error"]["code"]) == ("failed", "internal_error")


async def test_heavy_texts_leave_others_their_turn(alone: Stack, monkeypatch: pytest.MonkeyPatch):
    """A round ends in time; who has had no turn is due, and has it in the next one."""
    user = await holder(alone)
    await published(alone, user, flow({"kind": "emit", "event": "seen"}, WAIT))
    inside = [await entered(alone, user, await ada(alone, user, phone=None)) for _ in range(5)]
    monkeypatch.setattr(running, "_LONGEST", 0.0)
    going = Running(alone.pool)
    for taken in range(1, 6):
        await going.go_on_due()
        states = await rows(alone, "select step from automation_runs where id = any(%s)", [UUID(one) for one in inside])
        assert 0 < sum(step == "wait" for (step,) in states) <= taken
    async with asyncio.timeout(30):  # one that met a lock is due again a second later
        states = Counter[tuple[Any, ...]]()
        while states != {("waiting",): 5}:
            await going.go_on_due()
            states = Counter(await rows(alone, "select state from automation_runs where account_id = %s", user.id))


async def test_a_run_whose_contact_others_have_locked_waits_alone(alone: Stack):
    user = await holder(alone)
    step = {"kind": "set", "fields": {"first_name": "Grace"}}
    await published(alone, user, flow(step, WAIT))
    locked, free = await ada(alone, user, phone=None), await ada(alone, user, phone=None)
    held, well = await entered(alone, user, locked), await entered(alone, user, free)
    going = Running(alone.pool)
    async with alone.pool.connection() as conn, conn.transaction():
        await conn.execute("select from contacts where id = %s for update", (UUID(locked),))
        await going.go_on_due()
        states = {run: (await data(alone, user, "GET", f"/runs/{run}"))["step"] for run in (held, well)}
        assert states == {held: None, well: "wait"}
    await due_since(alone, held, timedelta(0))
    await going.go_on_due()
    assert (await data(alone, user, "GET", f"/runs/{held}"))["step"] == "wait"


async def test_an_event_that_comes_while_the_run_begins_to_wait_is_not_missed(alone: Stack):
    user = await holder(alone)
    contact = await ada(alone, user)
    await published(alone, user, flow(PAID))
    run = UUID(await entered(alone, user, contact))
    flows, feeder = Flows(), Feeder(alone.pool)
    async with alone.pool.connection() as conn, conn.transaction():
        store = InTransaction(conn)
        rests = await take_steps(store, flows, Moves(flows), await runs.look(store, [run]))
        assert not rests[run].is_over, "it has seen no event"
        await data(alone, user, "POST", "/events", {"name": "order.paid", "contact": {"id": contact}})
        feeding = asyncio.create_task(feeder.feed())
        await waits_for_a_lock(alone)
    await feeding
    while (await Running(alone.pool).go_on_due()).number:
        pass
    found = await data(alone, user, "GET", f"/runs/{run}")
    assert (found["state"], found["steps"][0]["outcome"]["result"]) == ("completed", "happened")


async def test_who_is_stopped_by_another_run_of_the_same_round_sends_nothing(alone: Stack):
    user = await holder(alone)
    contact = await ada(alone, user)
    await published(alone, user, flow(WAIT, {"kind": "stop", "automation": "welcome", "reason": "bought"}, key="stops"))
    await published(alone, user, flow(WAIT, sms()))
    going = Running(alone.pool)
    await entered(alone, user, contact, key="stops")
    await going.go_on_due()
    stopped = await entered(alone, user, contact)
    await going.go_on_due()
    await all_due(alone, user)
    while (await going.go_on_due()).number:
        pass
    found = await data(alone, user, "GET", f"/runs/{stopped}")
    assert (found["state"], found["reason"]) == ("exited", "bought")
    assert [one["step"] for one in found["steps"]] == []


async def test_runs_of_a_paused_automation_hold_up_nobody_and_go_on_in_their_order(alone: Stack):
    user = await holder(alone)
    await published(alone, user, flow(WAIT, sms()))
    going = Running(alone.pool)
    inside = [await entered(alone, user, await ada(alone, user, phone=None)) for _ in range(4)]
    await going.go_on_due()
    await data(alone, user, "POST", "/automations/welcome/pause")
    for hours, run in enumerate(reversed(inside), 1):
        await due_since(alone, run, timedelta(hours=hours))
    assert (await going.go_on_due()).number == 4
    assert (await going.go_on_due()).number == 0, "they are held, not due"
    await data(alone, user, "POST", "/automations/welcome/resume")
    async with alone.pool.connection() as conn, conn.transaction():
        due = await runs.look_at_due(InTransaction(conn), 10)
    assert [str(one.run.id) for one in due] == inside, "those that waited longest first"


async def test_the_workflow_of_a_run_that_ends_is_told_so_that_it_need_not_look(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user)
    await published(stack, user, flow(PAID))
    run = await entered(stack, user, contact)
    await reaches(stack, user, run, "waiting")
    workflow = stack.temporal.get_workflow_handle(automation_workflow_id(UUID(run)))
    await data(stack, user, "POST", "/events", {"name": "order.paid", "contact": {"id": contact}})
    await reaches(stack, user, run, "completed")
    async with asyncio.timeout(30):
        while not any(
            event.HasField("workflow_execution_signaled_event_attributes") for event in await events(workflow)
        ):
            await asyncio.sleep(0.1)


async def inside_wait(stack: Stack, user: User, contact: str, number: int) -> str:
    run = await entered(stack, user, contact, order=f"A{number}")
    await reaches(stack, user, run, "waiting", step="wait")
    return run


async def all_due(stack: Stack, user: User) -> None:
    """Have all waits of a user's runs be over."""
    await rows(
        stack,
        """update automation_runs set since = since - interval '2 days', until = clock_timestamp()
           where account_id = %s and ended_at is null returning 1""",
        user.id,
    )


async def due_since(stack: Stack, run: str, ago: timedelta) -> None:
    await rows(
        stack,
        """update automation_runs set since = since - interval '2 days', until = clock_timestamp() - %s
           where id = %s returning 1""",
        ago,
        UUID(run),
    )


async def events(workflow: WorkflowHandle[Any, Any]) -> Sequence[HistoryEvent]:
    return (await workflow.fetch_history()).events


async def waits_for_a_lock(stack: Stack) -> None:
    async with asyncio.timeout(30):
        while not await rows(
            stack,
            """select 1 from pg_stat_activity
               where datname = current_database() and wait_event_type = 'Lock' and state = 'active'""",
        ):
            await asyncio.sleep(0.02)


async def rows(stack: Stack, query: str, *values: object) -> list[tuple]:
    async with stack.pool.connection() as conn:
        return list(await (await conn.execute(query, values)).fetchall())
