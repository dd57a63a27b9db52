"""``python -m bench.sizing``: what a message leaves behind, for docs/scale.md.

Messages go to a sink that answers at once, over a gateway without a rate; nobody asks for callbacks.
"""

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.install import Install, running_install
from bench.processes import CpuMeter
from bench.record import until_settled
from bench.sink import LATE
from bench.sizing.runs import Left, Runs
from bench.sizing.tables import sizes
from bench.steps.batch import run_batch
from bench.steps.end_to_end import run_sends
from bench.steps.receipts import new_provider
from bench.tenant import Way, contact, new_tenant

_LATER = timedelta(seconds=3)
_CONNECTIONS = 64

Load = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Behind:
    """What one load left behind."""

    messages: int
    temporal: Left
    tables: Mapping[str, tuple[int, int]]
    """Bytes of rows and of indexes by which each table has grown."""
    log: int
    """Bytes of PostgreSQL's write-ahead log."""

    def for_each(self, amount: float) -> float:
        """An amount for one message."""
        return amount / self.messages


async def _measure(scale: float) -> dict[str, Behind]:
    async with running_install() as install:
        runs = Runs(install.temporal)
        found = {}
        for title, (messages, load) in (await _loads(install, scale)).items():
            await runs.new()
            before = await sizes(install.pool)
            await load()
            left, after = await runs.new(), await sizes(install.pool)
            found[title] = Behind(messages, left, after.grown_since(before), after.log - before.log)
    return found


async def _loads(install: Install, scale: float) -> dict[str, tuple[int, Load]]:
    """Titles, numbers of messages, and what sends them."""
    many, sends, posts = (max(1000, int(count * scale)) for count in (20_000, 5_000, 2_000))
    provider = await new_provider(install)
    reports = await provider.reports(posts)
    meter = partial(CpuMeter, install.pids)
    return {
        "one message": (1, partial(_send, install, 1)),
        "one message, answered after a second": (1, partial(_send, install, 1, Way(path=LATE))),
        "one message, 3 s later": (1, partial(_send, install, 1, later=_LATER)),
        "a request of 500": (500, partial(_send, install, 500)),
        "a batch of 1,000": (1000, lambda: run_batch(install, 1000, meter(), [])),
        f"a batch of {many:,}": (many, lambda: run_batch(install, many, meter(), [])),
        f"{sends:,} requests of one, {_CONNECTIONS} connections": (
            sends,
            lambda: run_sends(install, _CONNECTIONS, sends, meter(), []),
        ),
        f"{posts:,} receipts, a post each, {_CONNECTIONS} connections": (posts, partial(provider.report, reports)),
    }


async def _send(install: Install, count: int, way: Way | None = None, later: timedelta | None = None) -> None:
    tenant = await new_tenant(install, way or Way())
    more = {"schedule_at": (datetime.now(UTC) + later).isoformat()} if later else {}
    await tenant.send([contact(**more) for _ in range(count)])
    await until_settled(tenant, count)


def _of_temporal(found: Mapping[str, Behind]) -> Table:
    table = Table(title="in Temporal")
    for column in ("", "workflows", "actions", "for each message", "of what", "events", "history", "transitions"):
        table.add_column(column)
    for title, one in found.items():
        left, actions = one.temporal, sum(one.temporal.actions.values())
        table.add_row(
            title,
            ", ".join(f"{count} {name.removesuffix('Workflow')}" for name, count in left.workflows.items()),
            f"{actions:,}",
            f"{one.for_each(actions):.3g}",
            ", ".join(f"{count} {name}" for name, count in sorted(left.actions.items(), key=lambda item: -item[1])),
            f"{one.for_each(left.events):.3g}",
            f"{one.for_each(left.bytes):,.0f} B",
            f"{one.for_each(left.transitions):.3g}",
        )
    return table


def _of_postgres(found: Mapping[str, Behind]) -> Table:
    table = Table(title="in PostgreSQL, bytes for each message")
    for column in ("", "rows", "indexes", "both", "write-ahead log", "of what"):
        table.add_column(column)
    for title, one in found.items():
        if one.messages < 1000:
            continue  # a table grows by whole pages of 8 KiB
        rows, indexes = (sum(by[part] for by in one.tables.values()) for part in (0, 1))
        large = {name: one.for_each(sum(by)) for name, by in one.tables.items() if one.for_each(sum(by)) >= 5}
        table.add_row(
            title,
            *(f"{one.for_each(amount):,.0f}" for amount in (rows, indexes, rows + indexes, one.log)),
            ", ".join(f"{name} {amount:.0f}" for name, amount in large.items()),
        )
    return table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench.sizing", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="size of the larger loads")
    parser.add_argument("--json", action="store_true", help="print one JSON value in place of tables")
    options = parser.parse_args()
    found = asyncio.run(_measure(options.scale))
    if options.json:
        values: dict[str, Any] = {title: asdict(one) for title, one in found.items()}
        print(json.dumps(values))
        return
    console = Console(width=200)
    console.print(_of_temporal(found))
    console.print(_of_postgres(found))


if __name__ == "__main__":
    main()
