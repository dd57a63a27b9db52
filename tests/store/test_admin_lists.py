"""Lists for staff read by index, whatever they filter by, at 10,000 users and as many keys and events, and 100,000
messages."""

import re
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from bench.messages import fill_messages
from domain.ids import first_id
from embedded.engine import Engine
from store.access import audit
from store.accounts import account_lists, api_keys, journal, sender_domains
from store.audience import inbound_lists, suppressions
from store.batches import queries as batches
from store.callbacks import callback_endpoints
from store.connection import Connection
from store.failures import leads as failed_leads
from store.failures import runs as failed_runs
from store.messages.search import failures, walks
from store.messages.search.filters import Filter
from store.pool import InTransaction, Pool, long_transaction, open_pool
from store.reports import request_log, usage
from tests.databases import new_install

USERS = 10_000
AT = datetime(2026, 1, 1, tzinfo=UTC)
OF_USERS: dict[str, Any] = {
    "states": ["suspended"],
    "text": "no such user",
    "plan": "none",
    "external_id": "crm-9999",
    "email": "user-9999@example.com",
    "after": AT,
    "before": AT,
}
UID = UUID(int=1)
OF_JOURNAL: dict[str, Any] = {"kind": ["deduct"], "channel": "sms", "uid": UID, "after": AT, "before": AT}
OF_REQUESTS: dict[str, Any] = {
    "account_id": 7,
    "key_id": "k7",
    "status": 4,
    "method": "DELETE",
    "path": "/api/none",
    "after": AT,
    "before": AT,
    "request_id": "none",
}
OF_USAGE: dict[str, Any] = {"account_id": 7, "channel": "sms", "gateway_id": UID}
OF_EVENTS: dict[str, Any] = {
    "action": ["user.created"],
    "outcome": ["denied"],
    "actor": "staff:9",
    "target": "user:9",
    "after": AT,
    "before": AT,
}
IN_JUNE = first_id(datetime(2026, 6, 1, tzinfo=UTC).timestamp())
OF_MESSAGES: dict[str, Any] = {
    "account_id": 7,
    "uid": IN_JUNE,
    "recipient": "+12025550107",
    "states": ["failed"],
    "gateways": [UID],
    "code": "code_7",
    "channels": ["sms"],
    "batch": IN_JUNE,
    "after": AT,
    "before": datetime.now(UTC) - timedelta(days=2),
}
OTHER_STATES = [{"states": states} for states in (["sent"], ["unknown"], ["queued", "scheduled"], ["sent", "failed"])]
OF_BATCHES: dict[str, Any] = {"account_id": 7, "states": ["paused"], "channel": "sms", "after": AT, "before": AT}
# As bench/messages.sql has them: an install's usual shares of states.
MESSAGES = 100_000


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def many(engine: Engine):
    url = await new_install(engine.database_url)
    pool = await open_pool(url, 1, "test")
    async with long_transaction(pool) as conn:
        for statement in (
            f"""insert into accounts (email, name, external_id)
                select 'user-' || n || '@example.com', 'User ' || n, 'crm-' || n
                from generate_series(1, {USERS}) as n""",
            f"""insert into api_keys (id, account_id, kind, hash, preview, scopes, created_at)
                select 'k' || n, n, 'user', '', '', '{{send}}', now() + n * interval '1 s'
                from generate_series(1, {USERS}) as n""",
            f"""insert into sender_domains (account_id, domain, token, selector, key, public, state)
                select n, n || '.test', '', 'xs1', '', '', case when n % 100 = 0 then 'failing' else 'verified' end
                from generate_series(1, {USERS}) as n""",
            f"""insert into audit_events (id, at, action, outcome, actor, target, event, hash)
                select n, now(), 'user.updated', 'ok', 'staff:' || n % 9, 'user:' || n, '{{}}', ''
                from generate_series(1, {USERS}) as n""",
            f"""insert into suppressions (account_id, channel, recipient, reason, created_at)
                select n, 'sms', '+1202' || n, 'opted_out', now() + n * interval '1 s'
                from generate_series(1, {USERS}) as n""",
            f"""insert into inbound_messages 
                    (id, gateway_id, account_id, channel, sender, recipient, body, media, at, received_at)
                select lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(n), 32, '0')::uuid, n, 'sms', '+1202' || n, '', '',
                       '{{}}', now(), now() + n * interval '1 s' from generate_series(1, {USERS}) as n""",
            f"""insert into callback_endpoints (id, account_id, url, secrets, created_at)
                select lpad(to_hex(n), 32, '0')::uuid, n, '', '', now() + n * interval '1 s'
                from generate_series(1, {USERS}) as n""",
            f"""insert into batches (id, account_id, channel, lane, total, streams)
                select uid_at(now() - n * interval '1 s'), n, 'sms', 'bulk', 1, '[]'
                from generate_series(1, {USERS}) as n""",
            f"""insert into request_log
                    (at, request_id, account_id, key_id, method, path, status, milliseconds, ip, ids)
                select now(), 'r' || n, n % 99, 'k' || n % 99, 'GET', '/api/usage', 200 + n % 9, 1, '', '{{}}'
                from generate_series(1, {USERS}) as n""",
            f"""insert into usage_days
                select n % 99, 'sms', null, date '2026-01-01' + n / 99, 1, 1, 0, 0, 0, 1
                from generate_series(1, {USERS}) as n""",
            f"""insert into automations (id, account_id, key, name)
                select lpad(to_hex(n), 32, '0')::uuid, n, 'a', '' from generate_series(1, {USERS}) as n""",
            f"""insert into automation_runs (id, automation_id, account_id, contact_id, version, entry_key, trigger,
                                             event, vars, state, step, reason, ended_at)
                select lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(n / 5 + 1), 32, '0')::uuid, n / 5 + 1,
                       lpad(to_hex(n), 32, '0')::uuid, 1, '', '', '{{}}', '{{}}',
                       case when n % 50 = 0 then 'failed' else 'completed' end, 's', 'c', now() - n * interval '1 s'
                from generate_series(1, 4 * {USERS}) as n""",
            f"""insert into lead_sources (id, account_id, key, kind, name)
                select lpad(to_hex(n), 32, '0')::uuid, n, 's', 'form', '' from generate_series(1, {USERS}) as n""",
            f"""insert into leads (id, account_id, source_id, provider_id, digest, via, state, ended_at)
                select uid_at(now() - n * interval '1 s'), n / 5 + 1, lpad(to_hex(n / 5 + 1), 32, '0')::uuid, '',
                       decode(lpad(to_hex(n), 8, '0'), 'hex'), 'form',
                       (array['failed', 'parked', 'done', 'done', 'done'])[n % 50 + 1], now() - n * interval '1 s'
                from generate_series(1, 4 * {USERS}) as n where n % 50 < 5""",
        ):
            await conn.execute(statement.encode())
        await fill_messages(conn, MESSAGES, USERS)
        await conn.execute("analyze")
    yield pool
    await pool.close()


