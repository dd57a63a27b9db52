"""Contents of inbound messages besides text, from untrusted posts: copied up to a bound, as JSON text."""

from collections.abc import Mapping
from itertools import takewhile
from typing import Any

import orjson

MOST = 8_000
"""Characters of texts and names that are kept of one message; a number, a list and an object count as one."""
_DEPTH = 8
_BYTES = frozenset(
    {
        *("jpegThumbnail", "thumbnail", "base64", "mediaKey", "fileSha256", "fileEncSha256", "streamingSidecar"),
        *("JPEGThumbnail", "fileSHA256", "fileEncSHA256", "messageSecret", "waveform", "contextInfo"),
        *("thumbnailSha256", "thumbnailEncSha256", "encPayload", "encIv", "encIV"),
    }
)
"""Names of what only a WhatsApp client can use."""


class _Copy:
    """Copies until there is enough."""

    def __init__(self) -> None:
        self._left = MOST
        self.is_whole = True

    def of(self, value: Any, depth: int = 0) -> Any:
        self._left -= 1
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict) and depth < _DEPTH:
            return self._object(value, depth + 1)
        if isinstance(value, list) and depth < _DEPTH:
            return [self.of(one, depth + 1) for one in takewhile(self._has_room, value)]
        if value is None or isinstance(value, bool | int | float):
            return value
        self.is_whole = False
        return None

    def _object(self, value: dict[Any, Any], depth: int) -> dict[str, Any]:
        kept = {}
        for name in takewhile(self._has_room, value):
            if name not in _BYTES:
                kept[self._text(name)] = self.of(value[name], depth)
        return kept

    def _text(self, value: str) -> str:
        kept = value[: max(self._left, 0)]
        self._left -= len(kept)
        self.is_whole = self.is_whole and len(kept) == len(value)
        return kept.replace("\0", "")  # Postgres keeps none

    def _has_room(self, _one: object) -> bool:
        self.is_whole = self.is_whole and self._left > 0
        return self._left > 0


def packed(fields: Mapping[str, Any]) -> str | None:
    """These fields, but for those that are ``None``, as JSON text; ``None``: there are none.

    What exceeds the bound is left out, and ``truncated`` is set.
    """
    copy = _Copy()
    kept = copy.of({name: value for name, value in fields.items() if value is not None})
    if not copy.is_whole:
        kept["truncated"] = True
    return orjson.dumps(kept).decode() if kept else None
