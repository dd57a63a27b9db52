"""How fast staff's lists are read in an install with many users, by each filter and each pair of filters."""

from collections.abc import Sequence
from functools import partial
from itertools import combinations
from urllib.parse import urlencode

from bench.figure import Figure
from bench.install import Install
from bench.load import Run, in_turn, run_in_flight
from bench.messages import GATEWAYS, fill_messages
from domain.access.api_keys import KeyKind
from store.accounts import api_keys
from store.pool import long_transaction

_USERS = 10_000
_EVENTS = 100_000
_MESSAGES = 1_000_000
_READS = 8
"""Of each list."""
_FILL = (
    """insert into accounts (email, name, external_id)
       select 'list-' || n || '@example.com', 'Listed ' || n, 'list-' || n from generate_series(1, %(users)s) as n""",
    """insert into wallets (account_id, channel)
       select id, 'sms' from accounts where external_id like 'list-%%'""",
    """insert into api_keys (id, account_id, kind, hash, preview, scopes)
       select 'list' || id, id, 'user', '', '', '{send}' from accounts where external_id like 'list-%%'""",
    """insert into audit_events (id, at, action, outcome, actor, target, event, hash)
       select n, clock_timestamp(), 'user.updated', 'ok', 'staff:' || n %% 9, 'user:' || n %% 10000,
              '{"version": 1, "actor": {}, "targets": [], "context": {}, "changes": [], "reason": "", "metadata": {}}',
              ''
       from (select coalesce(max(id), 0) as last from audit_events) as before,
            generate_series(before.last + 1, before.last + %(events)s) as n""",
)
_FILTERS = {
    "users": {
        "q": "list-77",
        "state": "suspended",
        "plan": "none",
        "external_id": "list-7777",
        "email": "list-7777@example.com",
        "created_after": "2020-01-01T00:00:00Z",
        "created_before": "2020-01-01T00:00:00Z",
    },
    "audit": {
        "action": "user.created",
        "outcome": "denied",
        "actor": "staff:8",
        "target": "user:77",
        "occurred_after": "2020-01-01T00:00:00Z",
        "occurred_before": "2020-01-01T00:00:00Z",
    },
    "keys": {"user": "77"},
    "messages": {
        "user": "77",
        "recipient": "+12020000031",
        "state": "failed",
        "gateway": str(GATEWAYS[7]),
        "code": "code_7",
        "channel": "sms",
        "created_after": "2020-01-01T00:00:00Z",
        "created_before": "2020-01-01T00:00:00Z",
    },
    "failures": {"user": "77", "state": "failed", "gateway": str(GATEWAYS[7]), "code": "code_7", "channel": "sms"},
    "batches": {"user": "77", "state": "paused", "channel": "sms", "created_after": "2020-01-01T00:00:00Z"},
}
_OTHERS = {
    "messages": [
        {"state": states} | more
        for states in ("sent", "scheduled,queued,processing", "unknown", "sent,failed")
        for more in ({}, {"user": "77"}, {"gateway": str(GATEWAYS[7])}, {"code": "none"}, {"channel": "sms"})
    ]
}
"""More choices: other states are found in other ways."""


async def measure(install: Install, scale: float) -> list[Figure]:
    """A page of 50 of each list, without filters, with each and with each pair; the slowest of them counts."""
    async with long_transaction(install.pool) as conn:
        for statement in _FILL:
            await conn.execute(statement, {"users": int(_USERS * scale), "events": int(_EVENTS * scale)})
        await fill_messages(conn, int(_MESSAGES * scale), int(_USERS * scale))
    async with long_transaction(install.pool) as conn:
        await conn.execute("analyze")
    key = (await api_keys.create(install.pool, KeyKind.ADMIN, 0)).text
    return [
        await _slowest(install, key, name, [*_queries(filters), *map(urlencode, _OTHERS.get(name, []))])
        for name, filters in _FILTERS.items()
    ]


def _queries(filters: dict[str, str]) -> list[str]:
    return [urlencode(chosen) for size in range(3) for chosen in combinations(filters.items(), size)]


async def _slowest(install: Install, key: str, name: str, queries: Sequence[str]) -> Figure:
    floor = partial(run_in_flight, partial(_select, install), _READS, 1)
    runs = {}
    for query in queries:
        read = partial(run_in_flight, partial(_read, install, key, f"{name}?{query}"), _READS, 1)
        runs[query] = await in_turn(read, floor, _p95)
    slowest = max(runs, key=lambda query: _p95(runs[query][0]))
    return Figure(
        f"p95 of a page of {name}, the slowest of {len(queries)} choices of filters",
        _p95(runs[slowest][0]),
        "ms",
        f"Of {_USERS:,} users, {_EVENTS:,} events, {_MESSAGES:,} messages. The slowest: "
        f"{slowest or 'without filters'}; a SELECT by key beside it takes {_p95(runs[slowest][1]):.1f} ms.",
        at_most=50,
    )


def _p95(run: Run) -> float:
    return run.spread.p95_ms


async def _read(install: Install, key: str, path: str, _: int) -> None:
    async with install.http.get(f"/api/admin/v1/{path}", headers={"Api-key": key}) as answer:
        text = await answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {text[:200].decode()}")


async def _select(install: Install, _: int) -> None:
    async with install.pool.connection() as conn:
        await (await conn.execute("select * from accounts where id = 1")).fetchall()
