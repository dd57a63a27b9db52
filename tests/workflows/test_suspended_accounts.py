"""Messages of a suspended account: they wait as long as it takes, and go on when they are told."""

from temporalio.testing import WorkflowEnvironment

from domain.messages.page import LiveStatus, NoRoute, Routing
from domain.messages.routing import SUSPENDED_LOOK
from tests.workflows.script import Script, acting, again, all_done, now, paused, start, suspended, through

DAY = 86_400.0


async def test_they_wait_without_a_known_end_and_go_on_when_it_is_resumed(env: WorkflowEnvironment):
    async with acting(Script(env, routings=[suspended(), through()])) as script:
        page = await start(env, size=2)
        assert await page.until("account_suspended") == LiveStatus(7, "queued", "account_suspended")
        begun = await now(env)
        await page.handle.signal("gateway_resumed")
        await page.handle.signal("account_resumed")
        await page.handle.result()
    assert [request.route.indexes for request in script.sent] == [[0, 1]]
    assert script.sent_at[0] - begun < SUSPENDED_LOOK


async def test_an_account_that_is_resumed_wakes_nobody_who_waits_for_a_gateway(env: WorkflowEnvironment):
    async with acting(Script(env, routings=[paused(), through()])) as script:
        page = await start(env)
        await page.until("gateway_paused")
        await page.handle.signal("account_resumed")
        assert (await page.until("gateway_paused")).waits_for == "gateway_paused"
        assert len(script.asked) == 1
        await page.handle.signal("gateway_resumed")
        await page.handle.result()


async def test_they_look_by_themselves_and_do_not_expire(env: WorkflowEnvironment):
    looks = int(2 * DAY / SUSPENDED_LOOK)
    async with acting(Script(env, routings=[*[suspended()] * looks, through()])) as script:
        begun = await now(env)
        page = await start(env)
        await page.handle.result()
    assert script.endings() == {}
    assert script.sent_at[0] - begun >= 2 * DAY


async def test_what_was_handed_back_waits_as_the_same_try_and_can_be_cancelled(env: WorkflowEnvironment):
    script = Script(env, routings=[through(), suspended(), through()], dispatches=[again("not_started"), all_done])
    async with acting(script):
        page = await start(env, size=3)
        await page.until("account_suspended")
        await page.cancel(1)
        await page.handle.signal("account_resumed")
        await page.handle.result()
    assert script.endings() == {1: ("cancelled", "cancelled")}
    assert [(request.attempt, request.route.indexes) for request in script.sent] == [(1, [0, 1, 2]), (1, [0, 2])]


async def test_messages_of_a_deleted_account_end_as_the_choice_says(env: WorkflowEnvironment):
    gone = NoRoute([0, 1], "account_deleted", "the account is deleted", "cancelled")
    async with acting(Script(env, routings=[lambda request, at: Routing(none=[gone])])) as script:
        page = await start(env, size=2)
        await page.handle.result()
    assert script.endings() == dict.fromkeys((0, 1), ("cancelled", "account_deleted"))


async def test_what_has_ended_in_the_database_is_waited_for_no_more(env: WorkflowEnvironment):
    async with acting(Script(env, routings=[suspended(), through()])) as script:
        page = await start(env, size=3)
        await page.until("account_suspended")
        await page.handle.signal("ended", [page.uid(0), page.uid(2)])
        await page.handle.signal("account_resumed")
        await page.handle.result()
    assert script.endings() == {}, "their ends are recorded already"
    assert [request.route.indexes for request in script.sent] == [[1]]
