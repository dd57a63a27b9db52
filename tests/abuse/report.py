"""Writes the figures of an attack suite's run into a page, between its marks.

python -m tests.abuse.report figures.jsonl docs/reliability.md
"""

import json
import sys
from pathlib import Path

BEGIN, END = "<!-- attacks: begin -->", "<!-- attacks: end -->"


def table(lines: list[str]) -> str:
    """The figures as a table, in the order in which they were measured; of several of one attack the last."""
    found = {figures["attack"]: figures for figures in map(json.loads, lines)}
    rows = [
        f"| {name} | {_ms(f['quiet'])} | {_ms(f['during'])} | {_ms(f['after'])} | {f['faults']} "
        f"| {f['memory'].get('api', 0)} | {f['memory'].get('workers', 0)} |"
        for name, f in found.items()
    ]
    return "\n".join(
        [
            "| attack | quiet | meanwhile | 5 s after | faults | API, MiB | a worker, MiB |",
            "|---|--:|--:|--:|--:|--:|--:|",
            *rows,
        ]
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


if __name__ == "__main__":
    figures, page = map(Path, sys.argv[1:])
    text = page.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{table(figures.read_text().splitlines())}\n{END}{after}")
