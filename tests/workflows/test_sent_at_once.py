"""Messages that may leave at once are sent within their page's first workflow task, if their gateways answer soon."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from time import monotonic

import pytest
import pytest_asyncio
from temporalio.api.enums.v1 import EventType
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.dependencies import open_dependencies
from domain.keyring import CREDENTIALS, Keyring
from domain.limits import AT_ONCE_LIMITS, PAGE_LIMITS
from gateways.conformance.fake_provider import Request, answer, serve
from store.gateways import gateways
from store.pool import Pool
from tests.gateways.smsc import smsc
from tests.workflows.conftest import TEST_SERVER
from tests.workflows.script import Page
from tests.workflows.test_real_pages import KEYS, new_account, provider
from worker.listener_events import ListenerEvents
from worker.table import table
from workflows import policy

SOON = AT_ONCE_LIMITS
PATIENT = replace(PAGE_LIMITS, at_once=10.0)
"""For what is to be sent at once however busy the machine is."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def env() -> AsyncIterator[WorkflowEnvironment]:
    """A server for these tests alone: it may skip no more time once a worker has left an activity behind.

    It may also skip the whole time of a page while a busy machine is about to take an answer: tests whose gateway
    answers late wait with time as it is.
    """
    async with await WorkflowEnvironment.start_time_skipping(test_server_existing_path=TEST_SERVER) as running:
        yield running


@asynccontextmanager
async def workers(env: WorkflowEnvironment, pool: Pool, served: tuple[str, ...] = policy.QUEUES) -> AsyncIterator[None]:
    """Workers with fresh dependencies, which replay a page in each of its tasks. ``served``: as to ``table``."""
    dependencies = open_dependencies(pool, KEYS, ListenerEvents(env.client), {})
    send = table(pool, dependencies, served)[policy.WORKFLOW_QUEUE]
    dispatch = table(pool, dependencies)[policy.DISPATCH_QUEUE]
    async with (
        Worker(
            env.client,
            task_queue=policy.WORKFLOW_QUEUE,
            workflows=send.workflows,
            activities=send.activities,
            max_cached_workflows=0,
        ),
        Worker(env.client, task_queue=policy.DISPATCH_QUEUE, activities=dispatch.activities),
        Worker(env.client, task_queue=policy.HOME_QUEUE, activities=dispatch.activities),
    ):
        yield
    await dependencies.aclose()


@dataclass
class Gated:
    """A provider that answers once its gate is open."""

    url: str = ""
    arrived: Counter[str] = field(default_factory=Counter)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def until_arrived(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.arrived) < count:
                await asyncio.sleep(0.01)


@asynccontextmanager
async def gated() -> AsyncIterator[Gated]:
    found = Gated()

    async def reply(request: Request, writer) -> None:
        found.arrived[json.loads(request.body)["ref"]] += 1
        await found.gate.wait()
        writer.write(answer(200, b"{}"))

    async with serve(reply) as running:
        found.url = running.url
        yield found


async def dispatches(page: Page) -> int:
    """How many dispatches the page has begun on their queue."""
    return len(await queues_of_dispatches(page))


async def queues_of_dispatches(page: Page) -> list[str]:
    events = (await page.handle.fetch_history()).events
    scheduled = [one for one in events if one.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED]
    return [one.activity_task_scheduled_event_attributes.task_queue.name for one in scheduled]


async def workflow_tasks(page: Page) -> int:
    events = (await page.handle.fetch_history()).events
    return sum(event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED for event in events)


async def test_a_page_whose_gateways_answer_is_one_workflow_task(env: WorkflowEnvironment, pool: Pool):
    account = await new_account(env, pool, 5)
    async with workers(env, pool), provider(200) as (url, arrived):
        await account.gateway(url)
        page = await account.send(3, limits=PATIENT)
        await page.handle.result()
        assert await dispatches(page) == 0
        assert await workflow_tasks(page) == 1
    assert set(arrived.values()) == {1}
    assert len(arrived) == 3
    assert await account.states(page, 3) == {("sent", "captured"): 3}
    assert await account.wallet() == (2, 0, 3)


async def test_a_gateway_that_takes_longer_is_waited_for_by_a_dispatch_that_sends_nothing_again(
    env: WorkflowEnvironment, pool: Pool
):
    account = await new_account(env, pool, 5)
    async with workers(env, pool), gated() as slow:
        await account.gateway(slow.url, timeout=30.0)
        page = await account.send(3, limits=SOON)
        await slow.until_arrived(3)
        assert (await page.until("gateway_answer")).state == "processing"
        slow.gate.set()
        with env.auto_time_skipping_disabled():
            await page.handle.result()
        assert await dispatches(page) == 1
    assert set(slow.arrived.values()) == {1}
    assert await account.states(page, 3) == {("sent", "captured"): 3}


