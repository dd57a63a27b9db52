"""Measure all costs and write the table: python -m tests.costs [docs/reliability.md]."""

import re
import sys
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from tests.costs import api, emails, posts
from tests.costs.measure import Cost

_BEGIN, _END = "<!-- costs of reading: begin -->", "<!-- costs of reading: end -->"


def table(costs: list[Cost]) -> str:
    """The worst input for each reader and limit."""
    rows = ["| what is read | how long it may be | the worst found | ms | where |", "|---|---|---|---|---|"]
    for (reader, limit), group in groupby(costs, key=attrgetter("reader", "limit")):
        measured = [(min(cost.seconds(cost.longest) for _ in range(3)) * 1000, cost) for cost in group]
        took, worst = max(measured, key=lambda one: one[0])
        rows.append(f"| {reader} | {limit} | {worst.what.replace('|', ' ')} | {took:.1f} | {worst.where} |")
    return "\n".join(rows)


def main() -> None:
    """Print the table, or write it into a page between its marks."""
    order = attrgetter("reader", "limit")
    text = table(sorted([*emails.COSTS, *api.COSTS, *posts.COSTS], key=order))
    if len(sys.argv) < 2:
        print(text)
        return
    page = Path(sys.argv[1])
    marked = re.compile(f"{_BEGIN}.*{_END}", re.DOTALL)
    page.write_text(marked.sub(lambda _: f"{_BEGIN}\n{text}\n{_END}", page.read_text()))


if __name__ == "__main__":
    main()
