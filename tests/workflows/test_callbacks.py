"""Callbacks through days of trouble: the real activities on the real database, the workflow sandboxed, time skipped."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from temporalio import workflow
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.dependencies import open_callbacks
from domain.callbacks import LADDER, TEST_EVENT
from domain.ids import callback_workflow_id
from domain.keyring import CREDENTIALS, Keyring
from gateways.conformance.fake_provider import Request, answer
from store.accounts import accounts
from store.callbacks import callback_deliveries, callback_endpoints, callbacks
from store.callbacks.callback_deliveries import Listed
from store.callbacks.callback_endpoints import Endpoint
from store.callbacks.callbacks import Notice
from store.pool import Pool
from tests.receiver import Receiver, receiving, register
from tests.workflows.script import Script, acting, now, start
from workflows import history, policy
from workflows.callback import CallbackWorkflow

KEYS = Keyring.generate()
DAY = 86_400.0
OK = answer(200)


@pytest.fixture(scope="module")
async def work(env: WorkflowEnvironment, pool: Pool) -> AsyncIterator[None]:
    """A worker of callbacks."""
    own = open_callbacks(pool, KEYS)
    async with Worker(
        env.client, task_queue=policy.CALLBACK_QUEUE, workflows=[CallbackWorkflow], activities=[own.deliver]
    ):
        yield
    await own.aclose()


@dataclass
class Customer:
    """An endpoint, and whatever comes to it."""

    env: WorkflowEnvironment
    pool: Pool
    answers: Sequence[bytes]
    """Answer after answer; the last one is repeated."""
    times: list[float] = field(default_factory=list)
    """When posts came, by the engine's clock."""
    more_at: int = 0
    """The post during which another event is queued."""
    receiver: Receiver = field(init=False)
    account_id: int = field(init=False)
    id: UUID = field(init=False)
    handle: WorkflowHandle[Any, Any] = field(init=False)
    """Of the run that was woken last; waiting for its result skips time."""

    async def reply(self, request: Request, writer: asyncio.StreamWriter) -> None:
        self.times.append(await now(self.env))
        if len(self.times) == self.more_at:
            await self.tell()
        writer.write(self.answers[min(len(self.times), len(self.answers)) - 1])

    @property
    def gaps(self) -> list[float]:
        """Seconds between posts."""
        return [later - earlier for earlier, later in zip(self.times, self.times[1:], strict=False)]

    async def tell(self) -> str:
        """Queue an event and wake the endpoint's workflow; returns the delivery's id."""
        notice = Notice(self.account_id, TEST_EVENT, None, datetime.now(UTC), {"hello": "you"}, uuid4().hex)
        async with self.pool.connection() as conn:
            delivery_id = await callbacks.queue_for(conn, self.id, notice)
        await self.wake()
        return str(delivery_id)

    async def wake(self) -> None:
        """As ``services.callbacks.wake`` does."""
        self.handle = await self.env.client.start_workflow(
            "CallbackWorkflow",
            str(self.id),
            id=callback_workflow_id(self.id),
            task_queue=policy.CALLBACK_QUEUE,
            start_signal="wake",
        )

    async def deliveries(self) -> list[Listed]:
        """Newest first."""
        return await callback_deliveries.listed(self.pool, self.id, None, None, 100)

    async def until(self, holds: Callable[[Listed], bool]) -> None:
        """Wait until the newest delivery is as wanted; time is not skipped meanwhile."""
        async with asyncio.timeout(10):
            while not holds((await self.deliveries())[0]):
                await asyncio.sleep(0.01)

    async def endpoint(self) -> Endpoint:
        found = await callback_endpoints.find(self.pool, self.id)
        assert found is not None
        return found


@pytest.fixture
async def customer(env: WorkflowEnvironment, pool: Pool, work: None, request) -> AsyncIterator[Customer]:
    """A customer whose answers are the test's parameter."""
    made = Customer(env, pool, getattr(request, "param", [OK]))
    made.account_id = (await accounts.create(pool, f"{uuid4().hex}@example.com", "Test", None, uuid4())).id
    async with receiving(made.reply) as made.receiver:
        registered = await register(pool, Keyring.parse(KEYS, CREDENTIALS), made.account_id, made.receiver.url)
        made.id = registered.id
        yield made