async def test_what_the_home_sends_takes_its_queue_and_leaves_the_rest_of_the_page_at_once(
    env: WorkflowEnvironment, pool: Pool
):
    account = await new_account(env, pool, 5)
    async with workers(env, pool), provider(200) as (url, arrived), smsc() as peer:
        other = await account.gateway(url)
        config = {"host": "127.0.0.1", "port": peer.port, "system_id": "u", "password": "p"}
        new = gateways.NewGateway(account.id, "sms", "line", "smpp", config | {"allow_private_network": True})
        await gateways.add(pool, Keyring.parse(KEYS, CREDENTIALS), new)
        page = await account.send(3, requested={other: [0, 1], "line": [2]}, limits=PATIENT)
        await page.handle.result()
        queues = await queues_of_dispatches(page)
        assert len(peer.all("submit_sm")) == 1
    assert queues == ["xsender-home"]
    assert len(arrived) == 2
    assert await account.states(page, 3) == {("sent", "captured"): 3}


async def test_a_gateway_that_takes_longer_is_not_tried_at_once_again(env: WorkflowEnvironment, pool: Pool):
    account = await new_account(env, pool, 5)
    async with workers(env, pool), gated() as slow:
        await account.gateway(slow.url, timeout=30.0)
        first = await account.send(1, limits=replace(PAGE_LIMITS, at_once=2.0))
        await first.until("gateway_answer")
        begun = monotonic()
        second = await account.send(1, limits=replace(PAGE_LIMITS, at_once=8.0))
        await second.until("gateway_answer")
        assert monotonic() - begun < 7
        slow.gate.set()
        with env.auto_time_skipping_disabled():
            await asyncio.gather(first.handle.result(), second.handle.result())
    assert sorted(slow.arrived.values()) == [1, 1]


async def test_messages_of_a_fast_gateway_are_settled_beside_those_of_a_slow_one(env: WorkflowEnvironment, pool: Pool):
    account = await new_account(env, pool, 5)
    async with workers(env, pool), gated() as slow, provider(200) as (url, arrived):
        requested = {await account.gateway(slow.url, timeout=30.0): [0], await account.gateway(url): [1]}
        page = await account.send(2, requested=requested, limits=SOON)
        await page.until("gateway_answer", 0)
        record = await account.record(page, 1)
        assert (record.state, record.credit) == ("sent", "captured")
        assert await page.status(1) is None
        slow.gate.set()
        with env.auto_time_skipping_disabled():
            await page.handle.result()
    assert await account.states(page, 2) == {("sent", "captured"): 2}
    assert set(slow.arrived.values()) == set(arrived.values()) == {1}


async def test_what_a_gateway_fails_at_goes_through_the_next_one(env: WorkflowEnvironment, pool: Pool):
    account = await new_account(env, pool, 5)
    async with workers(env, pool), provider(500) as (down, tried), provider(200) as (url, arrived):
        await account.gateway(down, priority=1)
        await account.gateway(url, priority=2)
        page = await account.send(2, limits=PATIENT)
        await page.handle.result()
    assert set(tried.values()) == set(arrived.values()) == {1}
    assert await account.states(page, 2) == {("sent", "captured"): 2}


@pytest.mark.parametrize("how", ["no time for it", "a rate", "a process without connections to gateways"])
async def test_all_others_are_sent_by_dispatches(env: WorkflowEnvironment, pool: Pool, how: str):
    account = await new_account(env, pool, 5)
    served = (policy.WORKFLOW_QUEUE,) if how == "a process without connections to gateways" else policy.QUEUES
    async with workers(env, pool, served), provider(200) as (url, arrived):
        await account.gateway(url, **({"per_second": 50.0} if how == "a rate" else {}))
        page = await account.send(2, limits=PAGE_LIMITS if how == "no time for it" else PATIENT)
        await page.handle.result()
        assert await dispatches(page) == 1
    assert set(arrived.values()) == {1}
    assert await account.states(page, 2) == {("sent", "captured"): 2}


async def test_a_process_that_ends_waits_for_the_answers_of_what_it_has_begun(env: WorkflowEnvironment, pool: Pool):
    account = await new_account(env, pool, 5)
    async with gated() as slow:
        async with workers(env, pool):
            await account.gateway(slow.url, timeout=30.0)
            page = await account.send(2, limits=SOON)
            await page.until("gateway_answer")
            await slow.until_arrived(2)
            asyncio.get_running_loop().call_later(1.0, slow.gate.set)
        assert await account.states(page, 2) == {("sent", "held"): 2}
        async with workers(env, pool), asyncio.timeout(60):
            with env.auto_time_skipping_disabled():
                await page.handle.result()
    assert set(slow.arrived.values()) == {1}
    assert await account.states(page, 2) == {("sent", "captured"): 2}
