"""What the process that reads a file writes: blocks of rows, each a line of JSON and as many bytes as that says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

MOST_ROWS = 10_000
"""Rows of a block: a slice of a second or less."""
MOST_BYTES = 4 * 1024 * 1024
"""Bytes of rows after which a block ends."""
MOST_ROUNDS = 50
"""How often rows of a block may be of the same person: each time costs a statement."""


@dataclass(frozen=True, slots=True)
class RowFault:
    """Why a row was not taken."""

    row: int
    column: str
    value: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows of a file, read and checked."""

    after: int
    """The number of the last row before them."""
    last: int
    """That of the last one of them."""
    rows: int
    """Faulty ones included, empty ones not."""
    rounds: int
    """Rows of one round have no address and no external id in common."""
    percent: int
    """How much of the file has been read, where that is known."""
    is_last: bool
    faults: list[RowFault]
    content: bytes = field(repr=False)
    """The good ones, for COPY."""


def packed(kind: str, content: bytes = b"", **more: Any) -> bytes:
    """A frame."""
    return (
        orjson.dumps({"kind": kind, "length": len(content), **more}, _plain, orjson.OPT_PASSTHROUGH_DATACLASS)
        + b"\n"
        + content
    )


def _plain(value: object) -> Any:
    assert isinstance(value, RowFault)
    return [value.row, value.column, value.value, value.code, value.message]


def block_of(head: Mapping[str, Any], content: bytes) -> Block:
    """The block that a frame holds."""
    faults = [RowFault(*fault) for fault in head["faults"]]
    after, last, rows, rounds, percent = (head[name] for name in ("after", "last", "rows", "rounds", "percent"))
    return Block(after, last, rows, rounds, percent, head["is_last"], faults, content)
