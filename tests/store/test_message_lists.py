"""Lists of messages: each filter and each pair find what they should, page by page, however few rows a page reads."""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import combinations
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from domain.ids import batch_page_id, message_uid, minted_at, new_batch_id, new_page_id, page_of
from domain.messages.statuses import State
from embedded.engine import Engine
from store.connection import Connection
from store.messages.search import walks
from store.messages.search.failures import causes
from store.messages.search.filters import FAILURES, Filter
from store.pool import Pool, open_pool
from tests.databases import new_install

Row = dict[str, Any]
GATEWAYS = [uuid4() for _ in range(3)]
NOW = time.time()
DAY = 86_400.0


def at(days: float) -> datetime:
    return datetime.fromtimestamp(NOW - days * DAY, UTC)


def made() -> list[Row]:
    """Messages of pages and of a batch in 50 days, in all states."""
    chance = random.Random(13)
    batch = new_batch_id(int((NOW - 9 * DAY) * 1000))
    pages = [new_page_id(int((NOW - chance.random() * 50 * DAY) * 1000)) for _ in range(150)]
    uids = [message_uid(page, index) for page in pages for index in range(chance.choice((1, 1, 3)))]
    uids += [message_uid(batch_page_id(batch, number), index) for number in (1, 2, 3) for index in range(20)]
    rows = []
    for uid in uids:
        state = chance.choice(list(State))
        rows.append(
            {
                "uid": uid,
                "account_id": 3 if uid in uids[-60:] else chance.choice((0, 1, 2)),
                "channel": chance.choice(("sms", "email")),
                "recipient": f"+1202555010{chance.randrange(10)}",
                "state": state.value,
                "code": chance.choice(("a", "b")) if state in FAILURES else None,
                "gateway_id": chance.choice((*GATEWAYS, None)),
                "test": chance.random() < 0.3,
                "automation": None,
                "step": None,
                "lead_source": None,
            }
        )
    for row in chance.sample(rows, 60):
        row |= {"automation": chance.choice(("welcome", "win-back")), "step": chance.choice(("hello", "again"))}
    for row in chance.sample([row for row in rows if row["automation"] is None], 30):
        row["lead_source"] = chance.choice(("fair", "shop"))
    return sorted(rows, key=lambda row: row["uid"], reverse=True)


ROWS = made()
BATCH = UUID(int=max(row["uid"].int for row in ROWS if row["account_id"] == 3) & ~((1 << 26) - 1))

