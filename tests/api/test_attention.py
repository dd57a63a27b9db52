"""What needs attention: of an account, and of the install for what a role may see."""

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.access.api_keys import KeyKind
from services.attention.kinds import KINDS
from store.accounts import api_keys
from store.credits import alerts
from store.reports import attention
from store.reports.attention import KINDS_OF_ACCOUNT, KINDS_OF_ALL
from tests.api.admin import admin
from tests.leads_made import new_lead, new_source
from tests.receiver import register
from tests.stack import Stack, User


async def found(stack: Stack, user: User) -> dict[str, dict[str, Any]]:
    answer = await stack.http.get("/api/attention", headers=user.headers)
    assert answer.status_code == 200, answer.text
    return {item["kind"]: item for item in answer.json()["data"]}


async def test_nothing_needs_attention_in_a_new_account(stack: Stack):
    assert await found(stack, await stack.user()) == {}


async def test_every_kind_says_what_to_do():
    assert {*KINDS_OF_ACCOUNT, *KINDS_OF_ALL} == set(KINDS)


async def test_what_is_in_trouble_is_told_until_it_is_not(stack: Stack):
    user, other = await stack.user(credit=10), await stack.user()
    identifier = await stack.gateway(user.id, "sms", "sandbox", {})
    endpoint = await register(stack.pool, stack.keyring, user.id, "http://127.0.0.1:9")
    source = await new_source(stack.pool, user.id)
    await new_lead(stack.pool, source, state="parked", code="token")
    await new_lead(stack.pool, source, state="failed", ended_at=datetime.now(UTC))
    expires = datetime.now(UTC) + timedelta(days=2)
    await api_keys.create(stack.pool, KeyKind.USER, user.id, expires_at=expires)
    await stack.http.put("/api/credits/alerts", json={"sms": {"amount": 50}}, headers=user.headers)
    await alerts.tell(stack.pool)
    async with stack.pool.connection() as conn:
        await conn.execute("update gateways set mode = 'paused' where identifier = %s", (identifier,))
        await conn.execute("update callback_endpoints set failing_since = now() where id = %s", (endpoint.id,))
        await conn.execute(
            "insert into sending_pauses (account_id, reason, paused_by) values (%s, 'x', 'y')", (user.id,)
        )

    items = await found(stack, user)
    told = {"gateway_paused", "callback_failing", "leads_parked", "leads_failed", "key_expiring", "credits_low"}
    assert set(items) == {*told, "sending_paused"}
    assert items["gateway_paused"]["name"] == identifier
    assert items["leads_parked"] | {"since": None} == {
        "kind": "leads_parked",
        "level": "failure",
        "message": "leads wait for their source",
        "remedy": "mend the source; they go on then",
        "count": 1,
        "more": False,
        "id": items["leads_parked"]["id"],
        "name": "Spring Fair",
        "since": None,
    }
    levels = [item["level"] for item in items.values()]
    assert levels == sorted(levels)  # failures first
    assert await found(stack, other) == {}
    async with stack.pool.connection() as conn:
        await conn.execute("update gateways set mode = 'active' where identifier = %s", (identifier,))
        await conn.execute("delete from sending_pauses where account_id = %s", (user.id,))
    assert set(await found(stack, user)) == told - {"gateway_paused"}


async def test_no_more_than_a_hundred_are_counted(stack: Stack):
    user = await stack.user()
    source = await new_source(stack.pool, user.id)
    for _ in range(101):
        await new_lead(stack.pool, source, state="parked")
    (item,) = (await found(stack, user)).values()
    assert (item["count"], item["more"]) == (100, True)


async def test_staff_sees_of_all_accounts_what_its_role_may_read(stack: Stack):
    user = await stack.user()
    source = await new_source(stack.pool, user.id)
    await new_lead(stack.pool, source, state="parked")
    boss = await admin(stack)
    assert "leads_parked" in {item["kind"] for item in (await boss.call("GET", "/attention")).json()["data"]}
    few = await boss.colleague("support", ["overview:read"])
    kinds = {item["kind"] for item in (await few.call("GET", "/attention")).json()["data"]}
    assert kinds <= {"alert"}
    none = await boss.colleague("marketer")
    assert (await none.call("GET", "/attention")).status_code == 403


async def test_every_statement_uses_indexes_of_what_is_in_trouble(stack: Stack):
    """A kind without one would read a whole table, twice a minute for every open page."""
    whole = await _plan(stack, None)
    for index in ("callback_endpoints_in_trouble", "devices_told_offline", "credit_alerts_low", "leads_parked"):
        assert index in whole
    assert "Seq Scan on leads" not in whole
    own = await _plan(stack, (await stack.user()).id)
    for index in ("automation_runs_failed_of", "leads_failed_of", "operations_account"):
        assert index in own


async def _plan(stack: Stack, account: int | None) -> str:
    """How PostgreSQL would read all kinds."""
    kinds = KINDS_OF_ALL if account is None else KINDS_OF_ACCOUNT
    async with stack.pool.connection() as conn:
        rows = await conn.execute(
            ("explain " + attention.statement(kinds, account)).encode(), attention.values(account)
        )
        return "\n".join(row[0] for row in await rows.fetchall())
