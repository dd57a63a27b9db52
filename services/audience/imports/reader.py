"""The processes that read files of contacts, as a worker sees them: it takes one block of rows after the other."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from domain.errors import InvalidError
from services.audience.imports.frames import Block, block_of
from store.audience.imports import files
from store.pool import Connections

MOST_READERS = 4
"""Of a worker, at a time: each has some 60 MiB, and a copy of its file on disk."""
_UNUSED = 20.0
"""Seconds after which one that nobody takes blocks from is ended."""
_LONGEST = 120.0
"""Seconds that a block may take."""
_LINE = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Head:
    """What a file is."""

    about: dict[str, Any]
    """Encoding and delimiter, or the name of the sheet."""
    columns: list[str]
    digest: str
    suggested: dict[str, str]


class GoneOn(Exception):
    """A reader is beyond the row from which an operation goes on: some of its slices were done elsewhere."""


class ReaderEnded(Exception):
    """Something has ended the process: the slice is tried again, with another one."""


class FileReader:
    """Reads one file in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._next: asyncio.Task[Block] | None = None
        self._block: Block | None = None
        self.ending: asyncio.TimerHandle | None = None

    @classmethod
    async def open(cls, store: Connections, file_id: UUID) -> "FileReader":
        """Copy the file, which is nameless and thus gone when it is closed, and start a process for it."""
        with tempfile.TemporaryFile() as copy:
            async for piece in files.pieces(store, file_id):
                copy.write(piece)
            copy.flush()
            copy.seek(0)
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "services.audience.imports.child",
                str(copy.fileno()),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                pass_fds=[copy.fileno()],
                limit=_LINE,
                env=_environment(),
            )
        return cls(process)

    async def head(self, sheet: str | None, custom: Sequence[str]) -> Head:
        """What the file is, and its columns.

        Raises:
            InvalidError: it cannot be read.
        """
        self._tell({"sheet": sheet, "custom": custom})
        head, _ = await asyncio.wait_for(self._frame("head"), _LONGEST)
        about = {name: value for name, value in head.items() if name in ("encoding", "delimiter", "sheet")}
        return Head(about, head["columns"], head["digest"], head["suggested"])

    def begin(self, terms: Mapping[str, Any], after: int) -> None:
        """Have it read the rows that come after one with a number."""
        self._tell({**terms, "after": after})
        self._next = asyncio.create_task(self._read_block())

    async def block_after(self, number: int, patience: float) -> Block | None:
        """The block that begins after a row; again, if its slice was not stored. ``None``: not yet.

        Raises:
            InvalidError: the file cannot be read on.
            GoneOn: it has gone on beyond that row.
        """
        if self._block is None or self._block.last == number != self._block.after:
            assert self._next is not None
            done, _ = await asyncio.wait({self._next}, timeout=patience)
            if not done:
                return None
            self._block = self._next.result()
            if not self._block.is_last:
                self._next = asyncio.create_task(self._read_block())
        if self._block.after != number:
            raise GoneOn
        return self._block

    def end(self) -> None:
        """End the process."""
        if self.ending is not None:
            self.ending.cancel()
        if self._next is not None:
            self._next.add_done_callback(lambda task: task.cancelled() or task.exception())
            self._next.cancel()
        # Its pipe, too: one that is paused, as enough was read, would never notice the end. There is no public way.
        self._process._transport.close()  # type: ignore[attr-defined]

    def _tell(self, what: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(orjson.dumps(what) + b"\n")

    async def _read_block(self) -> Block:
        head, content = await asyncio.wait_for(self._frame("block"), _LONGEST)
        return block_of(head, content)

    async def _frame(self, kind: str) -> tuple[dict[str, Any], bytes]:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise ReaderEnded("the process that reads the file has ended")
        head = orjson.loads(line)
        if head["kind"] == "failed":
            raise InvalidError(head["code"], head["message"])
        assert head["kind"] == kind
        return head, await self._process.stdout.readexactly(head["length"])


def _environment() -> dict[str, str]:
    """This process's, without the secrets of the install."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("XSENDER_")}
    return own | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


class FileReaders:
    """Those of a worker, by operation: one goes on where the slice before has ended."""

    def __init__(self) -> None:
        self._readers: dict[UUID, FileReader] = {}

    def find(self, operation_id: UUID) -> FileReader | None:
        """The one of an operation."""
        reader = self._readers.get(operation_id)
        if reader is not None:
            self._keep(operation_id, reader)
        return reader

    def add(self, operation_id: UUID, reader: FileReader) -> None:
        """Keep one for the next slices."""
        self._readers[operation_id] = reader
        self._keep(operation_id, reader)
        while len(self._readers) > MOST_READERS:
            self.end(next(iter(self._readers)))

    def end(self, operation_id: UUID) -> None:
        """End the one of an operation, if there is one."""
        if reader := self._readers.pop(operation_id, None):
            reader.end()

    def _keep(self, operation_id: UUID, reader: FileReader) -> None:
        """The one that is used last is ended last."""
        self._readers[operation_id] = self._readers.pop(operation_id)
        if reader.ending is not None:
            reader.ending.cancel()
        reader.ending = asyncio.get_running_loop().call_later(_UNUSED, self.end, operation_id)