async def test_what_is_taken_at_once_is_posted_once_and_the_workflow_ends(customer: Customer):
    told = await customer.tell()
    await customer.handle.result()
    assert customer.receiver.ids == [told]
    (delivery,) = await customer.deliveries()
    assert (delivery.state, delivery.tries, delivery.last_status) == ("delivered", 1, 200)
    assert await rounds(customer) == 1


@pytest.mark.parametrize("customer", [[answer(500, b"sorry")]], indirect=True)
async def test_what_is_never_taken_climbs_the_ladder_and_fails(customer: Customer):
    told = await customer.tell()
    await customer.handle.result()
    assert customer.receiver.ids == [told] * len(LADDER)
    for gap, pause in zip(customer.gaps, LADDER[1:], strict=True):
        assert 0.9 * pause - 1 <= gap <= 1.1 * pause + 5
    (delivery,) = await customer.deliveries()
    assert (delivery.state, delivery.tries, delivery.next_at) == ("failed", len(LADDER), None)
    assert (delivery.last_status, delivery.last_error) == (500, "answered 500: sorry")
    endpoint = await customer.endpoint()
    assert endpoint.enabled
    assert endpoint.failing_since is not None


@pytest.mark.parametrize(
    "customer", [[answer(500), answer(302, Location="/elsewhere"), answer(404), OK]], indirect=True
)
async def test_what_is_taken_at_last_ends_the_trouble(customer: Customer):
    told = await customer.tell()
    await customer.handle.result()
    assert customer.receiver.ids == [told] * 4
    assert {request.target for request in customer.receiver.requests} == {"/hook"}
    assert sum(customer.gaps) == pytest.approx(5 + 300 + 1800, rel=0.11)
    (delivery,) = await customer.deliveries()
    assert (delivery.state, delivery.tries, delivery.last_status, delivery.last_error) == ("delivered", 4, 200, None)
    assert (await customer.endpoint()).failing_since is None


@pytest.mark.parametrize("customer", [[answer(500)]], indirect=True)
async def test_an_endpoint_that_fails_for_days_is_disabled_with_a_notice(customer: Customer, caplog):
    customer.more_at = len(LADDER)
    await customer.tell()
    await customer.handle.result()
    endpoint = await customer.endpoint()
    assert not endpoint.enabled
    assert endpoint.disabled_reason == "it failed for days without a success, the last time: answered 500"
    assert endpoint.disabled_at is not None
    assert endpoint.failing_since is not None
    assert 5 * DAY < (endpoint.disabled_at - endpoint.failing_since).total_seconds() < 6.5 * DAY
    assert f"callback endpoint {customer.id} was disabled" in caplog.text
    assert [delivery.state for delivery in await customer.deliveries()] == ["pending", "failed"]
    posts = len(customer.times)
    await customer.wake()
    await customer.handle.result()
    assert len(customer.times) == posts, "a disabled endpoint was posted to"


@pytest.mark.parametrize("customer", [[*[answer(500)] * len(LADDER), answer(500), OK]], indirect=True)
async def test_a_hiccup_long_after_a_failure_does_not_disable_an_endpoint(customer: Customer):
    await customer.tell()
    await customer.handle.result()
    await customer.env.sleep(10 * DAY)
    await customer.tell()
    await customer.handle.result()
    endpoint = await customer.endpoint()
    assert (endpoint.enabled, endpoint.failing_since) == (True, None)
    assert [delivery.state for delivery in await customer.deliveries()] == ["delivered", "failed"]


@pytest.mark.parametrize("customer", [[answer(410)]], indirect=True)
async def test_an_endpoint_that_is_gone_is_disabled_at_once(customer: Customer):
    await customer.tell()
    await customer.handle.result()
    endpoint = await customer.endpoint()
    assert (endpoint.enabled, endpoint.disabled_reason) == (False, "it answered 410: gone")
    assert len(customer.times) == 1


