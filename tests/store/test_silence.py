"""A database that does not answer costs seconds, whatever its connections look like; what is long may be long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import QueryCanceled

from embedded.engine import Engine
from store.connection import STATEMENT_SECONDS, Connection, DatabaseSilentError, bounded_url
from store.pool import DB_UNAVAILABLE, Pool, long_transaction, open_pool, retry_until_available
from tests.faults.proxy import Proxy, running_proxy

SOON = STATEMENT_SECONDS + 5.0


@asynccontextmanager
async def proxied(url: str) -> AsyncIterator[tuple[str, Proxy]]:
    """The same database by way of a proxy."""
    async with running_proxy("127.0.0.1", int(str(conninfo_to_dict(url)["port"]))) as proxy:
        yield make_conninfo(url, port=proxy.port), proxy


@asynccontextmanager
async def proxied_pool(url: str, size: int) -> AsyncIterator[tuple[Pool, Proxy]]:
    """A pool whose connections all go through a proxy, and are all open."""
    async with proxied(url) as (address, proxy):
        pool = await open_pool(address, size, "silence")
        await asyncio.gather(*(asks(pool, "select pg_sleep(0.3)") for _ in range(size)))
        yield pool, proxy
        await pool.close()


async def asks(pool: Pool, query: str = "select 1") -> None:
    async with pool.connection() as conn:
        await conn.execute(query)


async def seconds_of(pool: Pool, query: str = "select 1") -> float:
    begun = monotonic()
    await asks(pool, query)
    return monotonic() - begun


async def test_connections_that_went_silent_cost_one_wait_and_not_one_each(engine: Engine):
    async with proxied_pool(engine.database_url, 6) as (pool, proxy):
        proxy.silence_old()
        begun = monotonic()
        with pytest.raises(DatabaseSilentError):
            await asks(pool)
        assert monotonic() - begun < SOON
        for _ in range(12):
            assert await seconds_of(pool) < 3.0


async def test_a_rested_connection_is_tried_before_it_is_given_out(engine: Engine):
    async with proxied_pool(engine.database_url, 4) as (pool, proxy):
        async with pool.connection() as conn:
            pass
        for conn in [await pool.getconn() for _ in range(4)]:
            await pool.putconn(conn)
            conn.used_at -= 3600  # as if nothing had been asked for an hour
        proxy.silence_old()
        assert await seconds_of(pool) < 4.5  # and no error


async def test_a_database_silent_to_all_is_there_again_when_it_is(engine: Engine):
    async with proxied_pool(engine.database_url, 3) as (pool, proxy):
        proxy.silence_all()
        with pytest.raises(DB_UNAVAILABLE):
            await asks(pool)
        proxy.resume()
        async with asyncio.timeout(15):
            await retry_until_available(lambda: asks(pool))


async def test_a_server_that_is_there_ends_what_takes_too_long_and_the_connection_stays(pool: Pool):
    begun = monotonic()
    with pytest.raises(QueryCanceled) as limit:
        await asks(pool, f"select pg_sleep({STATEMENT_SECONDS + 10})")
    assert isinstance(limit.value, DB_UNAVAILABLE)
    assert monotonic() - begun < STATEMENT_SECONDS + 3


async def test_what_is_long_may_be_long_and_only_that(pool: Pool):
    async with long_transaction(pool) as conn:
        await conn.execute("select pg_sleep(%s)", (STATEMENT_SECONDS + 2.5,))
        limits = await (await conn.execute("select current_setting('statement_timeout')")).fetchone()
        assert limits == ("5min",)
    async with pool.connection() as conn:
        assert await (await conn.execute("select current_setting('statement_timeout')")).fetchone() == ("6s",)


async def test_a_connection_of_its_own_has_the_bound_it_asked_for(engine: Engine):
    async with proxied(engine.database_url) as (url, proxy):
        conn = await Connection.to(url, "migrates", longest=1.0)
        with pytest.raises(QueryCanceled):
            await conn.execute("select pg_sleep(5)")
        proxy.silence_old()
        begun = monotonic()
        with pytest.raises(DatabaseSilentError):
            await conn.execute("select 1")
        assert monotonic() - begun < 5.0


async def test_locks_of_a_client_that_went_silent_are_released(engine: Engine, pool: Pool):
    async with pool.connection() as conn:
        await conn.execute("create table if not exists silence (id int primary key, n int)")
        await conn.execute("insert into silence values (1, 0) on conflict do nothing")
    async with proxied_pool(engine.database_url, 2) as (silenced, proxy):

        async def hold() -> None:
            async with silenced.connection() as conn, conn.transaction():
                await conn.execute("update silence set n = n + 1 where id = 1")
                proxy.silence_old()
                await conn.execute("select 1")

        held = asyncio.create_task(hold())
        async with asyncio.timeout(20):
            with pytest.raises(DatabaseSilentError):
                await held
            await retry_until_available(lambda: asks(pool, "update silence set n = 10 where id = 1"))


async def test_cancelled_callers_leave_no_connection_half_used(engine: Engine):
    pool = await open_pool(engine.database_url, 2, "cancelled")
    for moment in range(20):
        asking = asyncio.create_task(asks(pool, "select pg_sleep(30)"))
        await asyncio.wait([asking], timeout=moment / 500)  # while it waits for a connection, or for the answer
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    async with asyncio.timeout(5):
        await asyncio.gather(*(asks(pool) for _ in range(20)))
    assert pool.get_stats()["pool_size"] <= 2
    await pool.close()


async def test_a_cancellation_that_meets_a_free_connection_is_not_lost(engine: Engine):
    pool = await open_pool(engine.database_url, 1, "cancelled")
    for ticks in range(8):
        async with pool.connection():
            asking = asyncio.create_task(asks(pool, "select pg_sleep(5)"))
            await asyncio.sleep(0.02)  # it waits for this one
        for _ in range(ticks):
            await asyncio.sleep(0)
        asking.cancel()
        done, _ = await asyncio.wait([asking], timeout=2)
        assert done, f"the cancellation was lost {ticks} ticks after the connection was free"
        assert asking.cancelled()
    await pool.close()


async def test_a_cancelled_caller_does_not_wait_for_a_silent_server(engine: Engine):
    async with proxied_pool(engine.database_url, 1) as (pool, proxy):
        proxy.silence_old()
        begun = monotonic()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await asks(pool)
        assert monotonic() - begun < 1.5


async def test_an_operators_own_limits_win():
    mine = conninfo_to_dict(
        bounded_url("postgresql://u@h/d?connect_timeout=9&options=-c%20statement_timeout%3D99", "name")
    )
    assert mine["connect_timeout"] == "9"
    assert str(mine["options"]).endswith("-c statement_timeout=99")
