"""What commands print: one JSON value for programs, or text and tables for people. Errors go to standard error.

Names, texts and providers' answers are untrusted: their control characters are escaped for the terminal.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

from domain.text.printable import visible

_WIDTH = 320
"""Of a table that no terminal limits, in characters."""
_IDS = ("id", "uid")
_NARROW = 80
"""Terminals that are at least so wide show ids in one piece, to be copied."""


def emit(value: Any, as_json: bool) -> None:
    """Print a result: a record, a list of records, or a mapping. Data classes count as records."""
    if as_json:
        print(_json(value))
    elif isinstance(value, list):
        _table([_record(item) for item in value])
    else:
        for name, item in _record(value).items():
            print(visible(f"{name}: {_cell(item)}"))


def fail(message: str, as_json: bool) -> None:
    """Print what went wrong."""
    text = _json({"success": False, "message": message}) if as_json else visible(f"xsender: {message}", keep="\n")
    print(text, file=sys.stderr)


def _json(value: Any) -> str:
    """JSON has escapes of its own for letters that the terminal cannot show."""
    shows_all = (sys.stdout.encoding or "").lower().replace("-", "") in ("utf8", "utf16", "utf32")
    return visible(json.dumps(value, default=_plain, ensure_ascii=not shows_all))


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value) if not hasattr(value, "isoformat") else value.isoformat()


def _record(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else asdict(value)


def _table(rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        print("(none)")
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    table = Table(box=SIMPLE_HEAD)
    for name in rows[0]:
        table.add_column(name, overflow="fold", no_wrap=name in _IDS and console.width >= _NARROW)
    for row in rows:
        table.add_row(*(Text(visible(_cell(value))) for value in row.values()))
    console.print(table)


def _cell(value: Any) -> str:
    """One value for a person to read."""
    if value is None:
        return ""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {_cell(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_cell, value))
    return f"{value:%Y-%m-%d %H:%M:%S %Z}" if hasattr(value, "isoformat") else str(value)
