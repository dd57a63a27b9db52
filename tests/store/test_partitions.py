"""Partitions: made ahead of their month, dropped when they are old, and alone in being read."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.errors import LockNotAvailable

from domain.access.api_keys import KeyKind
from domain.ids import new_page_id, page_of
from embedded.engine import Engine
from store.accounts import api_keys
from store.batches import queries
from store.connection import Connection
from store.messages import attempts, messages, own_messages, pages
from store.messages.attempts import Attempted
from store.migrate import MigrationError, migrate, migrations
from store.pool import Pool
from store.schema import old_partitions
from store.schema import partitions as parts
from tests.databases import new_database
from tests.store.builders import apply_all, hold_page, new_account, new_batch, new_page, receipt

Later = dict[str, int]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Moves the database's clock, as partitions see it, by so many ``months``."""
    moved = {"months": 0}
    now = parts.database_now

    async def then(conn: Connection) -> datetime:
        return parts.month_at(await now(conn), moved["months"])

    monkeypatch.setattr(parts, "database_now", then)
    return moved


def in_months(months: int) -> datetime:
    return parts.month_at(datetime.now(UTC), months)


async def ends(conn: Connection) -> dict[str, list[datetime]]:
    found: dict[str, list[datetime]] = {}
    for partition in await parts.partitions(conn):
        found.setdefault(partition.table, []).append(partition.ends)
    return found


def monthly(made: list[str]) -> list[str]:
    """Those of the tables with a partition for each month."""
    return [name for name in made if not name.startswith(parts.DAILY)]


async def where(conn: Connection, uid: UUID) -> str | None:
    row = await (await conn.execute("select tableoid::regclass::text from messages where uid = %s", (uid,))).fetchone()
    return row and row[0]


async def put(conn: Connection, at: datetime, state: str = "sent", credit: str = "captured") -> UUID:
    """A message that was accepted at this time."""
    uid = new_page_id(int(at.timestamp() * 1000))
    await conn.execute(
        """insert into messages (uid, account_id, channel, recipient, state, price, credit)
           values (%s, 1, 'sms', '+12025550100', %s, 1, %s)""",
        (uid, state, credit),
    )
    await conn.execute(
        "insert into attempts (uid, attempt, gateway_id, run_id) values (%s, 1, %s, %s)", (uid, uid, uid)
    )
    return uid


async def test_an_install_begins_with_this_month_and_three_ahead(one: Pool):
    async with one.connection() as conn:
        found = await ends(conn)
        for table in parts.MONTHLY:
            assert found.pop(table) == [in_months(months) for months in range(1, 5)]
        today = parts.day_at(await parts.database_now(conn), 0)
        assert set(found) == {"request_log"}
        assert [end - today for end in found["request_log"][-5:]] == [timedelta(days=n) for n in range(2, 7)]
        assert await parts.ahead(conn) == parts.Ahead(3, 5)
        assert await parts.make_ahead(conn) == []


async def test_what_an_install_held_before_stays_where_it_was(engine: Engine):
    url = await new_database(engine.database_url)
    await migrate(url, [file for file in migrations() if file[0] < "0027"])
    async with await Connection.to(url, "test") as conn:
        held = [await put(conn, in_months(months)) for months in (-30, 0)]
        of_a_wrong_clock = [await put(conn, in_months(months)) for months in (2, 9)]
        await migrate(url)
        assert [await where(conn, uid) for uid in held] == ["messages_first"] * 2
        expected = [f"messages_{in_months(2):%Y_%m}", "messages_other"]
        assert [await where(conn, uid) for uid in of_a_wrong_clock] == expected
        tries = await (await conn.execute("select uid from attempts order by uid")).fetchall()
        assert [uid for (uid,) in tries] == [*held, *of_a_wrong_clock]
        bounds = "select conname from pg_constraint where conname in ('messages_end', 'attempts_end', 'receipts_end')"
        assert (await conn.execute(bounds)).rowcount == 0