@pytest.mark.parametrize("status", [429, 503])
async def test_an_endpoint_that_asks_for_quiet_gets_it(customer: Customer, status: int):
    customer.answers = [answer(status, Retry_After="600"), OK]
    first = await customer.tell()
    await customer.until(lambda delivery: delivery.tries == 1)
    second = await customer.tell()
    await customer.handle.result()
    assert sorted(customer.receiver.ids) == sorted([first, first, second])
    assert [later - customer.times[0] >= 599 for later in customer.times[1:]] == [True, True]
    assert [delivery.state for delivery in await customer.deliveries()] == ["delivered"] * 2


@pytest.mark.parametrize("customer", [[answer(500), OK]], indirect=True)
async def test_something_new_does_not_wait_for_what_is_to_be_tried_later(customer: Customer):
    first = await customer.tell()
    await customer.until(lambda delivery: delivery.tries == 1)
    second = await customer.tell()
    await customer.until(lambda delivery: delivery.state == "delivered")
    assert customer.receiver.ids == [first, second]
    await customer.handle.result()
    assert customer.receiver.ids == [first, second, first]


@pytest.mark.parametrize("customer", [[answer(500)]], indirect=True)
async def test_a_failing_endpoint_gets_one_post_at_a_time(customer: Customer):
    await customer.tell()
    await customer.until(lambda delivery: delivery.tries == 1)
    at_once, most = 0, 0

    async def slowly(request: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.02)
        at_once -= 1
        writer.write(answer(500))

    customer.reply = slowly  # type: ignore[method-assign]
    async with receiving(slowly) as slow:
        await callback_endpoints.change(customer.pool, customer.id, customer.account_id, {"url": slow.url})
        for _ in range(12):
            await customer.tell()
        async with asyncio.timeout(20):
            while any(delivery.tries == 0 for delivery in await customer.deliveries()):
                await asyncio.sleep(0.01)
    assert most == 1
    await callback_endpoints.remove(customer.pool, customer.id)


async def test_the_workflow_of_a_removed_endpoint_ends(customer: Customer):
    await callback_endpoints.remove(customer.pool, customer.id)
    await customer.wake()
    await customer.handle.result()
    assert customer.times == []


@pytest.mark.parametrize("customer", [[answer(500)]], indirect=True)
async def test_a_long_history_goes_on_in_a_fresh_run(customer: Customer, monkeypatch):
    monkeypatch.setattr(history, "wants_fresh_run", lambda: workflow.info().get_current_history_length() >= 20)
    told = await customer.tell()
    first = (await customer.handle.describe()).run_id
    await customer.handle.result()
    described = await customer.env.client.get_workflow_handle(customer.handle.id, run_id=first).describe()
    assert described.status == WorkflowExecutionStatus.CONTINUED_AS_NEW
    assert customer.receiver.ids == [told] * len(LADDER)


async def test_a_page_wakes_the_endpoints_that_are_to_be_told(env: WorkflowEnvironment):
    async with acting(Script(env, listeners=["one", "two"])) as script:
        page = await start(env)
        await page.handle.result()
    assert script.woken == [(policy.CALLBACK_QUEUE, ["one", "two"])]


async def test_a_page_that_is_refused_as_a_whole_wakes_them_too(env: WorkflowEnvironment):
    async with acting(Script(env, refused=[0], listeners=["one"])) as script:
        page = await start(env)
        await page.handle.result()
    assert script.woken == [(policy.CALLBACK_QUEUE, ["one"])]


async def test_a_page_of_nobody_who_listens_wakes_nobody(env: WorkflowEnvironment):
    async with acting(Script(env)) as script:
        page = await start(env)
        await page.handle.result()
    assert script.woken == []


async def rounds(customer: Customer) -> int:
    """How many rounds of deliveries the workflow asked for."""
    history = await customer.handle.fetch_history()
    return sum(event.HasField("activity_task_scheduled_event_attributes") for event in history.events)
