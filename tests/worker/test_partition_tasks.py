"""Maintenance makes partitions, logs when it cannot, and drops old ones only if configured to."""

from datetime import datetime

import pytest
from psycopg.errors import LockNotAvailable
from structlog.testing import capture_logs

from store.connection import Connection
from store.pool import Pool
from store.schema import partitions as parts
from worker import partitions
from worker.periodic_tasks import periodic_tasks


@pytest.fixture
def held_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody keeps the lock, two months after the last time."""
    now = parts.database_now

    async def then(conn: Connection) -> datetime:
        return parts.month_at(await now(conn), 2)

    async def no_lock(conn: Connection, table: str, begins: datetime) -> str:
        raise LockNotAvailable

    monkeypatch.setattr(parts, "database_now", then)
    monkeypatch.setattr(parts, "LOCKED_WITHIN", 0.0)
    monkeypatch.setattr(parts, "_make", no_lock)


async def test_few_months_ahead_are_an_error_in_the_log(pool: Pool, held_up):
    with capture_logs() as logs, pytest.raises(LockNotAvailable):
        await partitions.make_partitions(pool)
    assert [(line["log_level"], line["months_ahead"]) for line in logs] == [("error", 1)]


async def test_enough_months_ahead_are_no_news(pool: Pool):
    with capture_logs() as logs:
        await partitions.make_partitions(pool)
    assert logs == []


async def test_without_a_setting_nothing_is_ever_dropped(pool: Pool, monkeypatch: pytest.MonkeyPatch):
    dropped_before: list[int] = []

    async def note(conn: Connection, months: int) -> list[str]:
        dropped_before.append(months)
        return []

    monkeypatch.setattr(partitions, "drop_messages", note)
    for environment in ({}, {"keep_months": 13}):
        (task,) = [task for task in periodic_tasks(pool, None, environment) if task.name == "drop old partitions"]
        await task.work()
    assert dropped_before == [13]