async def test_each_month_gets_its_partition_before_it_begins(one: Pool, later: Later):
    async with one.connection() as conn:
        later["months"] = 1
        assert (await parts.ahead(conn)).months == 2
        made = await parts.make_ahead(conn)
        assert monthly(made) == [f"{table}_{in_months(4):%Y_%m}" for table in parts.MONTHLY]
        assert (await parts.ahead(conn)).months == 3
        for months in range(5):
            uid = await put(conn, in_months(months) + timedelta(days=9))
            expected = "messages_first" if months == 0 else f"messages_{in_months(months):%Y_%m}"
            assert await where(conn, uid) == expected


async def test_months_in_which_nobody_made_any_are_made_up_for(one: Pool, later: Later):
    async with one.connection() as conn:
        early = await put(conn, in_months(6) + timedelta(days=2))
        assert await where(conn, early) == "messages_other"
        later["months"] = 6
        assert len(monthly(await parts.make_ahead(conn))) == len(parts.MONTHLY) * 6
        assert await where(conn, early) == f"messages_{in_months(6):%Y_%m}"
        assert (await parts.ahead(conn)).months == 3


async def test_a_clock_that_is_years_ahead_makes_a_year_of_them_at_a_time(one: Pool, later: Later):
    later["months"] = 120
    async with one.connection() as conn:
        assert len(monthly(await parts.make_ahead(conn))) == len(parts.MONTHLY) * 12
        assert (await parts.ahead(conn)).months == 0


async def test_none_is_made_while_that_would_hold_up_others(one: Pool, later: Later, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parts, "LOCKED_WITHIN", 0.0)
    later["months"] = 1
    async with one.connection() as conn, await psycopg.AsyncConnection.connect(one.conninfo) as other:
        await other.execute("select from messages_other for update")
        with pytest.raises(LockNotAvailable):
            await parts.make_ahead(conn)
        await other.rollback()
        assert len(monthly(await parts.make_ahead(conn))) == len(parts.MONTHLY)


async def test_what_is_old_is_dropped_but_for_what_has_no_end(one: Pool, later: Later):
    account = await new_account(one)
    async with one.connection() as conn:
        ended = await put(conn, in_months(0))
        waiting = await put(conn, in_months(1), "scheduled", "held")
        young = await put(conn, in_months(2))
        await conn.execute(
            """insert into batches (id, account_id, channel, lane, total, streams, state, finished_at)
               values (%s, %s, 'sms', 'bulk', 1, '[]', 'completed', now())""",
            (page_of(ended), account),
        )
        later["months"] = 3
        assert await old_partitions.drop_messages(conn, 3) == []
        assert await old_partitions.drop_messages(conn, 2) == [f"{table}_first" for table in sorted(parts.OF_MESSAGES)]
        later["months"] = 4
        assert await old_partitions.drop_messages(conn, 2) == []
        assert [await where(conn, uid) is None for uid in (ended, waiting, young)] == [True, False, False]
        left = await conn.execute("select uid from attempts order by uid")
        assert await left.fetchall() == [(waiting,), (young,)]
        assert (await conn.execute("select from batches")).rowcount == 0

        await conn.execute("update messages set state = 'sent', credit = 'captured'")
        assert len(await old_partitions.drop_messages(conn, 2)) == len(parts.OF_MESSAGES)
        assert [await where(conn, uid) is None for uid in (waiting, young)] == [True, False]


async def scans(pool: Pool) -> Counter[str]:
    """How often each partition was looked into, by a key (its name) or from end to end (its name and ``!``)."""
    async with pool.connection() as conn:
        await conn.execute("select pg_stat_force_next_flush()")
        rows = await conn.execute(
            """select relname, coalesce(idx_scan, 0), coalesce(seq_scan, 0) from pg_stat_user_tables
               where relname ~ '^(messages|attempts|receipts)_'"""
        )
        found: Counter[str] = Counter()
        for name, by_key, whole in await rows.fetchall():
            found[name] += by_key
            found[f"{name}!"] += whole
        return found


