"""``python -m bench.statements``: what the statements of a page cost with few and with many partitions.

With the pool's plans (docs/decisions/0019), and with those that PostgreSQL would choose.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path
from statistics import median
from typing import TypeVar
from urllib.parse import quote
from uuid import uuid4

from rich.console import Console
from rich.table import Table

from domain.channels import Channel
from domain.ids import message_uid, new_page_id
from embedded.engine import Engine
from store.accounts import accounts, credits
from store.connection import Connection
from store.messages import attempts, messages, pages
from store.messages.attempts import Attempted
from store.messages.pages import PageRows
from store.migrate import migrate
from store.pool import Pool, open_pool
from store.schema import partitions

_USUAL = "?options=" + quote(
    "-c plan_cache_mode=auto -c enable_seqscan=on -c enable_hashjoin=on -c enable_mergejoin=on"
)
"""Reverts the pool's planner settings."""

_T = TypeVar("_T")


class _Timed:
    """Milliseconds of each kind of statement, as often as it was run."""

    def __init__(self) -> None:
        self.taken: dict[str, list[float]] = {}

    async def run(self, name: str, work: Awaitable[_T]) -> _T:
        begun = time.perf_counter()
        result = await work
        self.taken.setdefault(name, []).append((time.perf_counter() - begun) * 1000)
        return result


async def _measure(pool: Pool, size: int, times: int) -> dict[str, float]:
    """Send pages of ``size`` messages; the median of each statement."""
    account = await accounts.create(pool, f"{uuid4().hex}@example.com", "Bench", None, uuid4())
    await credits.top_up(pool, account.id, Channel.SMS, 10**9, "bench", uuid4())
    timed, gateway = _Timed(), uuid4()
    for _ in range(times):
        page_id = new_page_id()
        uids = [message_uid(page_id, place) for place in range(size)]
        recipients = [f"+1202555{place:04}" for place in range(size)]
        rows = PageRows(account.id, "sms", uids, recipients, [1] * size, [None] * size, [None] * size)
        await timed.run("hold", pages.hold(pool, rows))
        await timed.run("intents", attempts.write_intents(pool, uids, 1, gateway, uuid4()))
        done = [Attempted(uid, 1, "accepted") for uid in uids]
        await timed.run("outcomes", attempts.flush_outcomes(pool, done))
        await timed.run("settle", pages.settle(pool, uids[0], uids[-1]))
        await timed.run("status", messages.find_any(pool, uids[0]))
    return {name: median(taken) for name, taken in timed.taken.items()}


async def _add_months(url: str, months: int) -> None:
    async with await Connection.to(url, "bench") as conn:
        for table in partitions.MONTHLY:
            for _ in range(months):
                await partitions.make_next(conn, table)


async def _run(months: int, times: int) -> Table:
    table = Table(title="milliseconds, median")
    for column in ("partitions", "plans", "messages", "hold", "intents", "outcomes", "settle", "status", "all"):
        table.add_column(column, justify="right")
    with tempfile.TemporaryDirectory(prefix="xsender-statements-") as folder:
        async with Engine(Path(folder), durable=False) as engine:
            await migrate(engine.database_url)
            for more in (0, months):
                await _add_months(engine.database_url, more)
                for plans, options in (("ours", ""), ("PostgreSQL's", _USUAL)):
                    for size, often in ((1, times), (500, max(1, times // 20))):
                        pool = await open_pool(engine.database_url + options, 1, "bench")
                        found = await _measure(pool, size, often)
                        await pool.close()
                        cells = [f"{ms:.2f}" for ms in (*found.values(), sum(found.values()))]
                        table.add_row(str(partitions.AHEAD + 2 + more), plans, str(size), *cells)
    return table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench.statements", description=__doc__)
    parser.add_argument("--months", type=int, default=12, help="how many more partitions each table gets")
    parser.add_argument("--times", type=int, default=300, help="how many pages")
    arguments = parser.parse_args()
    Console(width=120).print(asyncio.run(_run(arguments.months, arguments.times)))


if __name__ == "__main__":
    main()
