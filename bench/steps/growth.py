"""What an install with 10,000,000 messages of many months costs beside a young one, and dropping one of its months."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from psycopg import AsyncConnection, sql

from bench.figure import Figure
from bench.install import Install, running_install
from bench.load import Spread, Work, in_turn, rate
from bench.messages import PastMessages
from bench.processes import CpuMeter
from bench.steps.batch import run_batch
from bench.tenant import Tenant, contact, new_tenant
from domain.access.api_keys import KeyKind
from domain.ids import first_id
from store.accounts import api_keys
from store.connection import Connection
from store.pool import long_transaction
from store.schema.old_partitions import drop_messages
from store.schema.partitions import OF_MESSAGES, month_at, partitions

_SIZES = {"young": (100_000, 20_000), "old": (10_000_000, 40_000), "reads": (2_000, 40), "batch": (50_000, 1000)}
"""Messages of the two installs, reads of a kind, and a batch's: at scale 1, and the least that is of use."""
_WARM_UP = 200
"""Reads of a kind that are not counted."""
_MONTHS = 5
_LISTS = ("/api/messages?channel=sms", "/api/messages?state=failed")
"""Pages are full at both sizes."""
_STAFFS_LISTS = ("messages?limit=50", "messages?state=failed", "messages?recipient=%2B12020000031")


@dataclass(frozen=True)
class _Filled:
    """An install with messages of several months."""

    tenant: Tenant
    staff: str
    """Key of an owner."""
    past: PastMessages
    messages: int

    def reads(self, count: int) -> dict[str, Work]:
        """Each kind of read by what it is called."""
        dice = random.Random(1)
        own = self.messages // self.past.SHARE
        statuses = [f"/api/get/sms/{self.past.uid(dice.randint(1, own))}" for _ in range(count)]
        install, key = self.tenant.install, self.tenant.key
        return {
            "status of a sent message": partial(_get, install, key, statuses),
            "a page of an account's messages": partial(_get, install, key, _LISTS),
            "a page of all messages": partial(
                _get, install, self.staff, [f"/api/admin/v1/{each}" for each in _STAFFS_LISTS]
            ),
        }


async def measure(install: Install, scale: float) -> list[Figure]:
    """The same reads and batches of two installs in turn; then the old one drops a month under load.

    In turn, as minutes later this machine may be twice as fast.
    """
    young_size, old_size, count, batch = (max(least, int(size * scale)) for size, least in _SIZES.values())
    async with running_install() as another:
        young, old = await _filled(another, young_size), await _filled(install, old_size)
        figures = [
            _beside(f"{name}, p95, of {old.messages:,}", *await _read_in_turn(young_read, old_read, count), young)
            for (name, old_read), young_read in zip(old.reads(count).items(), young.reads(count).values(), strict=True)
        ]
        after, before = await in_turn(
            lambda: run_batch(install, batch, CpuMeter({}), []),
            lambda: run_batch(another, batch, CpuMeter({}), []),
            rate,
        )
    return [
        *figures,
        Figure(
            f"batch of {batch:,} beside {old.messages:,} messages",
            after.per_second,
            "messages/s",
            "Indexes of the month that is written.",
            before.per_second,
            f"beside {young.messages:,}",
            at_least=0.9,
        ),
        *await _dropped(old.tenant, old.past),
    ]


async def _filled(install: Install, messages: int) -> _Filled:
    tenant = await new_tenant(install)
    staff = (await api_keys.create(install.pool, KeyKind.ADMIN, 0)).text
    past = PastMessages(tenant.id, int(time.time() * 1000))
    async with long_transaction(install.pool) as conn:
        await begin_earlier(conn)
    await past.fill(install.pool, 0, messages)
    # As the server does by itself after a while, and must not while it is measured.
    async with await AsyncConnection.connect(install.settings.database_url, autocommit=True) as conn:
        await conn.execute("vacuum analyze")
        await conn.execute("checkpoint")
    return _Filled(tenant, staff, past, messages)


