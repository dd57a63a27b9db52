"""docs/backup.md, performed: PostgreSQL goes back to a backup while Temporal knows what was sent since."""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from domain.batches.batch import BatchChange, BatchChangeKind
from domain.errors import ConflictError
from domain.ids import PAGE_SIZE, batch_workflow_id, page_of, send_workflow_id
from domain.messages.page import ChangeRequest
from runtime.settings import Settings
from runtime.temporal import connect
from services.reconciling.reconciling import reconcile, restored_to
from services.reconciling.report import Report
from services.workflow_calls import change_workflow
from store import workers
from store.accounts import credits
from store.pool import Pool
from tests.faults.sending import states
from tests.faults.sink import Sink, running_sink
from tests.services.reconciling.restoring import Servers, back_up, own_settings, restore, servers
from tests.stack import Stack, User, run_stack, run_worker
from worker.sweeps.sweep import Sweep
from workflows.policy import QUEUES


def later() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()


async def post(stack: Stack, user: User, count: int, **more: object) -> list[str]:
    """Send to so many; returns the uids."""
    contacts = [{"number": f"+1415555{place:04}", "message": "Hi", **more} for place in range(count)]
    answer = await stack.http.post("/api/sms/send", json={"contact": contacts}, headers=user.headers)
    assert answer.status_code == 200, answer.text
    return [item["uid"] for item in answer.json()["data"]]


async def change(stack: Stack, user: User, uid: str, what: str, **body: object) -> None:
    answer = await stack.http.post(f"/api/sms/{uid}/{what}", json=body, headers=user.headers)
    assert answer.status_code == 200, answer.text


async def leave_now(found: Stack | Servers, uid: str) -> None:
    """Move a message to this moment, and wait until it is sent."""
    request = ChangeRequest(str(uuid4()), uid, "reschedule", time.time())
    await change_workflow(found.temporal, send_workflow_id(page_of(UUID(uid))), request)
    async with asyncio.timeout(60):
        while await rows(found, [uid]) != {uid: "sent"}:
            await asyncio.sleep(0.02)


async def steer(found: Stack | Servers, what: BatchChangeKind) -> None:
    """Have the batch do something."""
    async with found.pool.connection() as conn:
        row = await (await conn.execute("select id from batches")).fetchone()
    assert row is not None
    await change_workflow(found.temporal, batch_workflow_id(row[0]), BatchChange(str(uuid4()), what))


async def rows(found: Stack | Servers, uids: list[str]) -> dict[str, str]:
    async with found.pool.connection() as conn:
        cursor = await conn.execute("select uid::text, state from messages where uid = any(%s::uuid[])", (uids,))
        return dict(await cursor.fetchall())


@dataclass
class Traffic:
    """Messages of an install, by what became of them."""

    user: User
    sent: list[str] = field(default_factory=list)
    """Before the backup."""
    waiting: list[str] = field(default_factory=list)
    """Accepted before it, and still to be sent when everything is over."""
    moved: list[str] = field(default_factory=list)
    """Accepted before it, sent after it."""
    cancelled: list[str] = field(default_factory=list)
    """Accepted before it, cancelled after it."""
    new: list[str] = field(default_factory=list)
    """Accepted and sent after it."""
    new_waiting: list[str] = field(default_factory=list)
    """Accepted after it, and still to be sent."""
    batch: list[str] = field(default_factory=list)
    """Accepted before it; some were sent before it, some after it, and some are still to be sent."""


async def before(stack: Stack, sink: Sink) -> Traffic:
    user = await stack.user(credit=100)
    await stack.gateway(user.id, "sms", "http", sink.config)
    traffic = Traffic(user, sent=await post(stack, user, 3))
    for uid in traffic.sent:
        await stack.final(user, "sms", uid)
    traffic.waiting = await post(stack, user, 1, schedule_at=later())
    # Of one page: what becomes of each is different.
    together = await post(stack, user, 3, schedule_at=later())
    traffic.moved, traffic.cancelled = together[:1], together[1:2]
    traffic.waiting.append(together[2])
    slow = await stack.user(credit=PAGE_SIZE + 1)
    await stack.gateway(slow.id, "sms", "http", sink.config, per_second=20.0)
    traffic.batch = await post(stack, slow, PAGE_SIZE + 1)
    await sink.reaches(len(traffic.sent) + 5)
    await steer(stack, "pause")
    return traffic


