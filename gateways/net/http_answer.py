"""What a provider answered to an HTTP request."""

import zlib
from dataclasses import dataclass

BODY_CAP = 1024 * 1024
"""Bytes of an answer that are read, and also the most that a compressed one may unfold to."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered. Names of headers are in lower case; ``body`` is plain and cut at ``BODY_CAP``."""

    status: int
    headers: dict[str, str]
    body: bytes


def unfold(data: bytes, encoding: str, most: int = BODY_CAP) -> bytes:
    """Decompress a body that a server compressed although plain bytes were requested. Unreadable ones are kept."""
    if encoding.strip().lower() not in {"gzip", "x-gzip", "deflate"}:
        return data
    try:
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress(data, most)
    except zlib.error:
        return data