Fits = Callable[[Row], bool]
FILTERS: dict[str, list[tuple[dict[str, Any], Fits]]] = {
    "user": [({"account_id": n}, lambda row, n=n: row["account_id"] == n) for n in (0, 2, 3, 99)],
    "uid": [({"uid": ROWS[7]["uid"]}, lambda row: row is ROWS[7])],
    "recipient": [({"recipient": "+12025550104"}, lambda row: row["recipient"] == "+12025550104")],
    "state": [
        ({"states": [State(name) for name in names]}, lambda row, names=names: row["state"] in names)
        for names in (("failed",), ("unknown", "rejected"), ("queued", "scheduled"), ("sent",), ("sent", "failed"))
    ],
    "gateway": [
        ({"gateways": ids}, lambda row, ids=ids: row["gateway_id"] in ids) for ids in (GATEWAYS[:1], GATEWAYS[:2], [])
    ],
    "code": [({"code": "b"}, lambda row: row["code"] == "b")],
    "channel": [
        ({"channels": names}, lambda row, names=names: row["channel"] in names)
        for names in (["email"], ["sms", "email"])
    ],
    "batch": [({"batch": BATCH}, lambda row: row["account_id"] == 3)],
    "after": [({"after": at(20)}, lambda row: minted_at(row["uid"]) >= NOW - 20 * DAY)],
    "before": [({"before": at(8)}, lambda row: minted_at(row["uid"]) < NOW - 8 * DAY)],
}
ORIGINS: list[tuple[dict[str, Any], Fits]] = [
    ({"automation": "welcome"}, lambda row: row["automation"] == "welcome"),
    ({"step": "again"}, lambda row: row["step"] == "again"),
    ({"lead_source": "fair"}, lambda row: row["lead_source"] == "fair"),
]
CHOSEN = [
    [option for _, option in chosen]
    for size in range(3)
    for chosen in combinations([(name, option) for name, options in FILTERS.items() for option in options], size)
    if len({name for name, _ in chosen}) == size
]
CHOSEN += [[origin] for origin in ORIGINS]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def filled(engine: Engine):
    url = await new_install(engine.database_url)
    pool = await open_pool(url, 1, "test")
    async with pool.connection() as conn:
        for row in ROWS:
            await conn.execute(
                """insert into messages
                       (uid, account_id, channel, recipient, state, code, gateway_id, test, price, credit)
                   values (%(uid)s, %(account_id)s, %(channel)s, %(recipient)s, %(state)s, %(code)s, %(gateway_id)s,
                           %(test)s, 0, 'free')""",
                row,
            )
        await conn.execute("insert into accounts (id, email, name) overriding system value values (3, 'x@y.z', 'X')")
        await conn.execute(
            "insert into batches (id, account_id, channel, lane, total, streams) values (%s, 3, 'sms', 'b', 60, '[]')",
            (BATCH,),
        )
        await _note_origins(conn)
        # The leader of the workers has read all messages that are older than five days.
        await conn.execute("update workflow_checks_mark set uid = uid_at(%s)", (at(5),))
        noted = {page_of(row["uid"]) for row in ROWS if State(row["state"]) in walks.LIVE | {State.UNKNOWN}}
        for page in noted | {BATCH}:
            await conn.execute("insert into workflow_checks (id) values (%s)", (page,))
    yield pool
    await pool.close()


async def _note_origins(conn: Connection) -> None:
    """Which messages automations sent, and which ones answer leads."""
    automations = {key: uuid4() for key in ("welcome", "win-back")}
    sources = {key: uuid4() for key in ("fair", "shop")}
    for key, id_ in automations.items():
        await conn.execute("insert into automations (id, account_id, key, name) values (%s, 3, %s, 'A')", (id_, key))
    for key, id_ in sources.items():
        await conn.execute(
            "insert into lead_sources (id, account_id, key, kind, name) values (%s, 3, %s, 'form', 'S')", (id_, key)
        )
    for row in ROWS:
        if row["automation"] is not None:
            run_id = uuid4()
            await conn.execute(
                """insert into automation_runs (id, automation_id, account_id, contact_id, version, entry_key, trigger,
                                                event, vars, ended_at)
                   values (%s, %s, 3, %s, 1, '', 'event', '{}', '{}', now())""",
                (run_id, automations[row["automation"]], uuid4()),
            )
            await conn.execute(
                "insert into automation_sends (run_id, number, step, at, uid) values (%s, 1, %s, now(), %s)",
                (run_id, row["step"], row["uid"]),
            )
        if row["lead_source"] is not None:
            await conn.execute(
                """insert into leads (id, account_id, source_id, provider_id, digest, via, reply_uid)
                   values (%s, 3, %s, 'p', %s, 'form', %s)""",
                (uuid4(), sources[row["lead_source"]], uuid4().bytes, row["uid"]),
            )


async def all_pages(pool: Pool, wanted: Filter, limit: int) -> list[UUID]:
    """The uids of a list, page by page as a caller reads them."""
    uids: list[UUID] = []
    below: UUID | None = None
    while True:
        found = await walks.page(pool, wanted, below, limit)
        assert len(found.messages) <= limit
        uids += [message.uid for message in found.messages]
        following = found.messages[-1].uid if len(found.messages) == limit else found.stopped
        if following is None:
            return uids
        assert below is None or following < below
        below = following


