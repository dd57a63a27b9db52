"""``make bench``: every figure beside its floor, in one run on one machine, as a table and as JSON."""

import argparse
import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import figures
from bench.figures import Figure
from bench.install import running_install

STEPS = ("idle", "accept", "end to end", "pages", "status", "memory")


async def _measure(scale: float, only: list[str]) -> list[Figure]:
    console = Console(stderr=True)
    async with running_install() as install:
        steps: dict[str, Callable[[], Awaitable[list[Figure]]]] = {
            "idle": lambda: figures.idle(install, 10),
            "accept": lambda: figures.accepting(install, int(400 * scale)),
            "end to end": lambda: figures.end_to_end(install, int(300 * scale)),
            "pages": lambda: figures.pages(install, max(2, int(10 * scale))),
            "status": lambda: figures.reading_status(install, int(200 * scale)),
            "memory": lambda: figures.memory(install),
        }
        measured: list[Figure] = []
        for title in only or STEPS:
            console.print(f"measuring {title} … (load {os.getloadavg()[0]:.1f})")
            measured += await steps[title]()
    return measured


def _table(measured: list[Figure]) -> Table:
    table = Table(title="xsender beside its floors (ratios count; absolute figures are this machine's, now)")
    for column in ("figure", "measured", "floor", "unit", "ratio", "promised", "holds"):
        table.add_column(column, justify="left" if column in ("figure", "unit") else "right")
    for f in measured:
        promised = (
            f"≥ {f.at_least:g}" if f.at_least is not None else f"≤ {f.at_most:g}" if f.at_most is not None else ""
        )
        table.add_row(
            f.name,
            f"{f.figure:,.2f}",
            f"{f.floor:,.2f}" if f.floor else "",
            f.unit,
            f"{f.ratio:.2f}" if f.ratio else "",
            promised,
            {True: "yes", False: "NO", None: ""}[f.holds],
        )
    return table


def main() -> None:
    """Measure, print, and exit with 1 if a promise is not kept."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="size of the runs; below 1 is quicker and less sure")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--only", action="append", choices=STEPS, default=[], help="measure only this (repeatable)")
    options = parser.parse_args()
    measured = asyncio.run(_measure(options.scale, options.only))
    result = {
        "load_average": os.getloadavg(),
        "cores": os.cpu_count(),
        "figures": [asdict(f) | {"holds": f.holds} for f in measured],
    }
    Console(width=140).print(_table(measured))
    print(json.dumps(result))
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")
    raise SystemExit(any(f.holds is False for f in measured))


if __name__ == "__main__":
    main()
