"""A phone's log of messages, on disk: what keeps it from sending one twice.

JSON lines that are only ever appended. A kill may cut the last one: it is dropped at the next start.
"""

import asyncio
import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from phones.messages import Entry, Inbound, Message, State


class Journal:
    """The messages of one phone by their keys."""

    def __init__(self, path: Path) -> None:
        self.id = ""
        """A random name; another one means that the phone has forgotten what it sent."""
        self.entries: dict[str, Entry] = {}
        self.inbound: dict[str, Inbound] = {}
        """Received messages that the server does not have yet."""
        whole = _whole_lines(path)
        for line in whole.splitlines():
            self._read(json.loads(line))
        self._file = path.open("ab", buffering=0)
        self._file.truncate(len(whole))
        if not self.id:
            self._append({"journal": str(uuid4())})

    @property
    def waiting(self) -> int:
        """How many messages are still to be sent."""
        return sum(entry.state == "waiting" for entry in self.entries.values())

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def take(self, message: Message, at: datetime) -> Entry:
        """Note a message that is to be sent."""
        self._append({"message": message.as_json(), "at": at.isoformat()})
        return self.entries[message.key]

    def move(self, entry: Entry, state: State, at: datetime, code: str | None = None, part: int | None = None) -> None:
        """Note a new state; ``code`` and ``part`` say what failed."""
        moved = {"key": entry.message.key, "state": state, "at": at.isoformat()}
        self._append(moved | ({"code": code, "part": part} if code else {}))

    async def begin(self, entry: Entry, at: datetime) -> None:
        """Note that the radio is about to get a message. On disk when it returns."""
        self.move(entry, "begun", at)
        await asyncio.to_thread(os.fsync, self._file.fileno())

    def confirm(self, entry: Entry, state: State) -> None:
        """Note that the server knows this state."""
        self._append({"key": entry.message.key, "reported": state})

    def receive(self, inbound: Inbound) -> None:
        """Note a received message."""
        self._append({"inbound": inbound.as_json()})

    def forward(self, inbound: Inbound) -> None:
        """Note that the server has a received message."""
        self._append({"forwarded": inbound.id})

    def _append(self, record: dict[str, Any]) -> None:
        self._file.write(json.dumps(record).encode() + b"\n")
        self._read(record)

    def _read(self, record: dict[str, Any]) -> None:
        """Bring the state in memory up to a record."""
        match record:
            case {"journal": name}:
                self.id = name
            case {"message": values, "at": at}:
                message = Message.from_json(values)
                self.entries[message.key] = Entry(message, times={"waiting": datetime.fromisoformat(at)})
            case {"key": key, "state": state, "at": at}:
                entry = self.entries[key]
                entry.state, entry.code, entry.failed_part = state, record.get("code"), record.get("part")
                entry.times[entry.state] = datetime.fromisoformat(at)
            case {"key": key, "reported": state}:
                self.entries[key].reported = state
            case {"inbound": values}:
                self.inbound[values["id"]] = Inbound.from_json(values)
            case {"forwarded": name}:
                self.inbound.pop(name, None)


def _whole_lines(path: Path) -> bytes:
    """What the file has, up to its last line's end."""
    content = path.read_bytes() if path.exists() else b""
    return content[: content.rfind(b"\n") + 1]
