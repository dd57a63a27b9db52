"""How fast a file of contacts is imported, beside a bare COPY of the same rows into the same table."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from uuid import UUID, uuid4

from bench.figure import Figure
from bench.install import Install
from bench.load import Spread
from bench.memory import peak_rss_mib
from domain.access.actors import COMMAND_LINE
from domain.access.api_keys import KeyKind
from services.audience.imports.starting import PIECE, Options, begin_import
from services.changes import change
from services.operations.changing import ENDED
from store.accounts import accounts, api_keys
from store.audience.imports import files
from store.operations import operations
from store.operations.operations import Operation
from store.pool import long_transaction

_ROWS = 1_000_000
_PAUSE = 0.05
_READS = 200
_NAMES = ("Anna", "Mehmet", "Zoé", "Oleksandr", "María José", "Li")
_COPIED = """id, account_id, external_id, email, phone, whatsapp, first_name, last_name, language, country, time_zone,
    fields, tags, groups, origins, created_at, updated_at"""


async def measure(install: Install, scale: float) -> list[Figure]:
    """Rows a second from the first slice to the last; the memory of the worker and of its reading process."""
    rows = max(10_000, int(_ROWS * scale))
    account, other = await _account(install), await _account(install)
    key = (await api_keys.create(install.pool, KeyKind.USER, other)).text
    alone = await _reads(install, key, asyncio.Event())
    operation, reads, peak = await _imported(install, account, rows, key)
    assert operation.result is not None
    assert operation.result["counts"]["new"] == rows, operation
    assert operation.started_at is not None
    assert operation.finished_at is not None
    rate = rows / _seconds(operation.started_at, operation.finished_at)
    copied = rows / await _copy(install, account, other)
    return [
        Figure(
            f"import of {rows:,} contacts",
            rate,
            "rows/s",
            "The table's indexes, looking each row up by its addresses, and reading numbers in Python beside that.",
            copied,
            "COPY of the same rows into the same table",
            at_least=0.5,
        ),
        Figure(
            "memory of the import, the largest process",
            peak,
            "MiB",
            "Blocks of 10,000 rows on their way from the reading process to COPY.",
            at_most=200,
        ),
        Figure(
            "p95 of a read over HTTP during the import",
            reads.p95_ms,
            "ms",
            "The cores, which the import shares with the API.",
            alone.p95_ms,
            "the same without the import",
            at_most=2,
        ),
    ]


async def _account(install: Install) -> int:
    return (await accounts.create(install.pool, f"{uuid4().hex}@example.com", "Bench", None, uuid4())).id


async def _imported(install: Install, account: int, rows: int, key: str) -> tuple[Operation, Spread, float]:
    file_id, ended = uuid4(), asyncio.Event()
    await files.add(install.pool, file_id, account)
    for number, piece in enumerate(_pieces(rows)):
        await files.add_piece(install.pool, file_id, number, piece)
    async with change(install.pool, COMMAND_LINE, "contacts.imported") as made:
        begun = await begin_import(
            made, account, file_id, Options(default_country="DE", tags=["bench"]), None, only_count=False
        )
    reads = asyncio.create_task(_reads(install, key, ended))
    operation, peak = await _ended(install, begun.id)
    ended.set()
    return operation, await reads, peak


def _pieces(rows: int) -> Iterator[bytes]:
    held = bytearray(b"E-Mail;Mobile;First name;Last name;Country;Customer ID;Shoe size\r\n")
    for number in range(rows):
        name = _NAMES[number % len(_NAMES)]
        held += (
            f"user{number}@example{number % 97}.com;0151 {number + 10_000_000};{name};Muster {number % 5000};"
            f"DE;{number};42\r\n"
        ).encode()
        if len(held) >= PIECE:
            yield bytes(held)
            held.clear()
    yield bytes(held)


async def _ended(install: Install, operation_id: UUID) -> tuple[Operation, float]:
    """The operation, and the most memory that the worker or a process of its own had, in MiB."""
    peak = 0.0
    while True:
        await asyncio.sleep(_PAUSE)
        with suppress(ProcessLookupError):
            peak = max(peak, peak_rss_mib(install.pids["bulk worker"]))
        found = await operations.find(install.pool, operation_id)
        assert found is not None
        if found.state in ENDED:
            return found, peak


async def _reads(install: Install, key: str, until: asyncio.Event) -> Spread:
    """Some reads, one after the other, or as many as there are until something has ended."""
    times: list[float] = []
    while len(times) < _READS or not (until.is_set() or len(times) == _READS):
        begun = time.perf_counter()
        async with install.http.get("/api/credits", headers={"Api-key": key}) as answer:
            await answer.read()
        times.append(time.perf_counter() - begun)
        await asyncio.sleep(_PAUSE)
    return Spread.of(times)


async def _copy(install: Install, account: int, other: int) -> float:
    """Seconds that COPY takes for an account's contacts, as those of another account; into an empty table, as they were
    imported."""
    async with long_transaction(install.pool) as conn:
        columns = _COPIED.replace("id, account_id", f"gen_random_uuid(), {other}", 1)
        query = f"copy (select {columns} from contacts where account_id = {account} order by id) to stdout"
        async with conn.cursor().copy(query.encode()) as copy:
            lines = [bytes(line) async for line in copy]
        await conn.execute("truncate contacts cascade")
    begun = time.perf_counter()
    taken = f"copy contacts ({_COPIED}) from stdin".encode()
    async with long_transaction(install.pool) as conn, conn.cursor().copy(taken) as copy:
        for start in range(0, len(lines), 1000):
            await copy.write(b"".join(lines[start : start + 1000]))
    return time.perf_counter() - begun


def _seconds(begun: datetime, ended: datetime) -> float:
    return (ended - begun).total_seconds()
