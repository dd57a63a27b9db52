"""Tables with partitions by a time: each row in its own, lists over all of them, and dropped by their age."""

from datetime import UTC, datetime, timedelta

import pytest
from psycopg.errors import FeatureNotSupported

from embedded.engine import Engine
from store.connection import Connection
from store.migrate import migrate, migrations
from store.operations import purging
from store.pool import Pool
from store.reports import request_log
from store.reports.request_log import Filter, NewEntry
from store.schema import old_partitions
from store.schema import partitions as parts
from tests.databases import new_database
from tests.store.builders import new_account


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> dict[str, timedelta]:
    """Moves the database's clock, as partitions see it, ``by`` some time."""
    moved = {"by": timedelta()}
    now = parts.database_now

    async def then(conn: Connection) -> datetime:
        return await now(conn) + moved["by"]

    monkeypatch.setattr(parts, "database_now", then)
    return moved


def entry(days: float, account: int | None = None) -> NewEntry:
    """A request that was answered so many days from now."""
    at = datetime.now(UTC) + timedelta(days=days)
    return NewEntry(at, f"r{days}", account, None, "GET", "/api/usage", 200, 1.0, "203.0.113.7", None, [], None)


async def lie_in(conn: Connection, table: str) -> list[str]:
    rows = await conn.execute(f"select tableoid::regclass::text from {table} order by at".encode())
    return [name for (name,) in await rows.fetchall()]


async def names(pool: Pool, wanted: Filter, below: int = 2**62, limit: int = 50) -> list[str]:
    return [found.request_id for found in await request_log.page(pool, wanted, below, limit)]


async def test_each_day_of_the_log_of_requests_has_a_partition_that_is_dropped(fresh_pool: Pool, later):
    await request_log.write(fresh_pool, [entry(0), entry(2), entry(3), entry(30)])
    async with fresh_pool.connection() as conn:
        days = [f"request_log_{parts.day_at(datetime.now(UTC), n):%Y_%m_%d}" for n in (2, 3)]
        assert await lie_in(conn, "request_log") == ["request_log_first", *days, "request_log_other"]
        assert await names(fresh_pool, Filter(), limit=3) == ["r30", "r3", "r2"]
        assert await old_partitions.drop_days(conn, "request_log", 1) == []

        later["by"] = timedelta(days=4)
        dropped = await old_partitions.drop_days(conn, "request_log", 1)
        assert (dropped[0], dropped[-1]) == ("request_log_first", days[0])
        assert await names(fresh_pool, Filter()) == ["r30", "r3"]


async def test_days_in_which_nobody_made_any_have_none(fresh_pool: Pool, later):
    await request_log.write(fresh_pool, [entry(20), entry(40)])
    later["by"] = timedelta(days=40)
    async with fresh_pool.connection() as conn:
        assert (await parts.ahead(conn)).is_short
        made = [name for name in await parts.make_ahead(conn) if name.startswith("request_log")]
        today = parts.day_at(datetime.now(UTC), 40)
        assert made == [f"request_log_{today + timedelta(n):%Y_%m_%d}" for n in range(6)]
        assert await lie_in(conn, "request_log") == ["request_log_other", made[0]]
        await old_partitions.drop_days(conn, "request_log", 7)
        assert await lie_in(conn, "request_log") == [made[0]]


async def test_the_requests_of_one_account_are_removed_from_every_day(fresh_pool: Pool):
    account, other = await new_account(fresh_pool), await new_account(fresh_pool)
    for days in (0, 3):  # rows in the same place of two partitions
        await request_log.write(fresh_pool, [entry(days, account), entry(days, other)])
        await request_log.write(fresh_pool, [entry(days + 1, other), entry(days + 1, account)])
    assert await purging.do_step(fresh_pool, "request_log", account) == 4
    assert len(await names(fresh_pool, Filter(account_id=other))) == 4
    assert await names(fresh_pool, Filter(account_id=account)) == []


async def test_what_deletes_by_a_place_in_one_partition_is_refused(fresh_pool: Pool):
    """As the release before 0122 did."""
    async with fresh_pool.connection() as conn:
        with pytest.raises(FeatureNotSupported):
            await conn.execute("""delete from request_log where ctid = any(array(
                                  select ctid from request_log where account_id = 1 limit 2000))""")


async def test_what_the_log_held_before_stays_where_it_was(engine: Engine):
    url = await new_database(engine.database_url)
    await migrate(url, [file for file in migrations() if file[0] < "0120"])
    insert = """insert into request_log (at, request_id, method, path, status, milliseconds, ip, ids)
                values (now() + %s * interval '1 day', %s, 'GET', '/', 200, 1, '', '{}')"""
    async with await Connection.to(url, "test") as conn:
        for days in (-30, 0, 3):
            await conn.execute(insert, (days, f"r{days}"))
        before = await (await conn.execute("select id, request_id from request_log order by id")).fetchall()
        await migrate(url)
        assert await (await conn.execute("select id, request_id from request_log order by id")).fetchall() == before
        day = parts.day_at(datetime.now(UTC), 3)
        assert await lie_in(conn, "request_log") == ["request_log_first"] * 2 + [f"request_log_{day:%Y_%m_%d}"]
        await conn.execute(insert, (1, "new"))
        newest = await (await conn.execute("select max(id) from request_log where request_id = 'new'")).fetchone()
        assert newest == (before[-1][0] + 1,)
