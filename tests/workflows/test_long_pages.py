"""Pages that live long or are large: fresh runs, content that is not handed out for ever."""

from dataclasses import replace

from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from domain.limits import PAGE_LIMITS
from domain.messages.fallback import Awaited
from domain.messages.page import Routing
from tests.workflows.script import Script, acting, again, all_done, now, parked, route, start, through

DAY = 86_400.0


async def test_a_page_with_a_long_history_goes_on_in_a_fresh_run(env: WorkflowEnvironment):
    dispatches = [again("retry_later", 3600), again("gateway_down"), *[again("held_back")] * 3, all_done]
    async with acting(Script(env, dispatches=dispatches)) as script:
        begun = await now(env)
        page = await start(env, size=2, due=[0.0, begun + 3 * DAY], limits=replace(PAGE_LIMITS, events=30))
        await page.handle.result()
        first = env.client.get_workflow_handle(page.handle.id, run_id=page.handle.first_execution_run_id)
        assert (await first.describe()).status == WorkflowExecutionStatus.CONTINUED_AS_NEW
    assert script.checks == 1
    assert [(r.indexes, r.attempt, r.excluded) for r in script.asked] == [
        ([0], 1, []),
        ([0], 2, []),
        ([0], 3, ["id-a"]),
        *[([0], 3, ["id-a"] * (n + 2)) for n in range(3)],
        ([1], 1, []),
    ]
    assert script.sent_at[-1] >= begun + 3 * DAY


async def test_waiting_messages_stay_cancellable_and_movable_in_a_fresh_run(env: WorkflowEnvironment):
    async with acting(Script(env, routings=[parked(300)])) as script:
        begun = await now(env)
        page = await start(
            env, size=3, due=[0.0, begun + 3 * DAY, begun + 4 * DAY], limits=replace(PAGE_LIMITS, events=20)
        )
        await env.sleep(DAY / 2)
        run = await env.client.get_workflow_handle(page.handle.id).describe()
        assert run.run_id != page.handle.first_execution_run_id
        assert (await page.status(1)).until == begun + 3 * DAY
        await page.cancel(0)
        await page.cancel(1)
        script.routings = [through()]
        await page.reschedule(begun + 5 * DAY, 2)
        await page.handle.result()
    assert script.endings() == {0: ("cancelled", "cancelled"), 1: ("cancelled", "cancelled")}
    assert script.sent_at[-1] >= begun + 5 * DAY


async def test_a_run_hands_out_large_content_until_it_has_handed_out_enough(env: WorkflowEnvironment):
    content = b"x" * (PAGE_LIMITS.inline_bytes // 2)

    def many_ways(request, at):
        return Routing([route(request, f"g{index}", indexes=[index]) for index in request.indexes])

    async with acting(Script(env, routings=[many_ways])) as script:
        page = await start(env, size=8, content=content)
        await page.handle.result()
    assert sorted(map(len, script.contents)) == [0] * 6 + [len(content)] * 2


async def test_fallbacks_are_followed_over_fresh_runs_and_keep_nobody_waiting(env: WorkflowEnvironment):
    """Twelve hourly messages, of which the first waits days for its fallback: each leaves in its hour."""
    async with acting(Script(env, waits=[[0]] * 3 + [[]])) as script:
        begun = await now(env)
        due = [0.0, *(begun + 3600 * hour for hour in range(1, 12))]
        limits = replace(PAGE_LIMITS, events=40)
        page = await start(env, size=12, due=due, awaited=[Awaited(0, 5 * DAY)], limits=limits)
        await page.handle.result()
        first = env.client.get_workflow_handle(page.handle.id, run_id=page.handle.first_execution_run_id)
        assert (await first.describe()).status == WorkflowExecutionStatus.CONTINUED_AS_NEW
    assert [request.route.indexes for request in script.sent] == [[index] for index in range(12)]
    assert all(at < begun + 3600 * hour + 120 for hour, at in enumerate(script.sent_at))
    assert script.looks[0] == [(0, False)]
    assert script.looks[-1] == [(0, True)], "its time was over, and it was looked at"
