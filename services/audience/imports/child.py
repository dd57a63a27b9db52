"""The process that reads a file of contacts: parsing a million rows must keep no event loop busy.

It gets the file as an open descriptor, tells what columns it has, is told what they hold, and writes blocks of rows to
its standard output. It reads on as fast as they are taken.
"""

import gc
import os
import resource
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson

from domain.audience.imports.columns import names_of, same_columns, suggested
from domain.audience.imports.delimited import Row, find_encoding, read_delimited
from domain.errors import InvalidError
from runtime.children import stop_with_parent
from services.audience.imports.contact_lines import ContactLines, Terms
from services.audience.imports.frames import MOST_BYTES, MOST_ROUNDS, MOST_ROWS, RowFault, packed
from services.audience.imports.sheets import is_sheet, read_sheet, too_large

MOST_ROWS_OF_FILE = 5_000_000
_MEMORY = 1024 * 1024 * 1024
"""Bytes of address space: what a hostile file could make of it ends this process alone."""
_NICE = 5


class _Blocks:
    """Collects rows."""

    def __init__(self, file: BinaryIO, size: int, out: BinaryIO, after: int) -> None:
        self._file, self._size, self._out = file, size, out
        self._start(after)

    def _start(self, after: int) -> None:
        self._after = self._last = after
        self._lines: list[str] = []
        self._bytes = self._rows = self._rounds = 0
        self._faults: list[RowFault] = []
        self._keys: set[str] = set()
        self._round_of: dict[str, int] = {}
        """Of keys that came more than once."""

    def passed(self, row: Row) -> None:
        self._last = row.number

    def add(self, row: Row, read: tuple[str, list[str]] | RowFault) -> None:
        if isinstance(read, RowFault):
            self._faults.append(read)
        else:
            line, keys = read
            own = 1
            if not self._keys.isdisjoint(keys):
                own += max(self._round_of.get(key, 1) for key in keys if key in self._keys)
                if own > MOST_ROUNDS:
                    self.flush()
                    own = 1
                self._round_of.update(dict.fromkeys(keys, own))
            self._keys.update(keys)
            self._rounds = max(self._rounds, own)
            self._lines.append(f"{row.number}\t{own}\t{line}\n")
            self._bytes += len(line)
        self._last = row.number
        self._rows += 1
        if self._rows >= MOST_ROWS or self._bytes >= MOST_BYTES:
            self.flush()

    def flush(self, *, is_last: bool = False) -> None:
        percent = 100 if is_last else min(99, 100 * self._file.tell() // max(1, self._size))
        content = "".join(self._lines).encode()
        head = {"after": self._after, "last": self._last, "rows": self._rows, "rounds": self._rounds}
        rest = {"percent": percent, "is_last": is_last, "faults": self._faults}
        self._out.write(packed("block", content, **head, **rest))
        self._out.flush()
        self._start(self._last)


def read(file: BinaryIO, told: BinaryIO, out: BinaryIO) -> None:
    """Read a whole file.

    Raises:
        InvalidError: it cannot be read.
    """
    asked = orjson.loads(told.readline())
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head: dict[str, Any] = {}
    if is_sheet(file):
        head["sheet"], rows = read_sheet(file, asked["sheet"])
    else:
        head["encoding"] = find_encoding(file)
        head["delimiter"], rows = read_delimited(file, head["encoding"])
    names = next((row for row in rows if any(cell.strip() for cell in row.cells) or row.fault), None)
    if names is None or names.fault:
        code, message = ("file_empty", "the file has no rows: its first one must name the columns")
        raise (
            InvalidError(code, message)
            if names is None
            else InvalidError("columns_unreadable", "the first row, which names the columns, cannot be read")
        )
    columns = names_of(names.cells)
    digest = same_columns(columns)
    out.write(
        packed("head", **head, columns=columns, digest=digest, suggested=suggested(columns, list(asked["custom"])))
    )
    out.flush()
    if line := told.readline():
        terms = orjson.loads(line)
        after = terms.pop("after")
        blocks = _Blocks(file, size, out, after)
        _write(rows, after, ContactLines(Terms(columns, **terms)), blocks)


def _write(rows: Iterator[Row], after: int, lines: ContactLines, blocks: _Blocks) -> None:
    """``rows``: those below the names of columns; those up to the number ``after`` were taken before."""
    count = 0
    for row in rows:
        is_empty = row.is_empty()
        count += not is_empty
        if row.number <= after:
            continue
        if is_empty:
            blocks.passed(row)
            continue
        if count > MOST_ROWS_OF_FILE:
            raise InvalidError("rows_too_many", f"a file may have {MOST_ROWS_OF_FILE:,} rows: split it")
        blocks.add(row, lines.read(row))
    blocks.flush(is_last=True)


def main() -> None:
    """Read the file at the descriptor that the first argument names."""
    stop_with_parent()
    os.nice(max(0, _NICE - os.nice(0)))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    gc.freeze()
    out = sys.stdout.buffer
    with os.fdopen(int(sys.argv[1]), "rb") as file:
        try:
            read(file, sys.stdin.buffer, out)
        except InvalidError as error:
            _fail(out, error)
        except MemoryError:
            _fail(out, too_large())


def _fail(out: BinaryIO, error: InvalidError) -> None:
    out.write(packed("failed", code=error.code, message=error.message))
    out.flush()


if __name__ == "__main__":
    main()
