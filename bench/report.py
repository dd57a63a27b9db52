"""Reports of a run: a table, JSON, and both in ``docs/``."""

import json
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.chart import draw
from bench.figure import Figure

_BEGIN = "<!-- figures -->\n"
_END = "<!-- end of figures -->"


def table(figures: Sequence[Figure]) -> Table:
    """For the terminal."""
    shown = Table(title="xsender beside its floors (ratios count; absolute figures are this machine's, now)")
    for column in ("figure", "measured", "floor", "ratio", "promised", "holds", "bound by"):
        shown.add_column(column, justify="left" if column in ("figure", "bound by") else "right")
    for f in figures:
        floor = "" if f.floor is None else f"{_number(f.floor)}\n[dim]{f.beside}[/]"
        ratio = "" if f.ratio is None else f"{f.ratio:.2f}"
        holds = {True: "[green]yes[/]", False: "[bold red]NO[/]", None: ""}[f.holds]
        shown.add_row(f.name, f"{_number(f.figure)} {f.unit}", floor, ratio, f.promised, holds, f"[dim]{f.bound_by}[/]")
    return shown


def as_json(figures: Sequence[Figure], scale: float, load_before: float) -> dict[str, Any]:
    """Figures, and under what circumstances they were taken."""
    return {
        "date": date.today().isoformat(),
        "cores": os.cpu_count(),
        "scale": scale,
        "load_average": {"before": load_before, "after": os.getloadavg()[0]},
        "figures": [f.as_dict() for f in figures],
    }


def write_docs(folder: Path, figures: Sequence[Figure], result: dict[str, Any]) -> None:
    """Write ``benchmarks.json``, the chart ``benchmarks.svg``, and the table inside ``benchmarks.md``."""
    (folder / "benchmarks.json").write_text(json.dumps(result, indent=1) + "\n")
    (folder / "benchmarks.svg").write_text(draw(result))
    page = folder / "benchmarks.md"
    before, _, rest = page.read_text().partition(_BEGIN)
    page.write_text(before + _BEGIN + markdown(figures, result) + _END + rest.partition(_END)[2])


def markdown(figures: Sequence[Figure], result: dict[str, Any]) -> str:
    """The table for ``docs/benchmarks.md``."""
    load = result["load_average"]
    rows = [
        f"Taken on {result['date']} at scale {result['scale']:g}, {result['cores']} cores, load average "
        f"{load['before']:.1f} before and {load['after']:.1f} after.\n",
        "| figure | measured | floor | ratio | promised | what bounds it |",
        "|---|--:|--:|--:|--:|---|",
    ]
    for f in figures:
        floor = "" if f.floor is None else f"{_number(f.floor)} ({f.beside})"
        ratio = "" if f.ratio is None else f"{f.ratio:.2f}"
        promised = f"**{f.promised}, broken**" if f.holds is False else f.promised
        rows.append(f"| {f.name} | {_number(f.figure)} {f.unit} | {floor} | {ratio} | {promised} | {f.bound_by} |")
    return "\n".join(rows) + "\n"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
