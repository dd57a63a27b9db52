"""A worker's own row, and the periodic tasks of the install."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from domain.batches.batch import BatchHeader
from domain.callbacks import TEST_EVENT
from domain.ids import batch_workflow_id, callback_workflow_id, new_batch_id, new_page_id, send_workflow_id
from domain.keyring import CREDENTIALS, Keyring
from domain.limits import BATCH_LIMITS, PAGE_LIMITS
from domain.messages.page import PageHeader
from domain.messages.routing import Mode
from runtime.settings import Settings
from runtime.temporal import connect
from store import idempotency
from store.accounts import accounts
from store.accounts import waits as account_waits
from store.batches import batches
from store.callbacks import callback_deliveries, callback_endpoints, callbacks
from store.callbacks.callbacks import Notice
from store.gateways import gateway_waits, gateways
from store.messages import attachments, pages
from store.pool import Pool
from store.waking import AT_A_TIME
from store.workers import beat, delete_dead_workers, queues_served
from tests.receiver import register
from tests.store.builders import new_account, new_page, set_states, states
from worker.maintenance import maintenance
from worker.periodic_tasks import Policy, end_unknown, periodic_tasks, signal_resumed_accounts, signal_resumed_gateways

KEYRING = Keyring.parse(Keyring.generate(), CREDENTIALS)


@pytest_asyncio.fixture(loop_scope="session")
async def client(settings: Settings) -> Client:
    return await connect(settings)


async def test_a_worker_is_known_while_it_lives_and_not_after(pool: Pool, client: Client):
    queue = f"queue-{uuid4()}"
    async with maintenance(pool, client, [queue]), asyncio.timeout(10):
        while queue not in await queues_served(pool):
            await asyncio.sleep(0.01)
    assert queue not in await queues_served(pool)


async def test_one_of_two_workers_in_a_process_may_leave(pool: Pool, client: Client):
    ours, other = f"queue-{uuid4()}", f"queue-{uuid4()}"
    async with maintenance(pool, client, [ours]), asyncio.timeout(10):
        while ours not in await queues_served(pool):
            await asyncio.sleep(0.01)
        async with maintenance(pool, client, [other]):
            while other not in await queues_served(pool):
                await asyncio.sleep(0.01)
        assert (await queues_served(pool)) & {ours, other} == {ours}


async def test_a_worker_known_to_be_dead_is_signed_out_and_others_stay(pool: Pool, settings: Settings):
    dead, other = [f"queue-{uuid4()}", f"queue-{uuid4()}"], [f"queue-{uuid4()}"]
    await beat(pool, "dead", dead)
    await beat(pool, "other", [*other, dead[0]])
    await delete_dead_workers(settings.database_session_url, dead)
    assert (await queues_served(pool)) & {*dead, *other} == {dead[0], *other}


async def test_idempotency_keys_are_kept_for_two_days_and_then_forgotten(pool: Pool, client: Client):
    old, young = str(uuid4()), str(uuid4())
    for key in (old, young):
        await idempotency.claim(pool, 0, "/test", key, b"hash", new_page_id(), 30)
    async with pool.connection() as conn:
        await conn.execute(
            "update idempotency_keys set created_at = now() - interval '49 hours' where key = %s", (old,)
        )
    await do(pool, client, "delete old idempotency keys")
    assert not await _exists(pool, old)
    assert await _exists(pool, young)


async def test_a_batch_that_was_stored_but_never_started_is_forgotten(pool: Pool, client: Client):
    stray, started = new_batch_id(), new_batch_id()
    for batch_id in (stray, started):
        await batches.store(pool, batches.NewBatch(batch_id, 0, "sms", "bulk", 0, [], []), None, b"")
    async with pool.connection() as conn:
        await conn.execute(
            "update batches set created_at = now() - interval '2 hours' where id = any(%s)", ([stray, started],)
        )
    header = BatchHeader(str(started), 0, "sms", "bulk", [], limits=BATCH_LIMITS)
    await client.start_workflow("BatchWorkflow", header, id=batch_workflow_id(started), task_queue=f"queue-{uuid4()}")
    await do(pool, client, "delete unstarted batches")
    assert await batches.header(pool, stray) is None
    assert await batches.header(pool, started) is not None


async def test_attachments_past_their_time_are_forgotten_unless_a_batch_may_need_them(pool: Pool, client: Client):
    account, busy = [
        (await accounts.create(pool, f"{uuid4().hex}@example.com", "Test", None, uuid4())).id for _ in range(2)
    ]
    await batches.store(pool, batches.NewBatch(new_batch_id(), busy, "email", "bulk", 0, [], []), None, b"")
    now = datetime.now(UTC)
    kept, past, needed = (attachments.file_id(*of) for of in ((account, b"kept"), (account, b"past"), (busy, b"past")))
    await attachments.keep(pool, account, {past: b"past"}, now - attachments.KEPT)
    await attachments.keep(pool, account, {kept: b"kept"}, now)
    await attachments.keep(pool, account, {kept: b"kept"}, now - 2 * attachments.KEPT)
    await attachments.keep(pool, busy, {needed: b"past"}, now - attachments.KEPT)
    await do(pool, client, "delete expired attachments")
    assert await attachments.load(pool, past) is None
    assert await attachments.load(pool, kept) == b"kept"
    assert await attachments.load(pool, needed) == b"past"


async def test_what_was_queued_for_customers_is_kept_for_a_month_and_then_forgotten(pool: Pool, client: Client):
    endpoint = await register(pool, KEYRING, 0, "https://example.com/")
    old, young = await tell(pool, endpoint.id), await tell(pool, endpoint.id)
    async with pool.connection() as conn:
        await conn.execute(
            "update callback_deliveries set created_at = now() - interval '31 days' where id = %s", (old,)
        )
    await do(pool, client, "delete old callbacks")
    left = await callback_deliveries.listed(pool, endpoint.id, None, None, 10)
    assert [delivery.id for delivery in left] == [young]
    await callback_endpoints.remove(pool, endpoint.id)


async def test_an_endpoint_that_nobody_woke_is_woken(pool: Pool, client: Client):
    unheard, heard = [await register(pool, KEYRING, 0, "https://example.com/") for _ in range(2)]
    late, _ = await tell(pool, unheard.id), await tell(pool, heard.id)
    async with pool.connection() as conn:
        await conn.execute(
            "update callback_deliveries set next_at = now() - interval '1 minute' where id = %s", (late,)
        )
    await do(pool, client, "wake callbacks")
    assert await is_started(client, unheard.id)
    assert not await is_started(client, heard.id)
    for endpoint in (unheard, heard):
        await callback_endpoints.remove(pool, endpoint.id)


@pytest.mark.parametrize(("ends_as", "state"), [("failed", "expired"), ("sent", "sent")])
async def test_what_is_unknown_for_too_long_ends_as_the_install_says(pool: Pool, client: Client, ends_as, state):
    page = new_page(await new_account(pool, credit=2), [1, 1], age=50 * 3600)
    await pages.hold(pool, page)
    await set_states(pool, page.uids, "unknown")
    async with pool.connection() as conn:
        await conn.execute(
            "update messages set updated_at = now() - interval '49 hours' where uid = %s", (page.uids[0],)
        )
    await end_unknown(pool, client, Policy(2, ends_as))
    assert [row[0] for row in await states(pool, page)] == [state, "unknown"]


async def do(pool: Pool, client: Client, name: str) -> None:
    """Run one maintenance task."""
    (task,) = [task for task in periodic_tasks(pool, client, {}) if task.name == name]
    await task.work()


async def tell(pool: Pool, endpoint_id: UUID) -> UUID:
    """Queue an event for an endpoint, without waking it."""
    notice = Notice(0, TEST_EVENT, None, datetime.now(UTC), {}, uuid4().hex)
    async with pool.connection() as conn:
        return await callbacks.queue_for(conn, endpoint_id, notice)


async def is_started(client: Client, endpoint_id: UUID) -> bool:
    try:
        await client.get_workflow_handle(callback_workflow_id(endpoint_id)).describe()
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
        return False
    return True


async def _exists(pool: Pool, key: str) -> bool:
    async with pool.connection() as conn:
        row = await (await conn.execute("select 1 from idempotency_keys where key = %s", (key,))).fetchone()
        return row is not None


async def test_the_outcomes_of_a_gateways_minutes_are_kept_for_a_week(pool: Pool, client: Client):
    gateway_id = uuid4()
    async with pool.connection() as conn:
        for days in (6, 8):
            await conn.execute(
                """insert into gateway_minutes values
                       (%s, now() - %s * interval '1 day', 0, 1, 0, 0, 0, 0, now() - %s * interval '1 day')""",
                (gateway_id, days, days),
            )

    async def left() -> int:
        async with pool.connection() as conn:
            rows = await conn.execute("select from gateway_minutes where gateway_id = %s", (gateway_id,))
            return rows.rowcount

    await do(pool, client, "delete old minutes of gateways")
    assert await left() == 1


async def _waiting_for_a_gateway(pool: Pool, mode: Mode) -> tuple[UUID, list[UUID]]:
    """A gateway in this mode, and pages on record as waiting for it."""
    new = gateways.NewGateway(0, "sms", f"gw-{uuid4().hex}", "sandbox", {})
    gateway_id = await gateways.add(pool, Keyring.parse(Keyring.generate(), CREDENTIALS), new)
    await gateways.set_mode(pool, gateway_id, mode)
    page_ids = [new_page_id() for _ in range(AT_A_TIME + 10)]
    for page_id in page_ids:
        await gateway_waits.note(pool, page_id, [gateway_id])
    return gateway_id, page_ids


async def _still_waiting(pool: Pool, gateway_id: UUID) -> int:
    async with pool.connection() as conn:
        rows = await conn.execute("select from gateway_waits where gateway_id = %s", (gateway_id,))
        return rows.rowcount


async def _signals(page: WorkflowHandle) -> list[str]:
    """The names of the signals that a workflow was sent."""
    events = [event async for event in page.fetch_history_events()]
    told = [event for event in events if event.HasField("workflow_execution_signaled_event_attributes")]
    return [event.workflow_execution_signaled_event_attributes.signal_name for event in told]


@pytest.mark.parametrize("change", ["resumed", "disabled"])
async def test_pages_are_told_of_a_gateway_that_is_not_paused_any_more(pool: Pool, client: Client, change):
    gateway_id, page_ids = await _waiting_for_a_gateway(pool, Mode.PAUSED)
    ended, waiting = page_ids[1:], page_ids[0]
    page = await client.start_workflow(
        "SendWorkflow",
        args=[PageHeader(str(waiting), 0, "sms", 0, limits=PAGE_LIMITS), b""],
        id=send_workflow_id(waiting),
        task_queue=f"queue-{uuid4()}",
    )
    await signal_resumed_gateways(pool, client)
    assert await _still_waiting(pool, gateway_id) == len(ended) + 1
    if change == "resumed":
        await gateways.set_mode(pool, gateway_id, Mode.ACTIVE)
    else:
        await gateways.set_enabled(pool, gateway_id, False)
    await asyncio.gather(*(signal_resumed_gateways(pool, client) for _ in range(3)))  # as of several workers
    async with asyncio.timeout(10):
        while await _still_waiting(pool, gateway_id):
            await asyncio.sleep(0.01)
    assert await _signals(page) == ["gateway_resumed"]
    await page.terminate()


async def test_pages_are_told_of_an_account_that_is_not_suspended_any_more(pool: Pool, client: Client, monkeypatch):
    monkeypatch.setattr("store.accounts.waits.NOTED_FOR", 0.0)
    account = await accounts.create(pool, f"{uuid4().hex}@example.com", "Test", None, uuid4())
    await accounts.suspend(pool, account.id)
    waiting, ended = new_page_id(), new_page_id()
    for page_id in (waiting, ended):
        await account_waits.note(pool, page_id, [account.id])
    page = await client.start_workflow(
        "SendWorkflow",
        args=[PageHeader(str(waiting), 0, "sms", 0, limits=PAGE_LIMITS), b""],
        id=send_workflow_id(waiting),
        task_queue=f"queue-{uuid4()}",
    )
    await signal_resumed_accounts(pool, client)
    assert await _signals(page) == []
    await accounts.resume(pool, account.id)
    await asyncio.gather(*(signal_resumed_accounts(pool, client) for _ in range(3)))  # as of several workers
    async with asyncio.timeout(10):
        while not (told := await _signals(page)):
            await asyncio.sleep(0.01)
    assert told == ["account_resumed"]
    await page.terminate()
