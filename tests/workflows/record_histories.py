"""Records histories of SendWorkflow for the replay test.

Run it when a release changes what the workflow does, and commit the new files beside the old ones (rename those first:
pages that were accepted before the release still replay theirs)::

    python -m tests.workflows.record_histories

The activities are scripted and the payloads are plain: there is no personal data in them and no key is needed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from temporalio.testing import WorkflowEnvironment

from tests.workflows.conftest import TEST_SERVER
from tests.workflows.script import Page, Script, acting, again, all_done, now, parked, start, through
from workflows import policy

FOLDER = Path(__file__).parent / "histories"
DAY = 86_400.0
Play = Callable[[WorkflowEnvironment], Awaitable[Page]]


async def plain(env: WorkflowEnvironment) -> Page:
    async with acting(Script(env)):
        page = await start(env)
        await page.handle.result()
    return page


async def failover(env: WorkflowEnvironment) -> Page:
    """Down, parked, throttled, another gateway, and at last through."""
    routings = [through("a"), parked(30), through("a", probe=True), through("b")]
    dispatches = [again("gateway_down"), again("retry_later", 20), again("not_started"), all_done]
    async with acting(Script(env, routings=routings, dispatches=dispatches)):
        page = await start(env, size=50)
        await page.handle.result()
    return page


async def scheduled_cancelled(env: WorkflowEnvironment) -> Page:
    async with acting(Script(env)):
        page = await start(env, size=2, due=[0.0, await now(env) + DAY])
        await page.until("schedule", 1)
        await page.cancel(1)
        await page.handle.result()
    return page


async def rescheduled(env: WorkflowEnvironment) -> Page:
    async with acting(Script(env)):
        begun = await now(env)
        page = await start(env, size=2, due=[begun + DAY, begun + DAY])
        await page.until("schedule")
        await page.reschedule(begun + 2 * DAY)
        await page.reschedule(begun + DAY / 2, 1)
        await page.handle.result()
    return page


async def refused(env: WorkflowEnvironment) -> Page:
    async with acting(Script(env, refused=[0])):
        page = await start(env)
        await page.handle.result()
    return page


async def fresh_run(env: WorkflowEnvironment) -> Page:
    """The second run of a page whose first became long."""
    usual, policy.LONG_HISTORY = policy.LONG_HISTORY, 10
    try:
        async with acting(Script(env, dispatches=[again("retry_later", 60), all_done])):
            page = await start(env, size=2)
            await page.handle.result()
    finally:
        policy.LONG_HISTORY = usual
    return Page(env.client.get_workflow_handle(page.handle.id), page.id)


async def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    async with await WorkflowEnvironment.start_time_skipping(test_server_existing_path=TEST_SERVER) as env:
        for play in (plain, failover, scheduled_cancelled, rescheduled, refused, fresh_run):
            page = await play(env)
            history = await page.handle.fetch_history()
            (FOLDER / f"{play.__name__}.json").write_text(history.to_json() + "\n")


if __name__ == "__main__":
    asyncio.run(main())
