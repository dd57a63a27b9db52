"""Pages with the real activities on the real database, the workflow sandboxed, time skipped, gateways over sockets."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from uuid import uuid4

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.dependencies import open_dependencies
from domain.ids import message_uid, new_page_id, send_workflow_id
from domain.keyring import CREDENTIALS, Keyring
from domain.limits import PAGE_LIMITS, PageLimits
from domain.messages.page import PageHeader
from domain.messages.page_content import Content, PageContent, PageMessage
from gateways.conformance.fake_provider import Request, answer, serve
from store.accounts import accounts, credits
from store.gateways import gateways
from store.messages import messages
from store.pool import Pool
from tests.workflows.script import Page, now
from worker.listener_events import ListenerEvents
from worker.table import table
from workflows import policy

KEYS = Keyring.generate()
DAY = 86_400.0


@pytest.fixture(scope="module")
async def work(env: WorkflowEnvironment, pool: Pool) -> AsyncIterator[None]:
    """Workers of all queues."""
    dependencies = open_dependencies(pool, KEYS, ListenerEvents(env.client), {})
    rows = table(pool, dependencies)
    send, dispatch = rows[policy.WORKFLOW_QUEUE], rows[policy.DISPATCH_QUEUE]
    async with (
        Worker(env.client, task_queue=policy.WORKFLOW_QUEUE, workflows=send.workflows, activities=send.activities),
        Worker(env.client, task_queue=policy.DISPATCH_QUEUE, activities=dispatch.activities),
    ):
        yield
    await dependencies.aclose()


@dataclass
class Account:
    """Somebody who sends."""

    env: WorkflowEnvironment
    pool: Pool
    id: int
    names: list[str] = field(default_factory=list)

    async def gateway(self, url: str, timeout: float = 2.0, **more: object) -> str:
        config = {"url": url, "body": {"ref": "{{ reference }}"}, "allow_private_network": True, "timeout": timeout}
        new = gateways.NewGateway(self.id, "sms", f"g{len(self.names)}", "http", config, **more)
        await gateways.add(self.pool, Keyring.parse(KEYS, CREDENTIALS), new)
        self.names.append(new.identifier)
        return new.identifier

    async def send(
        self,
        size: int,
        due: list[float] | None = None,
        requested: dict[str, list[int]] | None = None,
        limits: PageLimits = PAGE_LIMITS,
    ) -> Page:
        page_id = new_page_id()
        due = due or []
        rows = [PageMessage(f"+1202555{i:04}", 1, 0, due[i] if due else 0.0) for i in range(size)]
        handle = await self.env.client.start_workflow(
            "SendWorkflow",
            args=[
                PageHeader(str(page_id), self.id, "sms", size, due, requested or {}, limits=limits),
                PageContent([Content("Hi")], rows).encode(),
            ],
            id=send_workflow_id(page_id),
            task_queue=policy.WORKFLOW_QUEUE,
        )
        return Page(self.env, handle, page_id)

    async def record(self, page: Page, index: int = 0) -> messages.Message:
        found = await messages.find(self.pool, self.id, "sms", message_uid(page.id, index))
        assert found is not None
        return found

    async def states(self, page: Page, size: int) -> Counter[tuple[str, str]]:
        found = [await self.record(page, index) for index in range(size)]
        return Counter((message.state, message.credit) for message in found)

    async def wallet(self) -> tuple[int, int, int]:
        wallet = (await credits.show(self.pool, self.id))["sms"]
        return wallet.available, wallet.held, wallet.spent


async def new_account(env: WorkflowEnvironment, pool: Pool, credit: int) -> Account:
    account = await accounts.create(pool, f"{uuid4().hex}@example.com", "Test", None, uuid4())
    await credits.top_up(pool, account.id, "sms", credit, "test", uuid4())
    return Account(env, pool, account.id)


@asynccontextmanager
async def provider(*statuses: int) -> AsyncIterator[tuple[str, Counter[str]]]:
    """A provider that answers with these statuses in turn (the last one is repeated), and counts references."""
    arrived: Counter[str] = Counter()
    left = list(statuses)

    async def reply(request: Request, writer) -> None:
        arrived[json.loads(request.body)["ref"]] += 1
        writer.write(answer(left.pop(0) if len(left) > 1 else left[0], b"{}"))

    async with serve(reply) as running:
        yield running.url, arrived


async def test_a_page_is_sent_and_charged(env: WorkflowEnvironment, pool: Pool, work):
    account = await new_account(env, pool, 120)
    async with provider(200) as (url, arrived):
        await account.gateway(url)
        page = await account.send(100)
        await page.handle.result()
    assert set(arrived.values()) == {1}
    assert await account.states(page, 100) == {("sent", "captured"): 100}
    assert await account.wallet() == (20, 0, 100)


async def test_what_credit_does_not_cover_is_refused_by_itself(env: WorkflowEnvironment, pool: Pool, work):
    account = await new_account(env, pool, 3)
    async with provider(200) as (url, arrived):
        await account.gateway(url)
        page = await account.send(5)
        await page.handle.result()
    assert len(arrived) == 3
    assert await account.states(page, 5) == {("sent", "captured"): 3, ("rejected", "free"): 2}


async def test_without_a_gateway_the_credit_comes_back(env: WorkflowEnvironment, pool: Pool, work):
    account = await new_account(env, pool, 5)
    page = await account.send(2)
    await page.handle.result()
    record = await account.record(page)
    assert (record.state, record.code) == ("failed", "no_gateway")
    assert await account.wallet() == (5, 0, 0)


async def test_a_scheduled_message_is_held_for_and_shown_and_sent_in_30_days(
    env: WorkflowEnvironment, pool: Pool, work
):
    account = await new_account(env, pool, 5)
    async with provider(200) as (url, arrived):
        await account.gateway(url)
        page = await account.send(2, due=[0.0, await now(env) + 30 * DAY])
        await page.until("schedule", 1)
        record = await account.record(page, 1)
        assert (record.state, record.credit) == ("scheduled", "held")
        await page.handle.result()
    assert len(arrived) == 2
    assert await account.wallet() == (3, 0, 2)


async def test_a_cancelled_message_gives_its_credit_back(env: WorkflowEnvironment, pool: Pool, work):
    account = await new_account(env, pool, 5)
    page = await account.send(2, due=[await now(env) + DAY] * 2)
    await page.until("schedule")
    await page.cancel(0)
    record = await account.record(page)
    assert (record.state, record.code, record.credit) == ("cancelled", "cancelled", "released")
    assert await account.wallet() == (4, 1, 0)
    await page.cancel(1)
    await page.handle.result()
    assert await account.wallet() == (5, 0, 0)


async def test_a_moved_message_shows_its_new_time(env: WorkflowEnvironment, pool: Pool, work):
    account = await new_account(env, pool, 5)
    async with provider(200) as (url, _):
        await account.gateway(url)
        begun = await now(env)
        page = await account.send(1, due=[begun + DAY])
        await page.until("schedule")
        await page.reschedule(begun + 2 * DAY)
        assert (await account.record(page)).schedule_at.timestamp() == pytest.approx(begun + 2 * DAY)
        await page.handle.result()
    assert (await account.record(page)).state == "sent"


async def test_a_gateway_that_is_down_is_passed_over_for_the_next(env: WorkflowEnvironment, pool: Pool, work):
    account = await new_account(env, pool, 200)
    async with provider(503) as (down, tried), provider(200) as (up, arrived):
        await account.gateway(down, priority=1)
        second = await account.gateway(up, priority=2)
        page = await account.send(200)
        await page.handle.result()
        assert len(tried) <= 64
        assert set(arrived.values()) == {1}
    assert await account.states(page, 200) == {("sent", "captured"): 200}
    assert {(await account.record(page, index)).gateway for index in (0, 199)} == {second}


async def test_a_page_whose_only_gateway_is_down_waits_and_is_sent_when_it_is_back(
    env: WorkflowEnvironment, pool: Pool, work
):
    """The breaker goes by the database's clock, so this wait is a real one: one pause of five seconds."""
    account = await new_account(env, pool, 20)
    async with provider(*[503] * 20, 200) as (url, arrived):
        await account.gateway(url)
        page = await account.send(20)
        live = await page.until("gateway_breaker")
        assert (live.state, live.gateway) == ("queued", "g0")
        await page.handle.result()
    assert set(arrived.values()) == {2}
    assert await account.states(page, 20) == {("sent", "captured"): 20}


