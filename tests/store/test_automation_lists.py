"""Lists of runs and entries read by index, whatever they filter by; and counts of a million steps take no time."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from time import perf_counter
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from embedded.engine import Engine
from services.automations.results import counts
from store.automations.results import counting, failed_runs, lists
from store.automations.results.failed_runs import Wanted
from store.automations.results.lists import EntryFilter, RunFilter
from store.pool import InTransaction, Pool, long_transaction, open_pool
from tests.databases import new_install
from tests.store.test_admin_lists import chosen, plan_of

AT = datetime(2026, 1, 1, tzinfo=UTC)
OF, CONTACT = UUID(int=7), UUID(int=77)
RUNS: dict[str, Any] = {
    "state": "failed",
    "step": "s3",
    "version": 2,
    "contact": CONTACT,
    "reason": "bought",
    "code": "missing_field",
    "since": AT,
    "until": AT,
}
ENTRIES: dict[str, Any] = {"outcome": "cap", "contact": CONTACT, "since": AT, "until": AT}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def many(engine: Engine) -> AsyncIterator[Pool]:
    """Runs of 5 automations, most of them of one, and who came."""
    url = await new_install(engine.database_url)
    pool = await open_pool(url, 2, "test")
    async with long_transaction(pool) as conn:
        account = await (
            await conn.execute("insert into accounts (email, name) values ('a@example.com', 'A') returning id")
        ).fetchone()
        assert account is not None
        for statement in (
            f"""insert into automations (id, account_id, key, name, version, revision)
                select lpad(to_hex(n), 32, '0')::uuid, {account[0]}, 'a' || n, 'A', 1, 1
                from generate_series(7, 11) as n""",
            """insert into automation_runs (id, automation_id, account_id, contact_id, version, entry_key, trigger,
                                            event, vars, state, step, reason, error, entered_at, ended_at)
               select (left(uid_at(now() - n * interval '1 s')::text, 24) || lpad(to_hex(n), 12, '0'))::uuid,
                      lpad(to_hex(case when n % 10 = 0 then 8 + n / 10 % 4 else 7 end), 32, '0')::uuid, 1,
                      lpad(to_hex(n % 9000), 32, '0')::uuid, 1 + n % 40 / 39, '', 'event', '{}', '{}',
                      (array['completed', 'completed', 'waiting', 'failed', 'exited'])[1 + n % 5], 's' || n % 12,
                      case n % 5 when 2 then null when 3 then (array['missing_field', 'vars_size'])[1 + n % 2]
                                 when 4 then (array['bought', 'unsubscribed'])[1 + n % 2] else 'completed' end,
                      '{}', now() - n * interval '1 s', case when n % 5 <> 2 then now() end
               from generate_series(1, 20000) as n on conflict do nothing""",
            """insert into automation_entries (id, automation_id, account_id, contact_id, trigger, entry_key, outcome)
               select (left(uid_at(now() - n * interval '1 s')::text, 24) || lpad(to_hex(n), 12, '0'))::uuid,
                      lpad(to_hex(case when n % 10 = 0 then 8 + n / 10 % 4 else 7 end), 32, '0')::uuid, 1,
                      lpad(to_hex(n % 9000), 32, '0')::uuid, 'event', '',
                      (array['admitted', 'admitted', 'already_inside', 'cap'])[1 + n % 4]
               from generate_series(1, 20000) as n""",
        ):
            await conn.execute(statement.encode())
        await conn.execute("analyze")
    yield pool
    await pool.close()


@pytest.mark.parametrize("filters", chosen(RUNS), ids=lambda filters: "+".join(filters) or "none")
async def test_runs(many: Pool, filters: dict[str, Any]):
    plan = await plan_of(many, lambda store: lists.runs(store, OF, RunFilter(**filters), UUID(int=2**128 - 1), 50))
    assert not re.search("Seq Scan", plan), plan
    few = re.search("automation_runs_(contact|failed)|One-Time Filter: false", plan)
    assert "Sort" not in plan or few, f"it reads all that fits, and sorts it: {plan}"


@pytest.mark.parametrize("filters", chosen(ENTRIES), ids=lambda filters: "+".join(filters) or "none")
async def test_entries(many: Pool, filters: dict[str, Any]):
    plan = await plan_of(many, lambda store: lists.entries(store, OF, EntryFilter(**filters), UUID(int=2**128 - 1), 50))
    assert not re.search("Seq Scan|Sort", plan), plan


@pytest.mark.parametrize("filters", [{}, {"version": 2}, {"step": "s3"}, {"code": "missing_field"}], ids=str)
async def test_failures(many: Pool, filters: dict[str, Any]):
    plan = await plan_of(many, lambda store: failed_runs.grouped(store, OF, Wanted(**filters), None, 50))
    assert "Seq Scan on automation_runs" not in plan, plan


async def test_filters_choose_what_they_say(many: Pool):
    async with many.connection() as conn:
        store = InTransaction(conn)
        for name, value in RUNS.items():
            found = await lists.runs(store, OF, RunFilter(**{name: value}), None, 20_000)
            assert found or name in ("until", "since"), name
            assert len(found) < 18_000 or name == "since"
        for run in await lists.runs(store, OF, RunFilter(state="failed", code="vars_size", step="s7"), None, 100):
            assert (run.state, run.reason, run.step) == ("failed", "vars_size", "s7")


async def test_counts_of_a_million_steps_are_read_in_less_than_100_ms(many: Pool):
    async with many.connection() as conn, conn.transaction(force_rollback=True):
        await conn.execute(
            b"""insert into automation_changes (automation_id, version, step, day, kind, name, arm, n)
                select lpad('7', 32, '0')::uuid, 1 + n % 3, 's' || n % 30, date '2026-01-01' + n % 90, 'step',
                       (array['sent', 'failed', 'capped'])[1 + n / 90 % 3], '', 50
                from generate_series(1, 20000) as n"""
        )
        store = InTransaction(conn)
        before = await counts.of_automation(store, OF, None, None, None)
        assert sum(step.taken for of in before for step in of.steps.values()) == 1_000_000
        while await counting.fold(store):
            pass
        await conn.execute(b"analyze automation_counts")
        times = []
        for _ in range(20):
            began = perf_counter()
            found = await counts.of_automation(store, OF, None, None, None)
            times.append(perf_counter() - began)
        assert found == before, "folding changes nothing that is read"
        assert min(times) < 0.1, times
