"""docs/backup.md, performed with archived WAL: PostgreSQL goes back to a moment, while Temporal goes on from later."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from runtime.settings import Settings
from services.reconciling.reconciling import reconcile, restored_to
from store import workers
from store.accounts import credits
from store.migrate import migrate
from store.pool import Pool
from tests.databases import at
from tests.faults.sending import states
from tests.faults.sink import Sink, running_sink
from tests.services.reconciling.archiving import archived, restored
from tests.services.reconciling.restoring import servers
from tests.services.reconciling.test_restore import counts, later, leave_now, post, rows
from tests.stack import Stack, User, new_namespace, run_stack, run_worker
from worker.sweeps.sweep import Sweep
from workflows.policy import QUEUES


@dataclass
class Traffic:
    """Messages of an install, by when they were accepted and sent."""

    sent: list[str] = field(default_factory=list)
    """Before the moment: some of them, and who sent them, are in the archive alone."""
    last: list[str] = field(default_factory=list)
    """Accepted just before the moment; sent before or after it."""
    moved: list[str] = field(default_factory=list)
    """Accepted before it, sent after it."""
    waiting: list[str] = field(default_factory=list)
    """Accepted before or after it, and still to be sent when everything is over."""
    new: list[str] = field(default_factory=list)
    """Accepted and sent after it."""


async def sender(stack: Stack, sink: Sink) -> User:
    user = await stack.user(credit=20)
    await stack.gateway(user.id, "sms", "http", sink.config)
    return user


async def sent(stack: Stack, user: User, uids: list[str]) -> list[str]:
    for uid in uids:
        assert (await stack.final(user, "sms", uid, timeout=60))["state"] == "sent"
    return uids


async def now(pool: Pool) -> datetime:
    async with pool.connection() as conn:
        row = await (await conn.execute("select clock_timestamp()")).fetchone()
    assert row is not None
    return row[0]


async def test_nothing_that_was_acknowledged_before_the_moment_is_lost_or_sent_twice(
    settings: Settings, tmp_path: Path
):
    traffic = Traffic()
    async with running_sink(1) as sink:
        async with archived(tmp_path) as lost:
            namespace = await new_namespace(settings.temporal_address)
            own = at(lost.server.database_url, settings).model_copy(update={"temporal_namespace": namespace})
            await migrate(own.database_url)
            async with run_stack(own) as stack:
                early = await sender(stack, sink)
                traffic.sent = await sent(stack, early, await post(stack, early, 2))
                traffic.waiting = await post(stack, early, 1, schedule_at=later())
                await lost.back_up()
                late = await sender(stack, sink)
                traffic.sent += await sent(stack, late, await post(stack, late, 3))
                traffic.waiting += await post(stack, late, 1, schedule_at=later())
                traffic.moved = await post(stack, early, 1, schedule_at=later())
                traffic.last = await post(stack, early, 3) + await post(stack, late, 3)
                moment = await now(stack.pool)
                for uid in traffic.moved:
                    await leave_now(stack, uid)
                traffic.new = await sent(stack, early, await post(stack, early, 2))
                traffic.new += await sent(stack, late, await post(stack, late, 1))
                traffic.waiting += await post(stack, late, 1, schedule_at=later())
                await states(stack, traffic.last, 60)
            await lost.archive_all()
        async with restored(lost, moment) as server:
            own = at(server.database_url, own)
            async with servers(own) as found:
                assert await rows(found, traffic.new) == {}
                since = await restored_to(found.pool)
                await workers.delete_dead_workers(own.database_url, list(QUEUES))  # they signed on seconds ago
                await reconcile(found.pool, found.temporal, since, apply=True)
                again = await reconcile(found.pool, found.temporal, since, apply=True)
                assert counts(again) == {}, "all is in step"
                async with run_worker(own, found.temporal):
                    await Sweep(found.pool, found.temporal, quiet=0.0, age=0.0).run()
                    for uid in traffic.waiting:
                        await leave_now(found, uid)
                    last = await states(found, traffic.last, 60)
                doubtful = traffic.moved + traffic.new
                assert await rows(found, traffic.sent) == dict.fromkeys(traffic.sent, "sent")
                assert await rows(found, doubtful) == dict.fromkeys(doubtful, "unknown")
                assert set(last.values()) <= {"sent", "unknown"}
                assert await credits.audit(found.pool) == []
        every = [*traffic.sent, *traffic.last, *traffic.waiting, *doubtful]
        assert sink.arrived == dict.fromkeys(every, 1)