async def test_a_slow_route_does_not_hold_back_the_record_of_another(env: WorkflowEnvironment, pool: Pool, work):
    account = await new_account(env, pool, 10)
    async with provider(200) as (url, _):
        await account.gateway(url, per_second=1.0)
        fast = await account.gateway(url)
        page = await account.send(4, requested={"g0": [0, 1, 2], fast: [3]})
        while (await page.status(3)) is not None:
            pass
        assert (await account.record(page, 3)).state == "sent"
        assert (await account.record(page, 2)).state == "queued"
        await page.handle.result()
    assert await account.states(page, 4) == {("sent", "captured"): 4}


async def test_content_beyond_what_a_run_hands_out_is_read_from_its_start(env: WorkflowEnvironment, pool: Pool, work):
    account = await new_account(env, pool, 10)
    async with provider(200) as (url, arrived):
        await account.gateway(url)
        page = await account.send(3, limits=replace(PAGE_LIMITS, inline_bytes=0))
        await page.handle.result()
    assert len(arrived) == 3
    scheduled = [
        e async for e in page.handle.fetch_history_events() if e.HasField("activity_task_scheduled_event_attributes")
    ]
    assert [e.activity_task_scheduled_event_attributes.input.payloads[1].data for e in scheduled] == [b""]


async def test_a_plain_send_costs_two_workflow_tasks_and_14_events(env: WorkflowEnvironment, pool: Pool, work):
    """The price of a single message: whoever adds an event here, adds it to every OTP."""
    account = await new_account(env, pool, 1)
    async with provider(200) as (url, _):
        await account.gateway(url)
        page = await account.send(1)
        await page.handle.result()
    events = [event async for event in page.handle.fetch_history_events()]
    assert sum(event.HasField("workflow_task_completed_event_attributes") for event in events) == 2
    assert len(events) <= 14