async def test_every_filter_and_every_pair_find_what_fits_and_nothing_else(
    filled: Pool, monkeypatch: pytest.MonkeyPatch
):
    for most, noted, limit in ((10_000, 1_000, 500), (7, 5, 3)):
        monkeypatch.setattr(walks, "MOST_READ", most)
        monkeypatch.setattr(walks, "_MOST_NOTED", noted)
        for chosen in CHOSEN:
            options = {name: value for option, _ in chosen for name, value in option.items()}
            expected = [row["uid"] for row in ROWS if all(fits(row) for _, fits in chosen)]
            assert await all_pages(filled, Filter(**options), limit) == expected, (options, most)
    assert len(CHOSEN) > 150


async def test_a_page_reads_a_bounded_number_of_rows(filled: Pool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(walks, "MOST_READ", 5)
    found = await walks.page(filled, Filter(gateways=[uuid4()]), None, 50)
    assert (found.messages, found.stopped) == ([], ROWS[4]["uid"])


async def test_a_listed_message_tells_its_batch(filled: Pool):
    found = await walks.page(filled, Filter(batch=BATCH), None, 500)
    assert {message.batch for message in found.messages} == {BATCH}
    others = await walks.page(filled, Filter(account_id=1), None, 500)
    assert {message.batch for message in others.messages} == {None}


async def test_failures_by_cause(filled: Pool):
    async with filled.connection() as conn:
        await conn.execute(
            "update failures f set at = to_timestamp(('x' || left(replace(f.uid::text, '-', ''), 12))"
            "::bit(48)::bigint / 1000.0)"
        )
    wanted = Filter(states=[State.FAILED, State.REJECTED], channels=["sms"])
    found = await causes(filled, wanted, at(30), at(10), 1000)
    expected: dict[Any, list[Row]] = {}
    for row in ROWS:
        is_then = NOW - 30 * DAY <= minted_at(row["uid"]) < NOW - 10 * DAY
        if row["state"] in ("failed", "rejected") and row["channel"] == "sms" and is_then:
            cause = (row["gateway_id"], row["code"], row["automation"], row["step"], row["lead_source"])
            expected.setdefault(cause, []).append(row)
    assert {
        (each.gateway_id, each.code, each.automation, each.step, each.lead_source): each.count for each in found.causes
    } == {cause: len(rows) for cause, rows in expected.items()}
    assert {cause[2] for cause in expected} > {None}, "otherwise the test shows less"
    assert {cause[4] for cause in expected} > {None}
    assert {cause.sample for cause in found.causes} == {rows[0]["uid"] for rows in expected.values()}
    assert found.counted_since == at(30)


async def test_test_messages_are_found_alone_by_every_filter(filled: Pool, monkeypatch: pytest.MonkeyPatch):
    for most, limit in ((10_000, 500), (7, 3)):
        monkeypatch.setattr(walks, "MOST_READ", most)
        for chosen in CHOSEN:
            options = {name: value for option, _ in chosen for name, value in option.items()}
            account = options.setdefault("account_id", 2)
            expected = [
                row["uid"]
                for row in ROWS
                if row["test"] and row["account_id"] == account and all(fits(row) for _, fits in chosen)
            ]
            assert await all_pages(filled, Filter(**options, tests=True), limit) == expected, (options, most)


async def test_failures_of_test_messages_are_counted_alone(filled: Pool):
    found = await causes(filled, Filter(account_id=1, states=[State.FAILED], tests=True), at(100), at(-1), 1000)
    expected = [row for row in ROWS if row["account_id"] == 1 and row["state"] == "failed" and row["test"]]
    assert sum(cause.count for cause in found.causes) == len(expected) > 0


async def test_of_very_many_failures_the_latest_are_counted(filled: Pool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("store.messages.search.failures.MOST_COUNTED", 3)
    for wanted in (Filter(), Filter(account_id=1)):
        found = await causes(filled, wanted, at(100), at(-1), 1000)
        assert sum(cause.count for cause in found.causes) == 3
        assert found.counted_since == min(cause.first_at for cause in found.causes)
