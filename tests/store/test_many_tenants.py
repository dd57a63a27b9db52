"""20,000 tenants, each with a gateway and one of its neighbour's: what a send asks for does not grow with them."""

import time
from collections.abc import AsyncIterator
from random import Random
from uuid import UUID, uuid4

import pytest_asyncio

from domain.keyring import CREDENTIALS, Keyring
from store.accounts import accounts, plans
from store.gateways import gateways, routing
from store.messages import attempts, pages
from store.pool import Pool, long_transaction, open_pool
from tests.store.builders import held, new_page

KEYRING = Keyring.parse(Keyring.generate(), CREDENTIALS)

TENANTS = 20_000
PAGE = 500
SECONDS = 0.05
"""In which a shared page of the largest size has the gateways of its accounts."""
TRIES = 61

_FILL = f"""
insert into accounts (email, name) select 't' || n || '@example.com', 'Tenant' from generate_series(1, {TENANTS}) n;
insert into wallets (account_id, channel, granted, available)
    select id, 'sms', 1000, 1000 from accounts where name = 'Tenant';
insert into gateways (id, account_id, channel, identifier, type, config)
    select gen_random_uuid(), id, 'sms', 'main', 'http', '\\x00' from accounts where name = 'Tenant';
insert into gateway_shares (gateway_id, account_id)
    select g.id, a.id from gateways g join accounts a on a.id = g.account_id + 1 where g.identifier = 'main';
insert into suppressions (account_id, channel, recipient, reason)
    select id, 'sms', '+12025559999', 'opted_out' from accounts where name = 'Tenant';
"""

# Of tables that grow with tenants, rows read without an index.
_SCANNED = """
select relname, seq_tup_read from pg_stat_user_tables
where relname = any('{accounts,wallets,gateways,gateway_shares,gateway_breakers,suppressions,api_keys}')
"""


@pytest_asyncio.fixture(loop_scope="session")
async def one(fresh_pool: Pool) -> AsyncIterator[Pool]:
    """A single connection, so that what was prepared on it stays so."""
    opened = await open_pool(fresh_pool.conninfo, 1, "one")
    yield opened
    await opened.close()


async def fill(pool: Pool) -> list[int]:
    """Bulk-insert the tenants, without ANALYZE. Returns their ids."""
    async with long_transaction(pool) as conn:
        await conn.execute(_FILL)
        rows = await (await conn.execute("select id from accounts where name = 'Tenant'")).fetchall()
    return [account_id for (account_id,) in rows]


async def new_tenant(pool: Pool) -> int:
    account = await accounts.create(pool, f"{uuid4().hex}@example.com", "First", None, uuid4())
    await gateways.add(pool, KEYRING, gateways.NewGateway(account.id, "sms", "main", "http", {}))
    return account.id


async def shared_gateway(pool: Pool) -> UUID:
    return await gateways.add(pool, KEYRING, gateways.NewGateway(0, "sms", "shared", "http", {}))


async def seconds(pool: Pool, account_ids: list[int]) -> float:
    """How long the gateways of so many accounts take, in the best of enough tries to outlast a neighbour's burst."""
    times: list[float] = []
    while len(times) < TRIES and sum(times) < 10:  # a scan of all tenants would take minutes
        begun = time.perf_counter()
        found = await routing.candidates(pool, account_ids, "sms")
        times.append(time.perf_counter() - begun)
    assert set(found) == set(account_ids)
    return min(times)


async def test_a_shared_page_has_its_gateways_at_once_whenever_its_plan_was_made(one: Pool):
    first = await new_tenant(one)
    small = await seconds(one, [first])  # prepared, and planned for a handful of rows
    tenants = await fill(one)
    page = Random(1).sample(tenants, PAGE)
    assert await seconds(one, page) < SECONDS
    assert await seconds(one, page[:1]) < max(3 * small, 0.005)
    found = (await routing.candidates(one, page, "sms"))[page[0]]
    assert found.status == "active"
    assert [(c.identifier, c.own) for c in found.candidates] == [("main", True), ("main", False)]


async def test_a_gateway_that_is_reached_by_several_ways_is_there_once(one: Pool):
    account, strict = await new_tenant(one), await new_tenant(one)
    shared = await shared_gateway(one)
    plan = plans.NewPlan(name="Reseller", gateways=["shared"])
    await plans.create(one, plan)
    await plans.create(one, plans.NewPlan(name="Strict", own_gateways=False, gateways=["shared"]))
    await accounts.assign_plan(one, account, "Reseller", uuid4())
    await accounts.assign_plan(one, strict, "Strict", uuid4())
    async with one.connection() as conn:
        await conn.execute("insert into gateway_shares (gateway_id, account_id) values (%s, %s)", (shared, account))
        await conn.execute("insert into gateway_shares select id, account_id from gateways")
    found = await routing.candidates(one, [account, strict, 0, 2**62], "sms")
    names = {account_id: [c.identifier for c in sender.candidates] for account_id, sender in found.items()}
    # The one that its plan forbids was shared with its own owner: it may be used.
    assert names == {account: ["main", "shared"], strict: ["main", "shared"], 0: ["shared"], 2**62: []}
    assert found[2**62].status == "unknown"
    assert (await routing.candidates(one, [account], "email"))[account].candidates == []


async def test_nothing_on_the_way_of_a_send_reads_the_rows_of_all_tenants(one: Pool):
    account = await new_tenant(one)
    await shared_gateway(one)

    async def send(account: int) -> None:
        page = new_page(account, [0] * 3)
        assert await held(one, page) == {}
        (gateway, *_) = (await routing.candidates(one, [account], "sms"))[account].candidates
        assert await gateways.unknown_identifiers(one, account, "sms", ["main", "nowhere"]) == {"nowhere"}
        assert await routing.is_current(one, gateway.gateway_id, 1)
        assert await routing.paused(one, [gateway.gateway_id]) == {}
        assert len((await attempts.write_intents(one, page.uids, 1, gateway.gateway_id, uuid4())).claimed) == 3
        await attempts.flush_outcomes(one, [attempts.Attempted(uid, 1, "accepted") for uid in page.uids])
        await pages.settle(one, page.uids[0], page.uids[-1])

    async def scanned() -> dict[str, int]:
        async with one.connection() as conn:
            await conn.execute("select pg_stat_force_next_flush()")
            await conn.execute("select pg_stat_clear_snapshot()")
            return dict(await (await conn.execute(_SCANNED)).fetchall())

    for _ in range(8):  # until every statement is prepared and has its generic plan
        await send(account)
    tenants = await fill(one)
    before = await scanned()
    for tenant in tenants[:8]:
        await send(tenant)
    after = await scanned()
    assert {table: after[table] - before[table] for table in after} == dict.fromkeys(after, 0)
