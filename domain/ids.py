"""Message uids: UUIDv8 (RFC 9562 §5.8) that lead to their page without a look-up.

Layout: 48 bits of Unix milliseconds, version, 12 random bits, variant, 53 random bits, 9 bits of index in the page.
Masking the index gives the id of the page, and with it the id of the page's workflow.
"""

import secrets
import time
from uuid import UUID

PAGE_SIZE = 500
"""The most messages that share a page."""

_INDEX_BITS = 9
_INDEX_MASK = (1 << _INDEX_BITS) - 1
assert PAGE_SIZE <= _INDEX_MASK + 1


def new_page_id(now_ms: int | None = None) -> UUID:
    """Mint a page id; it is also the uid of the page's first message."""
    ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    value = (ms & ((1 << 48) - 1)) << 80
    value |= 0x8 << 76
    value |= secrets.randbits(12) << 64
    value |= 0b10 << 62
    value |= secrets.randbits(53) << _INDEX_BITS
    return UUID(int=value)


def message_uid(page_id: UUID, index: int) -> UUID:
    """The uid of the ``index``-th message (from 0) of a page."""
    if not 0 <= index < PAGE_SIZE:
        raise ValueError(f"index {index} is outside a page of {PAGE_SIZE}")
    return UUID(int=page_id.int | index)


def page_of(uid: UUID) -> UUID:
    """The page that a message belongs to."""
    return UUID(int=uid.int & ~_INDEX_MASK)


def index_of(uid: UUID) -> int:
    """The place of a message in its page."""
    return uid.int & _INDEX_MASK


def send_workflow_id(page_id: UUID) -> str:
    """The id of the workflow that sends a page."""
    return f"send-{page_id}"