class Life:
    """A page of three messages and a batch of as many, and all that is done with them."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.gateway = uuid4()

    async def begin(self) -> None:
        self.account = await new_account(self.pool, 100)
        self.key = (await api_keys.create(self.pool, KeyKind.USER, self.account)).id
        self.page = new_page(self.account, [1] * 3)
        self.batch = await new_batch(self.pool, 100, 3)

    async def accept(self) -> None:
        await pages.hold(self.pool, self.page)
        await hold_page(self.pool, self.batch)

    async def intend(self) -> None:
        await attempts.write_intents(self.pool, self.page.uids, 1, self.gateway, uuid4())

    async def record(self) -> None:
        done = [Attempted(uid, 1, "accepted", f"id-{uid}", receipts=True) for uid in self.page.uids]
        await attempts.flush_outcomes(self.pool, done)
        await pages.settle(self.pool, self.page.uids[0], self.page.uids[-1])

    async def receive(self) -> None:
        told = [receipt("delivered", uid=str(uid)) for uid in self.page.uids[:2]]
        told.append(receipt("delivered", provider_id=f"id-{self.page.uids[2]}"))
        assert len((await apply_all(self.pool, [self.gateway], told)).new) == 3

    async def answer(self) -> None:
        found = await messages.find(self.pool, self.account, "sms", self.page.uids[0])
        assert found is not None
        assert (found.state, len(found.attempts), len(found.reported)) == ("delivered", 1, 1)

    async def answer_its_key(self) -> None:
        wanted = [(self.key, "sms", uid) for uid in self.page.uids]
        for of_one in (wanted[:1], wanted):
            found = await own_messages.find_own(self.pool, of_one)
            assert [message and message.state for _, message in found.values()] == ["delivered"] * len(of_one)

    async def list_batch(self) -> None:
        assert len(await queries.messages(self.pool, self.batch.id, None, None, 100)) == 3
        assert await queries.find(self.pool, self.batch.id, self.batch.account_id) is not None


async def test_what_is_done_with_a_message_reads_its_partition_alone_and_by_keys(one: Pool):
    """Whatever the statistics say: the plans are made while all tables are empty."""
    life = Life(one)
    await life.begin()
    for step in (
        life.accept,
        life.intend,
        life.record,
        life.receive,
        life.answer,
        life.answer_its_key,
        life.list_batch,
    ):
        before = await scans(one)
        await step()
        looked = {name for name, count in (await scans(one) - before).items() if count}
        if step == life.intend:  # which message it may stand in for: an index of those alone, in every partition
            looked = {name for name in looked if not name.startswith("messages_20") and name != "messages_other"}
        assert looked <= {"messages_first", "attempts_first", "receipts_first"}, step.__name__
        assert looked, step.__name__


@pytest.mark.parametrize("query", ["message", "status", "statuses", "batch", "receipts"])
async def test_their_plans_use_indexes(one: Pool, query: str):
    uid = new_page_id()
    asked = {
        "message": (messages._FIND.format(uid="%(uid)s", whose=""), {"uid": uid}),
        "status": (own_messages._FIND_ONE, {"id": "x", "uid": uid}),
        "statuses": (own_messages._FIND_MANY, {"ids": ["x", "x"], "uids": [uid, uid]}),
        "batch": (queries._MESSAGES, {"first": uid, "last": uid, "after": uid, "state": None, "limit": 10}),
        "receipts": (
            """select from find_receipts(%(gateways)s::uuid[], %(uids)s::uuid[], %(ids)s::text[])
               join messages using (uid)""",
            {"gateways": [uid], "uids": [uid], "ids": ["x"]},
        ),
    }
    text, arguments = asked[query]
    async with one.connection() as conn:
        plan = await conn.execute(f"explain (analyze, costs off, timing off) {text}".encode(), arguments)
        lines = [line for (line,) in await plan.fetchall()]
    assert [line for line in lines if "Seq Scan" in line] == []
    read = [line for line in lines if " on messages_20" in line or " on attempts_20" in line]
    assert [line for line in read if "never executed" not in line] == [], "partitions of other months"


async def test_a_migration_says_who_keeps_it_from_making_partitions(
    one: Pool, later: Later, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(parts, "LOCKED_WITHIN", 0.0)
    later["months"] = 1
    async with await psycopg.AsyncConnection.connect(one.conninfo, application_name="the-report") as report:
        await report.execute("select from messages_other for update")
        with pytest.raises(MigrationError, match=r"partitions: a lock could not be had in time.*the-report"):
            await migrate(one.conninfo)
        await report.rollback()
    await migrate(one.conninfo)
