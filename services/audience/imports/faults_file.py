"""The file with the rows of an import that were not taken."""

import csv
import io
from collections.abc import Sequence

from domain.audience.imports.csv_cells import neutral
from services.audience.imports.frames import RowFault

NAME = "faulty_rows.csv"
MOST = 100_000
"""Rows that it lists."""
_HEAD = ("row", "column", "value", "code", "message")


def lines(faults: Sequence[RowFault], *, is_first: bool) -> str:
    """Faulty rows as lines of CSV."""
    out = io.StringIO()
    write = csv.writer(out)
    if is_first:
        write.writerow(_HEAD)
    for fault in faults:
        write.writerow([fault.row, neutral(fault.column), neutral(fault.value), fault.code, neutral(fault.message)])
    return out.getvalue()
