"""Messages whose gateway an operator paused: they wait without limit, and continue when signalled."""

from dataclasses import replace

from temporalio.testing import WorkflowEnvironment

from domain.limits import PAGE_LIMITS
from domain.messages.page import LiveStatus
from domain.messages.routing import PAUSED_LOOK
from tests.workflows.script import Script, acting, again, all_done, now, parked, paused, start, through

DAY = 86_400.0


async def test_they_wait_without_a_known_end_and_go_on_when_it_is_resumed(env: WorkflowEnvironment):
    async with acting(Script(env, routings=[paused(), through()])) as script:
        page = await start(env, size=2)
        assert await page.until("gateway_paused") == LiveStatus(7, "queued", "gateway_paused", 0.0, "a")
        begun = await now(env)
        await page.handle.signal("gateway_resumed")
        await page.handle.result()
    assert [request.route.indexes for request in script.sent] == [[0, 1]]
    assert script.sent_at[0] - begun < PAUSED_LOOK


async def test_they_look_for_another_way_out_by_themselves(env: WorkflowEnvironment):
    async with acting(Script(env, routings=[paused(), paused(), through("b")])) as script:
        begun = await now(env)
        page = await start(env)
        await page.handle.result()
    assert [request.route.gateway for request in script.sent] == ["b"]
    assert 2 * PAUSED_LOOK <= script.sent_at[0] - begun < 2 * PAUSED_LOOK + 30


async def test_they_do_not_expire_however_long_the_pause_is(env: WorkflowEnvironment):
    limits = replace(PAGE_LIMITS, events=1000)  # over several runs
    days = 3
    looks = int(days * DAY / PAUSED_LOOK)
    async with acting(Script(env, routings=[*[paused()] * looks, through()])) as script:
        begun = await now(env)
        page = await start(env, limits=limits)
        await page.handle.result()
    assert script.endings() == {}
    assert script.sent_at[0] - begun >= days * DAY


async def test_after_the_pause_they_have_their_whole_time_to_find_a_gateway(env: WorkflowEnvironment):
    looks = [*[paused()] * int(2 * DAY / PAUSED_LOOK), parked(DAY / 2), through()]
    async with acting(Script(env, routings=looks)) as script:
        page = await start(env)
        await page.handle.result()
    assert script.endings() == {}
    assert len(script.sent) == 1

    async with acting(Script(env, routings=[paused(), parked(DAY + 60), through()])) as script:
        page = await start(env)
        await page.handle.result()
    assert script.endings() == {0: ("expired", "gateway_down")}


async def test_what_was_called_back_waits_as_the_same_try(env: WorkflowEnvironment):
    script = Script(env, routings=[through(), paused(), through()], dispatches=[again("not_started"), all_done])
    async with acting(script):
        page = await start(env, size=3)
        await page.until("gateway_paused")
        await page.handle.signal("gateway_resumed")
        await page.handle.result()
    assert [request.attempt for request in script.sent] == [1, 1]
    assert script.asked[2].excluded == []


async def test_they_can_be_cancelled_and_sent_through_another_gateway(env: WorkflowEnvironment):
    async with acting(Script(env, routings=[paused(), through("b")])) as script:
        page = await start(env, size=2)
        await page.until("gateway_paused")
        await page.cancel(1)
        await page.handle.signal("switch_gateway", "b")
        await page.handle.result()
    assert script.endings() == {1: ("cancelled", "cancelled")}
    assert [(request.route.gateway, request.route.indexes) for request in script.sent] == [("b", [0])]