async def _read_in_turn(before: Work, after: Work, count: int) -> tuple[Spread, Spread]:
    """One read of the young install, one of the old, and so on, after a warm-up."""
    took: tuple[list[float], list[float]] = ([], [])
    for number in range(-_WARM_UP, count):
        for work, times in zip((before, after), took, strict=True):
            begun = time.perf_counter()
            await work(number)
            times += [time.perf_counter() - begun] if number >= 0 else []
    return Spread.of(took[0]), Spread.of(took[1])


def _beside(name: str, before: Spread, after: Spread, young: _Filled) -> Figure:
    return Figure(
        name,
        after.p95_ms,
        "ms",
        "The indexes of a partition are no deeper than a month's; a list may look into several.",
        before.p95_ms,
        f"of {young.messages:,}",
        at_most=1.2,
    )


async def _get(install: Install, key: str, urls: Sequence[str], number: int) -> None:
    async with install.http.get(urls[number % len(urls)], headers={"Api-key": key}) as answer:
        answer.raise_for_status()
        await answer.read()


async def _dropped(tenant: Tenant, past: PastMessages) -> list[Figure]:
    """How long it takes, alone and beside others; and the slowest of what those do meanwhile."""
    async with _others(tenant, past) as quiet:
        await asyncio.sleep(1)
    async with tenant.install.pool.connection() as conn:
        await drop_messages(conn, 3)  # what is empty
        alone = await _drop(conn, 2)
        async with _others(tenant, past) as meanwhile:
            beside = await _drop(conn, 1)
    return [
        Figure(
            "dropping a month",
            alone,
            "s",
            "Reading its messages for one without an outcome, by three processes; deleting files.",
            at_most=1.0,
        ),
        Figure("the same while others send", beside, "s", "As above, and the cores: others do all they can."),
        Figure(
            "the slowest status or send meanwhile",
            max(meanwhile) * 1000,
            "ms",
            "They wait while the drop waits for its locks, 50 ms at most, and while it has them.",
            max(quiet) * 1000,
            "in a second without a drop",
        ),
    ]


async def _drop(conn: Connection, months: int) -> float:
    begun = time.perf_counter()
    await drop_messages(conn, months)
    return time.perf_counter() - begun


@asynccontextmanager
async def _others(tenant: Tenant, past: PastMessages) -> AsyncIterator[list[float]]:
    """Statuses are read and messages sent, one of each at a time; yields what each took."""
    took: list[float] = []
    ended = asyncio.Event()
    url = f"/api/get/sms/{past.uid(1)}"

    async def again(work: Callable[[], Awaitable[None]]) -> None:
        while not ended.is_set():
            begun = time.perf_counter()
            await work()
            took.append(time.perf_counter() - begun)

    read = partial(_get, tenant.install, tenant.key, [url], 0)
    works = [asyncio.create_task(again(work)) for work in (read, partial(_send, tenant))]
    yield took
    ended.set()
    await asyncio.gather(*works)


async def _send(tenant: Tenant) -> None:
    await tenant.send([contact()])


async def begin_earlier(conn: Connection) -> None:
    """Give past months partitions of their own, as if the install had begun with the first of them."""
    now = datetime.now(UTC)
    begins = [month_at(now, -months) for months in range(_MONTHS, -1, -1)]
    for table in OF_MESSAGES:
        first = next(each for each in await partitions(conn) if each.table == table)
        await conn.execute(_words("alter table {table} detach partition {name}", table, first.name))
        await _attach(conn, table, first.name, None, begins[0])
        for begin, end in zip(begins, [*begins[1:], first.ends], strict=True):
            name = f"{table}_{begin:%Y_%m}"
            await conn.execute(_words("create table {name} (like {table} including all)", table, name))
            await _attach(conn, table, name, begin, end)


async def _attach(conn: Connection, table: str, name: str, begin: datetime | None, end: datetime) -> None:
    statement = "alter table {table} attach partition {name} for values from ({begin}) to ({end})"
    await conn.execute(_words(statement, table, name, begin, end))


def _words(
    statement: str, table: str, name: str, begin: datetime | None = None, end: datetime | None = None
) -> sql.Composed:
    moments = {
        word: sql.Literal(str(first_id(at.timestamp()))) if at else sql.SQL("minvalue")
        for word, at in (("begin", begin), ("end", end))
    }
    return sql.SQL(statement).format(table=sql.Identifier(table), name=sql.Identifier(name), **moments)
