"""Behind a pooler in transaction mode: statements go through it, and what needs a session of its own goes past it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from runtime.settings import Settings
from services.doctor.database import check_pooler
from store.leader_lock import LEADER, leader_lock
from store.migrate import migrate
from store.pool import Pool, open_pool
from store.schema.role_settings import settle_role, unsettled
from tests.api.batches import ended, send_batch
from tests.databases import new_install
from tests.pooler import PGBOUNCER, pgbouncer, reconnect
from tests.stack import new_namespace, run_stack

pytestmark = pytest.mark.skipif(not PGBOUNCER.exists(), reason="Debian's pgbouncer could not be had")


@pytest_asyncio.fixture
async def direct(engine) -> str:
    """The address of a database of its own."""
    return await new_install(engine.database_url)


@pytest_asyncio.fixture
async def pooled(direct: str, tmp_path: Path) -> AsyncIterator[str]:
    """The pooler's address of that database: all who come share two sessions."""
    async with pgbouncer(direct, tmp_path, size=2) as address:
        yield address


@pytest_asyncio.fixture
async def pool(direct: str, pooled: str) -> AsyncIterator[Pool]:
    await settle_role(direct)
    opened = await open_pool(pooled, 6, "pooled", direct)
    yield opened
    await opened.close()


async def test_sessions_of_a_pooler_have_bounds_and_plans_once_the_role_is_settled(direct: str, pooled: str):
    pool = await open_pool(pooled, 1, "pooled", direct)
    (finding,) = await check_pooler(pool, direct)
    assert finding.level == "failure"
    assert "statement_timeout" in finding.message
    assert finding.fix is not None
    await finding.fix()
    await reconnect(pooled)
    assert await unsettled(pool) == []
    assert [found.level for found in await check_pooler(pool, direct)] == ["ok"]
    await pool.close()


async def test_without_a_pooler_nothing_is_said_of_one(fresh_pool: Pool):
    assert await check_pooler(fresh_pool, None) == []


async def test_one_process_has_a_role_though_all_share_sessions(pool: Pool):
    async with leader_lock(pool, LEADER) as first:
        assert first is not None
        assert await first()
        async with leader_lock(pool, LEADER) as second:
            assert second is None
    async with leader_lock(pool, LEADER) as third:
        assert third is not None


async def test_migrations_run_past_the_pooler(direct: str):
    behind = Settings(database_url="postgresql://nobody@127.0.0.1:1/none", database_direct_url=direct)
    assert await migrate(behind.database_session_url) == []


async def test_messages_and_batches_are_sent_through_it(settings: Settings, direct: str, pooled: str):
    own = settings.model_copy(
        update={
            "database_url": pooled,
            "database_direct_url": direct,
            "temporal_namespace": await new_namespace(settings.temporal_address),
        }
    )
    await settle_role(direct)
    async with run_stack(own) as stack:
        user = await stack.user()
        await stack.gateway(user.id, "sms", "sandbox", {})
        answer = await stack.send(user, "sms", {"number": "+14155550123", "body": "Hi"})
        uid = answer.json()["data"][0]["uid"]
        assert (await stack.final(user, "sms", uid))["state"] == "sent"
        batch = (await send_batch(stack, user, 501))["batch"]
        assert (await ended(stack, user, batch))["counts"] == {"sent": 501}
