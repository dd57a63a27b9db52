"""Server-sent events."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """An event of a stream."""

    name: str
    data: Any
    """The JSON that it carries, if any."""


async def read_events(lines: AsyncIterator[str]) -> AsyncIterator[ServerEvent]:
    """Events of a stream's lines; comments, which keep it alive, are left out."""
    name, data = "", ""
    async for line in lines:
        if line.startswith("event:"):
            name = line[6:].strip()
        elif line.startswith("data:"):
            data += line[5:].strip()
        elif not line and name:
            yield ServerEvent(name, _json(data))
            name, data = "", ""


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
