"""CSV files of any kind as rows: their encoding and delimiter are found out, a faulty row ends nothing else.

A file is read in bounded pieces. A quote that is never closed would make a row of all that follows it: such a row, or
one that goes on for too long, is reported, and the next one begins on the line after its first.
"""

import codecs
import csv
import io
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

MOST_ROW = 256 * 1024
"""Characters of a row."""
ROW_FAULTS = {
    "quotes": 'a quote in this row is not closed, or text follows it: write "" for a quote within quotes',
    "row_too_long": "this row is too long: a row may have 256 KiB",
    "cells_too_many": "this row has more cells than there are columns: put values with delimiters into quotes",
}
"""What is told of rows that cannot be read, by code."""

_HEAD = 64 * 1024
"""Characters by which the delimiter is found."""
_HEAD_ROWS = 20
_DELIMITERS = ",;\t|"
_BLOCK = 1024 * 1024
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Row(NamedTuple):
    """A row of a file."""

    number: int
    """From 1, as spreadsheets count: the names of columns and empty rows count, too."""
    cells: list[str]
    """Empty, where it cannot be read."""
    fault: str | None = None
    """A code, where it cannot be read: ``quotes`` or ``row_too_long``."""

    def fault_below(self, width: int) -> str | None:
        """The same, or ``cells_too_many``: something stands beyond so many columns."""
        if self.fault is None and len(self.cells) > width and any(cell.strip() for cell in self.cells[width:]):
            return "cells_too_many"
        return self.fault

    def is_empty(self) -> bool:
        """Whether nothing stands in it."""
        return self.fault is None and not "".join(self.cells).strip()


def find_encoding(file: BinaryIO) -> str:
    """By a byte order mark, else UTF-8, else Windows' Western European one. Reads all of the file, in pieces."""
    file.seek(0)
    head = file.read(4)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := file.read(_BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def find_delimiter(head: str) -> str:
    """The delimiter that makes the most columns of the first row, and of the rows after it."""
    return max(_DELIMITERS, key=lambda delimiter: _columns(head, delimiter))


def _columns(head: str, delimiter: str) -> tuple[int, int]:
    """Columns of the first row, and how many of the next rows have as many."""
    widths = []
    for row in _rows(_Lines(io.StringIO(head, newline="")), delimiter):
        if any(row.cells):
            widths.append(len(row.cells))
        if len(widths) == _HEAD_ROWS:
            break
    return (widths[0], widths.count(widths[0])) if widths and widths[0] > 1 else (1, 0)


def read_delimited(file: BinaryIO, encoding: str) -> tuple[str, Iterator[Row]]:
    """The delimiter of a file, and its rows, empty ones included."""
    file.seek(0)
    text = io.TextIOWrapper(file, encoding, errors="replace", newline="")
    delimiter = find_delimiter(text.read(_HEAD))
    text.seek(0)
    return delimiter, _rows(_Lines(text), delimiter)


class _UnendedRow(Exception):
    """A row is longer than any row may be, or its quotes are open at the end of the file."""


class _Lines(Iterator[str]):
    """Lines of a text, which can be taken back."""

    def __init__(self, text: io.TextIOBase) -> None:
        self._text = text
        self._again: deque[str] = deque()
        self._of_row: list[str] = []
        self._length = 0

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._text.readline(MOST_ROW + 1)
        if not line:
            if self._of_row:
                raise _UnendedRow
            raise StopIteration
        self._of_row.append(line)
        self._length += len(line)
        if self._length > MOST_ROW:
            raise _UnendedRow
        return line

    def next_row(self) -> None:
        """Forget the lines of the row that was read."""
        self._of_row.clear()
        self._length = 0

    def drop_first(self) -> bool:
        """Give up the first line of a row, and have those after it read again. Returns whether it alone is too long."""
        first, *others = self._of_row
        self._again.extendleft(reversed(others))
        self.next_row()
        is_too_long = len(first) > MOST_ROW
        while is_too_long and not first.endswith(("\n", "\r")):
            first = self._text.readline(MOST_ROW)
            if not first:
                break
        return is_too_long


def _rows(lines: _Lines, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(MOST_ROW)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        try:
            yield Row(number, next(reader))
        except StopIteration:
            return
        except (csv.Error, _UnendedRow):
            is_too_long = lines.drop_first()
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            yield Row(number, [], "row_too_long" if is_too_long else "quotes")
        lines.next_row()
