"""The figures of a run: one line for the terminal, JSON for a file, and the table of docs/reliability.md.

python -m tests.faults.stress.report REPORT.json docs/reliability.md
"""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from domain.ids import page_of
from tests.faults.stress.audit import Audit
from tests.faults.stress.chaos import ACTIONS
from tests.faults.stress.histories import Replayed

BEGIN, END = "<!-- figures: begin -->\n", "<!-- figures: end -->"


def figures(audit: Audit, replayed: Replayed, seconds: float, seed: int) -> dict[str, Any]:
    """All that is worth knowing of a run."""
    actions = Counter(disturbance.action for disturbance in audit.done)
    counts = audit.ledger.counts
    ages = {name: max(found) for name, found in audit.ages().items()}
    return {
        "seconds of traffic": round(seconds),
        "seed": str(seed),
        "messages accepted": len(audit.ledger.accepted),
        "messages in the record, with fallbacks": len(audit.rows),
        "pages": len({page_of(row.uid) for row in audit.rows.values()}),
        "batches": len(audit.ledger.batches),
        **dict(sorted(counts.items())),
        "receipts posted": audit.mail.posts,
        **{f"{action}s" if action != "stop" else "stops": actions[action] for action in ACTIONS},
        "messages by state": dict(Counter(row.state for row in audit.rows.values()).most_common()),
        "answers lost, by cause": dict(audit.causes().most_common()),
        "workflow runs replayed": dict(replayed.runs.most_common()),
        "runs continued as new": replayed.continued,
        "longest seconds to an outcome, by gateway": {name: round(age, 1) for name, age in sorted(ages.items())},
    }


def line(found: dict[str, Any]) -> str:
    """The same in one line."""
    return " · ".join(f"{name}: {_shown(value)}" for name, value in found.items())


def table(found: dict[str, Any]) -> str:
    """The same as a table in Markdown."""
    rows = [f"| {name} | {_shown(value)} |" for name, value in found.items()]
    return "\n".join(["| figure | value |", "|---|---|", *rows, ""])


def report_to(file: str, found: dict[str, Any]) -> None:
    """Write the figures to a file, if one is named."""
    if file:
        Path(file).write_text(json.dumps(found, indent=2) + "\n")


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {count:,}" for name, count in value.items()) or "none"
    return f"{value:,}" if isinstance(value, int) and value != 0 else str(value)


def write_into(page: Path, found: dict[str, Any]) -> None:
    """Put the table in the place that the page has for it."""
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    assert begin, f"{page} has no place for the figures"
    assert end, f"the figures of {page} have no end"
    page.write_text(before + BEGIN + table(found) + END + after)


if __name__ == "__main__":
    report, page = map(Path, sys.argv[1:])
    write_into(page, json.loads(report.read_text()))
