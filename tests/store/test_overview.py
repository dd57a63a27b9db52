"""The overview: what is in it, and that its cost does not depend on how many messages there are."""

from datetime import UTC, datetime

from store import workers
from store.gateways.gateways import set_mode
from store.pool import Pool, long_transaction
from store.reports import overview, usage
from tests.store.builders import new_account, new_batch, new_gateway

FEW, MANY = 1_000, 50_000
_MESSAGES = """
insert into messages (uid, account_id, channel, recipient, state, price, credit, created_at)
select (lpad(to_hex((extract(epoch from now()) * 1000)::bigint), 12, '0') || lpad(to_hex(n), 20, '0'))::uuid,
       1, 'sms', '+1', 'queued', 1, 'held', now() from generate_series(%s::integer, %s::integer) as n
"""
_BLOCKS = """
select sum(heap_blks_read + heap_blks_hit + coalesce(idx_blks_read, 0) + coalesce(idx_blks_hit, 0))::bigint
from pg_statio_user_tables
"""


def today():
    return datetime.now(UTC).date()


async def blocks_of_an_overview(pool: Pool) -> int:
    """How many blocks reading it fetches, of all tables and indexes."""

    async def fetched() -> int:
        async with pool.connection() as conn:
            await conn.execute("select pg_stat_force_next_flush()")
            row = await (await conn.execute(_BLOCKS)).fetchone()
            assert row is not None
            return row[0]

    await overview.read(pool, today())
    before = await fetched()
    await overview.read(pool, today())
    return await fetched() - before


async def send(pool: Pool, first: int, last: int) -> None:
    """Messages of today, all sent and settled."""
    async with long_transaction(pool) as conn:
        await conn.execute(_MESSAGES, (first, last))
        await conn.execute("update messages set state = 'sent', credit = 'captured' where state = 'queued'")
    await usage.fold(pool)
    async with pool.connection() as conn:
        await conn.execute("vacuum usage_changes, usage_days")


async def test_it_costs_the_same_with_fifty_times_as_many_messages(one: Pool):
    await send(one, 1, FEW)
    few = await blocks_of_an_overview(one)
    await send(one, FEW + 1, MANY)
    many = await blocks_of_an_overview(one)
    assert (await overview.read(one, today())).today[0].sent == MANY
    assert 0 < many <= few + 2, (few, many)


async def test_what_stands_in_it(one: Pool):
    account = await new_account(one)
    await new_account(one)
    async with one.connection() as conn:
        await conn.execute("update accounts set status = 'suspended' where id = %s", (account,))
    fine, paused, broken = [await new_gateway(one) for _ in range(3)]
    await set_mode(one, paused, "paused")
    async with one.connection() as conn:
        await conn.execute(
            """insert into gateway_breakers (gateway_id, failures, open_until, last_error)
               values (%s, 5, clock_timestamp() + interval '1 minute', 'away')""",
            (broken,),
        )
    await workers.beat(one, workers.new_worker_id(), ["xsender"])
    await new_batch(one, 10, 3)
    found = await overview.read(one, today())
    assert found.accounts == {"active": 2, "suspended": 1}
    assert {gateway.id: (gateway.mode, gateway.breaker) for gateway in found.gateways} == {
        paused: ("paused", "closed"),
        broken: ("active", "open"),
    }
    assert found.batches == 1
    assert [worker.queues for worker in found.workers] == [["xsender"]]
    (of_today,) = found.today
    assert (of_today.key, of_today.accepted, of_today.waiting) == ({"channel": "sms"}, 3, 3)
    assert found.last_days == found.today
    assert found.slowdown is None
    assert fine not in {gateway.id for gateway in found.gateways}
