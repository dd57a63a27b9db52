"""Receipts, fallbacks and STOP, as the workflows see them: who is told what, and how long anybody waits.

No page is started from a workflow here: once a workflow has left a child behind, this server skips time no more. That
is tested in tests/api, on the real engine.
"""

import asyncio
from uuid import uuid4

import pytest
from temporalio.testing import WorkflowEnvironment

from domain.ids import new_page_id
from domain.messages.fallback import Awaited
from domain.messages.receipts import Applied, InboundResult, ReceiptsSource
from tests.workflows.receipts_script import ReceiptsScript, post
from tests.workflows.script import Page, Script, acting, now, parked, start, through

DAY = 86_400.0


async def until_looked(script: Script, page: Page, times: int) -> None:
    async with asyncio.timeout(10):
        while len(script.looks) < times:
            await page.status()


async def test_a_fallback_waits_its_days_out(env: WorkflowEnvironment):
    async with acting(Script(env, waits=[[0, 1], []])) as script:
        begun = await now(env)
        page = await start(env, awaited=[Awaited(0, 3 * DAY)])
        live = await page.until("fallback")
        assert begun + 3 * DAY <= live.until < begun + 3 * DAY + 60
        await page.handle.result()
    assert script.looks == [[(0, False)], [(0, True)]]


async def test_news_are_looked_at_at_once_and_good_ones_end_the_wait(env: WorkflowEnvironment):
    async with acting(Script(env, waits=[[0], [0], []])) as script:
        page = await start(env, awaited=[Awaited(0, 3 * DAY)])
        for looks in (1, 2):
            await until_looked(script, page, looks)
            await page.until("fallback")
            await page.handle.signal("reported", [page.uid()])
        await until_looked(script, page, 3)
        await page.handle.result()
    assert script.looks == [[(0, False)]] * 3


async def test_neighbours_of_a_message_with_a_fallback_are_done_without_it(env: WorkflowEnvironment):
    async with acting(Script(env, waits=[[0, 1], []])) as script:
        page = await start(env, size=3, awaited=[Awaited(1, DAY)])
        await page.until("fallback", 1)
        assert await page.status(0) is None
        await page.handle.result()
    assert {index for look in script.looks for index, _ in look} == {1}


async def test_a_refused_message_is_followed_too(env: WorkflowEnvironment):
    async with acting(Script(env, refused=[0])) as script:
        page = await start(env, awaited=[Awaited(0, DAY)])
        await page.handle.result()
    assert script.looks == [[(0, False)]]


async def test_an_early_receipt_is_tried_again_until_its_message_is_known(env: WorkflowEnvironment):
    answers = ReceiptsScript([Applied([2, 5]), Applied([5]), Applied()])
    async with acting(Script(env), answers.apply_receipts, answers.hear):
        await (await post(env)).handle.result()
    assert answers.asked == [None, [2, 5], [5]]


async def test_what_one_transaction_does_not_hold_is_applied_before_early_receipts_are_tried_again(
    env: WorkflowEnvironment,
):
    answers = ReceiptsScript([Applied([1], rest=[2, 3]), Applied([3]), Applied([3]), Applied()])
    async with acting(Script(env), answers.apply_receipts, answers.hear):
        await (await post(env)).handle.result()
    assert answers.asked == [None, [2, 3], [1, 3], [3]]


async def test_a_receipt_of_nothing_of_ours_is_given_up(env: WorkflowEnvironment):
    answers = ReceiptsScript([Applied([0])])
    async with acting(Script(env), answers.apply_receipts, answers.hear):
        await (await post(env)).handle.result()
    assert len(answers.asked) == 1 + len(ReceiptsSource.pauses)


@pytest.mark.parametrize("signal", ["opted_out", "reported"])
async def test_pages_that_are_no_more_do_not_hold_up_a_post(env: WorkflowEnvironment, signal):
    nobody = {str(new_page_id()): [str(uuid4())]}
    answers = ReceiptsScript([Applied([], nobody)], InboundResult(nobody) if signal == "opted_out" else InboundResult())
    async with acting(Script(env), answers.apply_receipts, answers.hear):
        await (await post(env, inbound=True)).handle.result()


async def test_stop_withdraws_what_waits_and_nothing_else(env: WorkflowEnvironment):
    answers = ReceiptsScript()
    script = Script(env, routings=[parked(3600), through()])
    async with acting(script, answers.apply_receipts, answers.hear):
        page = await start(env, size=2)
        await page.until("gateway_breaker")
        answers.inbound = InboundResult({str(page.id): [page.uid(1)]})
        await (await post(env, inbound=True)).handle.result()
        await page.handle.result()
    assert script.endings() == {1: ("cancelled", "opted_out")}
    assert [request.route.indexes for request in script.sent] == [[0]]
