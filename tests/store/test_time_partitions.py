"""Tables with partitions by a time: each row in its own, lists over all of them, and dropped by their age."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from psycopg.errors import FeatureNotSupported

from embedded.engine import Engine
from store.audience.events import recording
from store.audience.events.recording import ContactEvent
from store.connection import Connection
from store.migrate import migrate, migrations
from store.operations import purging
from store.pool import Pool
from store.reports import request_log
from store.reports.request_log import Filter, NewEntry
from store.schema import old_partitions
from store.schema import partitions as parts
from tests.databases import new_database
from tests.segments import new_contact
from tests.store.builders import flush, launched, new_account, new_gateway


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


@pytest.mark.parametrize("table", ["request_log", "contact_events"])
async def test_what_deletes_by_a_place_in_one_partition_is_refused(pool: Pool, table: str):
    """As the release before 0122 did."""
    async with pool.connection() as conn:
        with pytest.raises(FeatureNotSupported):
            await conn.execute(
                f"""delete from {table} where ctid = any(array(
                                   select ctid from {table} where account_id = 1 limit 2000))""".encode()
            )


def event(contact: str, months: int, source: UUID | None = None) -> ContactEvent:
    """What happened in the middle of a month."""
    at = parts.month_at(datetime.now(UTC), months) + timedelta(days=14)
    return ContactEvent(UUID(contact), "order.paid", at, source or uuid4())


async def happened(pool: Pool, account: int, contact: str) -> list[UUID]:
    found = await recording.story(pool, account, UUID(contact), None, None, 100)
    return [each.source for each in found]


async def test_each_month_of_what_happened_to_contacts_has_a_partition_that_is_dropped(fresh_pool: Pool, later):
    account = await new_account(fresh_pool)
    contact = await new_contact(fresh_pool, account)
    events = [event(contact, months) for months in (-2, 0, 1, 2, 40)]
    assert len(await recording.add(fresh_pool, account, events)) == 5
    months = [f"contact_events_{parts.month_at(datetime.now(UTC), n):%Y_%m}" for n in (1, 2)]
    async with fresh_pool.connection() as conn:
        first = "contact_events_first"
        assert await lie_in(conn, "contact_events") == [first, first, *months, "contact_events_other"]
        later["by"] = parts.month_at(datetime.now(UTC), 4) - datetime.now(UTC) + timedelta(hours=1)
        assert await old_partitions.drop_days(conn, "contact_events", 90) == [first]
        assert await old_partitions.drop_days(conn, "contact_events", 40) == [months[0]]
    assert await happened(fresh_pool, account, contact) == [events[4].source, events[3].source]


async def test_of_a_source_there_is_one_event_whatever_its_month(fresh_pool: Pool):
    account = await new_account(fresh_pool)
    contact = await new_contact(fresh_pool, account)
    source = uuid4()
    new = [await recording.add(fresh_pool, account, [event(contact, n, source)]) for n in (0, 0, 1, 30, 1)]
    assert new == [{source}, set(), set(), set(), set()]
    assert await happened(fresh_pool, account, contact) == [source]


async def test_a_message_that_is_sent_again_in_another_month_is_recorded_once(fresh_pool: Pool):
    gateway = await new_gateway(fresh_pool)
    page = await launched(fresh_pool, gateway, 1)
    contact = await new_contact(fresh_pool, page.account_id, email=None, phone=page.recipients[0])
    note = "select note_sent(%s, %s, %s, %s)"
    uids = [UUID(int=page.uids[0].int - (70 * 86_400_000 << 80))]  # accepted 70 days ago
    given = ([page.account_id], uids, ["sms"], page.recipients)
    await flush(fresh_pool, page, "refused")
    async with fresh_pool.connection() as conn:
        await conn.execute(note, given)
        await conn.execute("update contact_events set at = at + interval '2 months'")
        await conn.execute(note, given)
    assert len(await happened(fresh_pool, page.account_id, contact)) == 1


async def test_what_happened_is_removed_with_the_contact_and_with_the_account_in_every_month(fresh_pool: Pool):
    account, other = await new_account(fresh_pool), await new_account(fresh_pool)
    contacts = [await new_contact(fresh_pool, of) for of in (account, account, other)]
    for months in (0, 1):  # rows in the same place of two partitions
        for contact in contacts[:: 1 - 2 * months]:
            owner = other if contact == contacts[2] else account
            assert len(await recording.add(fresh_pool, owner, [event(contact, months)])) == 1
    async with fresh_pool.connection() as conn:
        await conn.execute("delete from contacts where id = %s", (UUID(contacts[0]),))
    assert [len(await happened(fresh_pool, account, contact)) for contact in contacts[:2]] == [0, 2]
    assert await purging.do_step(fresh_pool, "contact_events", account) == 2
    assert len(await happened(fresh_pool, other, contacts[2])) == 2


async def test_a_month_of_events_is_dropped_without_a_lock_of_contacts(fresh_pool: Pool, later):
    later["by"] = timedelta(days=130)
    account = await new_account(fresh_pool)
    contact = await new_contact(fresh_pool, account)
    async with fresh_pool.connection() as conn, fresh_pool.connection() as other, other.transaction():
        await other.execute("update contacts set first_name = 'A' where id = %s", (UUID(contact),))
        assert await old_partitions.drop_days(conn, "contact_events", 90)


async def test_events_since_a_moment_are_read_in_its_month_and_those_after(fresh_pool: Pool):
    since = parts.month_at(datetime.now(UTC), 1)
    query = """select from contact_events where account_id = %s and contact_id = %s and name = any(%s) and at >= %s
               order by at, source limit 10"""
    async with fresh_pool.connection() as conn:
        plan = await conn.execute(f"explain (analyze, costs off) {query}".encode(), (1, uuid4(), ["a"], since))
        lines = [line for (line,) in await plan.fetchall()]
    assert [line for line in lines if "Seq Scan" in line] == []
    read = {word for line in lines if "never executed" not in line for word in line.split() if "events_" in word}
    assert not any("contact_events_first" in word for word in read), lines


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


async def test_what_was_known_of_contacts_before_stays_where_it_was(engine: Engine):
    url = await new_database(engine.database_url)
    await migrate(url, [file for file in migrations() if file[0] < "0120"])
    insert = """insert into contact_events (account_id, contact_id, name, at, source)
                values (%s, %s, 'a', now() + %s * interval '1 day', %s) on conflict do nothing"""
    async with await Connection.to(url, "test") as conn:
        row = await (await conn.execute("insert into accounts (email, name) values ('a', 'A') returning id")).fetchone()
        assert row is not None
        contact, sources = uuid4(), [uuid4() for _ in range(3)]
        await conn.execute("insert into contacts (id, account_id, email) values (%s, %s, 'a')", (contact, row[0]))
        for days, source in zip((-60, 0, 65), sources, strict=True):
            await conn.execute(insert, (row[0], contact, days, source))
        await migrate(url)
        lies = await lie_in(conn, "contact_events")
        assert (lies[:2], lies[2] > "contact_events_2") == (["contact_events_first"] * 2, True)
        for source in sources:  # as the release before does
            assert (await conn.execute(insert, (row[0], contact, 0, source))).rowcount == (source == sources[2])
        await conn.execute("delete from contacts where id = %s", (contact,))
        assert await lie_in(conn, "contact_events") == []