class Explaining:
    """A connection whose statements are explained, and not run."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self.plan = ""

    def cursor(self, **_: Any) -> "Explaining":
        return self

    async def __aenter__(self) -> "Explaining":
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def transaction(self) -> Any:
        return self.conn.transaction()

    async def execute(self, statement: str | bytes, values: Any = None) -> "Explaining":
        text = statement if isinstance(statement, str) else statement.decode()
        if "set_config" in text:
            await self.conn.execute(text.encode())
            return self
        rows = await (await self.conn.execute(f"explain {text}".encode(), values)).fetchall()
        self.plan += "\n".join(line for (line,) in rows)
        return self

    async def fetchall(self) -> list[Any]:
        return []


async def plan_of(pool: Pool, read: Any) -> str:
    async with pool.connection() as conn:
        explaining = Explaining(conn)
        await read(InTransaction(explaining))  # type: ignore[arg-type]
    return explaining.plan


def chosen(filters: dict[str, Any]) -> list[dict[str, Any]]:
    """No filter, each alone, and all pairs."""
    return [{name: filters[name] for name in names} for size in range(3) for names in combinations(filters, size)]


@pytest.mark.parametrize("filters", chosen(OF_USERS), ids=lambda filters: "+".join(filters) or "none")
async def test_users(many: Pool, filters: dict[str, Any]):
    plan = await plan_of(many, lambda pool: account_lists.page(pool, account_lists.Filter(**filters), 2**62, 50))
    assert not re.search("Seq Scan on (accounts|plans)", plan), plan


@pytest.mark.parametrize("filters", chosen(OF_EVENTS), ids=lambda filters: "+".join(filters) or "none")
async def test_events(many: Pool, filters: dict[str, Any]):
    plan = await plan_of(many, lambda pool: audit.page(pool, audit.Filter(**filters), 2**62, 50))
    assert "Seq Scan" not in plan, plan


@pytest.mark.parametrize("filters", chosen(OF_JOURNAL), ids=lambda filters: "+".join(filters) or "none")
@pytest.mark.parametrize("place", [None, (AT, UID, "grant")])
async def test_journal(many: Pool, filters: dict[str, Any], place: journal.Place | None):
    plan = await plan_of(many, lambda pool: journal.page(pool, 7, journal.Filter(**filters), place, 50))
    assert "Seq Scan" not in plan, plan
    assert "uid" in filters or "journal_moves" in plan, plan


@pytest.mark.parametrize("filters", chosen(OF_REQUESTS), ids=lambda filters: "+".join(filters) or "none")
async def test_requests(many: Pool, filters: dict[str, Any]):
    plan = await plan_of(many, lambda pool: request_log.page(pool, request_log.Filter(**filters), 2**62, 50))
    assert "Seq Scan" not in plan, plan


@pytest.mark.parametrize("filters", chosen(OF_USAGE), ids=lambda filters: "+".join(filters) or "none")
async def test_usage(many: Pool, filters: dict[str, Any]):
    wanted = usage.Filter(AT.date(), AT.date(), **filters)
    plan = await plan_of(many, lambda pool: usage.page(pool, wanted, ["day", "user"], None, 50))
    assert "Seq Scan on usage_days" not in plan, plan


@pytest.mark.parametrize("owner", [(None, None), (7, None), (None, 7)])
@pytest.mark.parametrize("after", [None, (AT, "k1")])
async def test_keys(many: Pool, owner: tuple[int | None, int | None], after: tuple[datetime, str] | None):
    plan = await plan_of(many, lambda pool: api_keys.page(pool, *owner, after, 50))
    assert "Seq Scan" not in plan, plan


OF_SUPPRESSIONS: dict[str, Any] = {"account_id": 7, "channel": "sms", "recipient": "+12029999", "reason": "bounced"}
OF_INBOUND: dict[str, Any] = {
    "account_id": 7,
    "channel": "sms",
    "sender": "+12029999",
    "keyword": "stop",
    "after": AT,
    "before": AT,
}


@pytest.mark.parametrize("filters", chosen(OF_SUPPRESSIONS), ids=lambda filters: "+".join(filters) or "none")
@pytest.mark.parametrize("place", [None, (AT, 7, "sms", "+1")])
async def test_suppressions(many: Pool, filters: dict[str, Any], place: suppressions.Place | None):
    plan = await plan_of(many, lambda pool: suppressions.page(pool, suppressions.Filter(**filters), place, 50))
    assert "Seq Scan" not in plan, plan


@pytest.mark.parametrize("filters", chosen(OF_INBOUND), ids=lambda filters: "+".join(filters) or "none")
@pytest.mark.parametrize("place", [None, (AT, UID)])
async def test_inbound(many: Pool, filters: dict[str, Any], place: tuple[datetime, UUID] | None):
    plan = await plan_of(many, lambda pool: inbound_lists.page(pool, inbound_lists.Filter(**filters), place, 50))
    assert "Seq Scan" not in plan, plan


@pytest.mark.parametrize("enabled", [None, False])
@pytest.mark.parametrize("account", [None, 7])
async def test_callback_endpoints(many: Pool, account: int | None, enabled: bool | None):
    plan = await plan_of(many, lambda pool: callback_endpoints.page(pool, account, enabled, (AT, UID), 50))
    assert "Seq Scan" not in plan, plan


OF_DOMAINS: dict[str, Any] = {"account_id": 7, "state": ["failing"], "domain": "7.test"}


@pytest.mark.parametrize("filters", chosen(OF_DOMAINS), ids=lambda filters: "+".join(filters) or "none")
async def test_sender_domains(many: Pool, filters: dict[str, Any]):
    plan = await plan_of(many, lambda pool: sender_domains.page(pool, sender_domains.Filter(**filters), 2**62, 50))
    assert "Seq Scan" not in plan, plan


WHOLE = re.compile(r"Bitmap|Seq Scan on (messages|failures|batches|workflow_checks(?!_mark)|accounts|gateways)")


@pytest.mark.parametrize("filters", chosen(OF_MESSAGES) + OTHER_STATES, ids=lambda filters: "+".join(filters) or "none")
async def test_messages(many: Pool, filters: dict[str, Any]):
    plan = await plan_of(many, lambda pool: walks.page(pool, Filter(**filters), UUID(int=2**128 - 1), 50))
    assert not WHOLE.search(plan), plan
    read = plan.split("WindowAgg")[1]
    assert "->  Sort" not in read, f"it reads all that fits, and sorts it: {plan}"


@pytest.mark.parametrize("filters", chosen({**OF_MESSAGES, "account_id": 8}), ids=lambda each: "+".join(each) or "none")
async def test_messages_of_test_keys(many: Pool, filters: dict[str, Any]):
    wanted = Filter(**{"account_id": 7} | filters, tests=True)
    plan = await plan_of(many, lambda pool: walks.page(pool, wanted, UUID(int=2**128 - 1), 50))
    assert not WHOLE.search(plan), plan
    read = plan.split("WindowAgg")[1]
    assert "->  Sort" not in read, f"it reads all that fits, and sorts it: {plan}"
    assert {"uid", "batch"} & set(filters) or re.search("_account_id_uid_idx1|_of_tests", read), (
        f"it reads live messages, too: {plan}"
    )


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"account_id": 7},
        {"code": "code_7"},
        {"gateways": [UID], "channels": ["sms"]},
        {"account_id": 7, "tests": True},
    ],
)
async def test_causes(many: Pool, filters: dict[str, Any]):
    plan = await plan_of(many, lambda pool: failures.causes(pool, Filter(**filters), AT, AT, 50))
    assert not re.search("Seq Scan on (messages|failures|gateways)", plan), plan


@pytest.mark.parametrize("filters", [{}, {"account_id": 7}, {"automation": "a", "step": "s", "code": "c"}])
async def test_causes_of_failed_runs(many: Pool, filters: dict[str, Any]):
    wanted = failed_runs.Wanted(AT, AT, **filters)
    plan = await plan_of(many, lambda pool: failed_runs.causes(pool, wanted, 50))
    assert not re.search("Seq Scan on automation", plan), plan
    assert f"automation_runs_failed_{'of' if 'account_id' in filters else 'at'}" in plan, plan


@pytest.mark.parametrize("filters", [{}, {"account_id": 7}, {"source": "s", "code": "c"}])
async def test_causes_of_failed_leads(many: Pool, filters: dict[str, Any]):
    wanted = failed_leads.Wanted(AT, AT, **filters)
    plan = await plan_of(many, lambda pool: failed_leads.failed(pool, wanted, 50))
    assert not re.search("Seq Scan on leads", plan), plan
    assert f"leads_failed_{'of' if 'account_id' in filters else 'at'}" in plan, plan
    plan = await plan_of(many, lambda pool: failed_leads.parked(pool, wanted, 50))
    assert not re.search("Seq Scan on leads", plan), plan
    assert "leads_parked" in plan, plan


@pytest.mark.parametrize("filters", chosen(OF_BATCHES), ids=lambda filters: "+".join(filters) or "none")
async def test_batches(many: Pool, filters: dict[str, Any]):
    plan = await plan_of(many, lambda pool: batches.newest(pool, batches.Filter(**filters), UID, 50))
    assert not re.search("Seq Scan on (batches|accounts)", plan), plan
