"""Files of leads that were downloaded from Meta or Google: CSV of any kind, as bodies that their readers read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal

from domain.audience.imports.csv_cells import as_it_was
from domain.audience.imports.delimited import ROW_FAULTS, Row, find_encoding, read_delimited
from domain.errors import InvalidError
from domain.leads.reading.rows import body_of_row, has_ids

MOST_BYTES = 10 * 1024 * 1024
MOST_ROWS = 50_000
"""Of a file, without the one that names the columns, and empty ones."""

_MOST_NAMES = 10_000
"""Characters of all names of columns: they are stored with each lead."""
_HEAD = 1024
"""Bytes in which a file that is no text shows."""


@dataclass(frozen=True, slots=True)
class FaultyRow:
    """A row that is not taken."""

    row: int
    """From 1, as spreadsheets count."""
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class FileRow:
    """A row that is one lead."""

    row: int
    body: Mapping[str, Any]
    """For the reader of its kind. It has no id if the file has none."""


def rows_in(kind: Literal["meta", "google"], content: bytes) -> Iterator[FileRow | FaultyRow]:
    """The rows of a file, without empty ones. The whole file is looked at before the first one is returned.

    Raises:
        InvalidError: it is no such file, or has too many rows.
    """
    rows = _rows(content)
    head = next(rows, None)
    if head is None:
        raise InvalidError("file_empty", "the file has no rows: its first one must name the columns")
    if head.fault is not None:
        raise InvalidError("columns_unreadable", "the first row, which names the columns, cannot be read")
    if sum(map(len, head.cells)) > _MOST_NAMES:
        message = f"the names of the columns have more than {_MOST_NAMES:,} characters: remove columns"
        raise InvalidError("columns_too_many", message)
    if kind == "meta" and not has_ids(kind, head.cells):
        message = "the file has no column 'id': import the file as Meta lets you download it"
        raise InvalidError("column_unknown", message)
    for number, _ in enumerate(rows, 1):
        if number > MOST_ROWS:
            raise InvalidError("rows_too_many", f"a file of leads may have {MOST_ROWS:,} rows: split it")
    rows = _rows(content)
    next(rows)
    return (_read(kind, head.cells, row) for row in rows)


def _rows(content: bytes) -> Iterator[Row]:
    file = BytesIO(content)
    encoding = find_encoding(file)
    if encoding != "utf-16" and b"\0" in content[:_HEAD]:
        raise InvalidError("file_unreadable", "this is no CSV file: import the file as it was downloaded")
    _, rows = read_delimited(file, encoding)
    return (row for row in rows if not row.is_empty())


def _read(kind: Literal["meta", "google"], headings: list[str], row: Row) -> FileRow | FaultyRow:
    """What is left out at the end of a row is empty there: some programs do not write it."""
    if (fault := row.fault_below(len(headings))) is not None:
        return FaultyRow(row.number, fault, ROW_FAULTS[fault])
    try:
        return FileRow(row.number, body_of_row(kind, headings, [as_it_was(cell) for cell in row.cells]))
    except InvalidError as error:
        return FaultyRow(row.number, error.code, error.message)
