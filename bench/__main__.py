"""``make bench``: every figure beside its floor, in one run on one machine, as a table and as JSON."""

import argparse
import asyncio
import json
import os
import time
from pathlib import Path

from rich.console import Console

from bench import report
from bench.figure import Figure
from bench.install import running_install
from bench.steps import STEPS


async def _measure(scale: float, only: list[str]) -> list[Figure]:
    console = Console(stderr=True)
    measured: list[Figure] = []
    async with running_install() as install:
        for title in only or STEPS:
            console.print(f"measuring {title} … (load {os.getloadavg()[0]:.1f})")
            begun = time.monotonic()
            measured += await STEPS[title](install, scale)
            console.print(f"  took {time.monotonic() - begun:.0f} s")
    return measured


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="size of the runs; below 1 is quicker and less sure")
    parser.add_argument("--only", action="append", choices=STEPS, default=[], help="measure only this (repeatable)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--docs", type=Path, help="also write JSON, chart and table into this folder")
    return parser.parse_args()


def main() -> None:
    """Measure, print, and exit with 1 if a promise is not kept."""
    options = _options()
    load_before = os.getloadavg()[0]
    measured = asyncio.run(_measure(options.scale, options.only))
    result = report.as_json(measured, options.scale, load_before)
    Console(width=180).print(report.table(measured))
    print(json.dumps(result))
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")
    if options.docs:
        report.write_docs(options.docs, measured, result)
    raise SystemExit(any(f.holds is False for f in measured))


if __name__ == "__main__":
    main()
