"""Maintenance makes partitions, logs when it cannot, and drops old ones only if configured to."""

from collections import defaultdict
from datetime import datetime
from typing import Any

import pytest
from psycopg.errors import LockNotAvailable
from structlog.testing import capture_logs

from store.connection import Connection
from store.pool import Pool
from store.schema import partitions as parts
from worker import partitions, periodic_tasks


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


async def test_each_class_is_kept_for_as_long_as_it_is_set(pool: Pool, monkeypatch: pytest.MonkeyPatch):
    kept = defaultdict[str, list[int]](list)

    def note(name: str) -> Any:
        async def dropped(_: Any, *given: Any) -> list[str]:
            kept[given[0] if name == "days" else name].append(given[-1])
            return []

        return dropped

    for name in ("messages", "attempts", "days"):
        monkeypatch.setattr(partitions, f"drop_{name}", note(name))
    monkeypatch.setattr(periodic_tasks.callback_deliveries, "delete_older_than", note("callbacks"))
    monkeypatch.setattr(periodic_tasks.inbound_retention, "delete_older_than", note("inbound"))
    names = {"drop old partitions", "drop old attempts", "drop old events of contacts", "drop old requests"}
    given = {"keep_months": 13, "keep_attempt_months": 2, "event_days": 100, "request_log_days": 3, "callback_days": 9}
    given |= {"inbound_days": 400}
    for environment in ({}, given):
        for task in periodic_tasks.periodic_tasks(pool, None, environment):
            if task.name in names | {"delete old callbacks", "delete old messages from people"}:
                await task.work()
    assert kept == {
        "messages": [13],
        "attempts": [2],
        "contact_events": [90, 100],
        "request_log": [7, 3],
        "callbacks": [30, 9],
        "inbound": [400],
    }