async def begun_slowly(account: Account, url: str, arrived: Counter[str], count: int) -> Page:
    """A page of six through a slow gateway, once ``count`` have arrived."""
    await account.gateway(url, per_second=1.0)
    page = await account.send(6)
    async with asyncio.timeout(20):
        while len(arrived) < count:
            await asyncio.sleep(0.01)
    return page


async def test_paused_it_has_what_has_not_left_come_back_from_a_slow_gateway(
    env: WorkflowEnvironment, pool: Pool, work
):
    account = await new_account(env, pool, 6)
    async with provider(200) as (url, arrived):
        page = await begun_slowly(account, url, arrived, 1)
        await page.handle.signal("pause")
        async with asyncio.timeout(20):
            while (live := await page.status(5)) is None or live.state != "queued":
                await asyncio.sleep(0.01)
        assert len(arrived) < 6
        await page.handle.signal("resume")
        await page.handle.result()
    assert set(arrived.values()) == {1}
    assert await account.states(page, 6) == {("sent", "captured"): 6}


async def test_cancelled_it_gives_back_the_credits_of_what_has_not_left(env: WorkflowEnvironment, pool: Pool, work):
    account = await new_account(env, pool, 6)
    async with provider(200) as (url, arrived):
        page = await begun_slowly(account, url, arrived, 1)
        await page.handle.cancel()
        with pytest.raises(WorkflowFailureError):
            await page.handle.result()
    left = len(arrived)
    assert 1 <= left < 6
    assert await account.states(page, 6) == {("sent", "captured"): left, ("cancelled", "released"): 6 - left}
