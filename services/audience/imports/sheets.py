"""XLSX files as rows. Such a file is a ZIP file: what it unpacks to is bounded."""

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any, BinaryIO

from domain.audience.imports.columns import MOST_COLUMNS
from domain.audience.imports.delimited import MOST_ROW, Row
from domain.errors import InvalidError

MOST_UNPACKED = 1024 * 1024 * 1024
"""Bytes of all parts of a file."""
MOST_SHARED = 96 * 1024 * 1024
"""Bytes of the part with the texts of all cells, which is kept in memory."""
MOST_EMPTY_ROWS = 100_000
"""Empty rows in a row: a sheet may claim to have a million of them."""

_SHARED = "xl/sharedStrings.xml"


def is_sheet(file: BinaryIO) -> bool:
    """Whether a file is a ZIP file."""
    file.seek(0)
    return file.read(4) == b"PK\x03\x04"


def read_sheet(file: BinaryIO, name: str | None) -> tuple[str, Iterator[Row]]:
    """The title of a sheet, the first one if none is named, and its rows, empty ones included.

    Raises:
        InvalidError: it is no such file, or too large, or has no such sheet.
    """
    _check_size(file)
    from openpyxl import load_workbook

    file.seek(0)
    try:
        book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        titles = [sheet.title for sheet in book.worksheets]
    except MemoryError:
        raise too_large() from None
    except Exception as error:  # the library raises anything for a file that is broken
        raise _unreadable() from error
    if not titles or (name is not None and name not in titles):
        raise InvalidError("sheet_unknown", f"the file has no sheet {name!r}: it has {', '.join(titles) or 'none'}")
    sheet = book[name or titles[0]]
    sheet.reset_dimensions()  # what it claims may be anything
    return sheet.title, _rows(sheet)


def _check_size(file: BinaryIO) -> None:
    """A part cannot unpack to more than it says: the library stops there."""
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, UnicodeDecodeError) as error:
        raise _unreadable() from error
    shared = sum(part.file_size for part in parts if part.filename.lower() == _SHARED.lower())
    if len(parts) > 10_000 or shared > MOST_SHARED or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise too_large()


def _rows(sheet: Any) -> Iterator[Row]:
    number, empty = 0, 0
    rows = iter(sheet.rows)
    while True:
        try:
            row = next(rows, None)
        except MemoryError:
            raise too_large() from None
        except Exception as error:
            raise _unreadable() from error
        if row is None:
            return
        number += 1
        if len(row) > MOST_COLUMNS and any(cell.value is not None for cell in row[MOST_COLUMNS:]):
            yield Row(number, [], "cells_too_many")
            continue
        cells = [shown(cell) for cell in row[:MOST_COLUMNS]]
        empty = 0 if any(cells) else empty + 1
        if empty > MOST_EMPTY_ROWS:
            return
        yield Row(number, cells) if sum(map(len, cells)) <= MOST_ROW else Row(number, [], "row_too_long")


def shown(cell: Any) -> str:
    """The text of a cell, as people see it in a table: whole numbers without a point, dates as ISO 8601."""
    value = cell.value
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return _number(value, getattr(cell, "number_format", None))
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat()
        case date() | time():
            return value.isoformat()
    return str(value)


def _number(value: int | float, form: str | None) -> str:
    if isinstance(value, float) and (value != value or abs(value) >= 1e300):
        return str(value)
    text = str(int(value)) if value == int(value) else repr(value)
    return text.zfill(len(form)) if form and set(form) == {"0"} else text


def _unreadable() -> InvalidError:
    return InvalidError("file_unreadable", "this file cannot be read: send a CSV or an XLSX file, without a password")


def too_large() -> InvalidError:
    """The file would take too much memory."""
    return InvalidError("file_too_large", "this file unpacks to too much: save the sheet as CSV, or split it")