async def after(stack: Stack, sink: Sink, traffic: Traffic) -> None:
    user = traffic.user
    for uid in traffic.moved:
        await leave_now(stack, uid)
    for uid in traffic.cancelled:
        await change(stack, user, uid, "cancel")
    traffic.new = await post(stack, user, 2)
    for uid in traffic.new:
        assert (await stack.final(user, "sms", uid))["state"] == "sent"
    traffic.new_waiting = await post(stack, user, 1, schedule_at=later())
    await steer(stack, "resume")
    await sink.reaches(sink.arrived.total() + 5)
    await steer(stack, "pause")


def counts(report: Report) -> dict[str, int]:
    return {kind: one.count for kind, one in report.differences.items()}


async def test_what_was_acknowledged_is_neither_lost_nor_sent_twice(settings: Settings, tmp_path: Path):
    own, file = await own_settings(settings), tmp_path / "backup.dump"
    async with running_sink(1) as sink:
        async with run_stack(own) as stack:
            traffic = await before(stack, sink)
            await back_up(own.database_url, file)
            await after(stack, sink, traffic)
        await restore(own.database_url, file)
        async with servers(own) as found:
            since = await restored_to(found.pool)
            await workers.delete_dead_workers(own.database_url, list(QUEUES))  # those of the backup may be seconds old
            planned = await reconcile(found.pool, found.temporal, since, apply=False)
            assert await rows(found, traffic.new) == {}, "a dry run changes nothing"
            done = await reconcile(found.pool, found.temporal, since, apply=True)
            assert counts(planned) == counts(done)
            again = await reconcile(found.pool, found.temporal, since, apply=True)
            assert counts(again) == {}, "all is in step"
            async with found.pool.connection() as conn:
                await conn.execute("update gateways set per_second = null, version = version + 1")
            async with run_worker(own, found.temporal):
                await steer(found, "resume")
                await Sweep(found.pool, found.temporal, quiet=0.0, age=0.0).run()
                for uid in traffic.waiting + traffic.new_waiting:
                    await leave_now(found, uid)
                of_batch = await states(found, traffic.batch, 60)
            doubtful = traffic.moved + traffic.new
            assert await rows(found, traffic.sent) == dict.fromkeys(traffic.sent, "sent")
            assert await rows(found, doubtful) == dict.fromkeys(doubtful, "unknown")
            assert await rows(found, traffic.cancelled) == dict.fromkeys(traffic.cancelled, "cancelled")
            assert set(of_batch.values()) <= {"sent", "unknown"}
            assert await credits.audit(found.pool) == []
        every = traffic.sent + traffic.waiting + doubtful + traffic.new_waiting
        every += [uid for uid, state in of_batch.items() if state == "sent" or uid in sink.arrived]
        assert sink.arrived == dict.fromkeys(every, 1)


async def test_nothing_is_changed_while_workers_run(fresh_pool: Pool, settings: Settings):
    await workers.beat(fresh_pool, workers.new_worker_id(), list(QUEUES))
    with pytest.raises(ConflictError, match="Stop all of them"):
        await reconcile(fresh_pool, await connect(settings, lazy=True), time.time(), apply=True)


async def test_a_backup_that_is_older_than_what_temporal_keeps_is_refused(fresh_pool: Pool, settings: Settings):
    with pytest.raises(ConflictError, match="cannot be known"):
        await reconcile(fresh_pool, await connect(settings), time.time() - 400 * 86_400, apply=True)
