"""Message uids: UUIDv8 (RFC 9562 §5.8) from which the page follows without a look-up.

Layout: 48 bits of Unix milliseconds, version, 12 random bits, variant, 53 random bits, 9 bits of index in the page.
Masking the index gives the id of the page, and with it the id of the page's workflow.

In the pages of a batch the last 17 of the random bits number the page, from 1. The batch's own id has zeros there, so
that all its messages are one range of uids.
"""

import hashlib
import secrets
import time
from uuid import UUID

PAGE_SIZE = 500
"""The most messages that share a page."""

_INDEX_BITS = 9
_INDEX_MASK = (1 << _INDEX_BITS) - 1
assert PAGE_SIZE <= _INDEX_MASK + 1

_NUMBER_BITS = 17
_BATCH_MASK = (1 << _INDEX_BITS + _NUMBER_BITS) - 1
MAX_PAGES = (1 << _NUMBER_BITS) - 1
"""The most pages of a batch."""

_CAMPAIGN = "campaign-"
_LONGEST_NAME = 100
"""Characters that an id of others may have to be part of a workflow's."""


def new_page_id(now_ms: int | None = None) -> UUID:
    """Create a page id; it is also the uid of the page's first message."""
    ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    value = (ms & ((1 << 48) - 1)) << 80
    value |= 0x8 << 76
    value |= secrets.randbits(12) << 64
    value |= 0b10 << 62
    value |= secrets.randbits(53) << _INDEX_BITS
    return UUID(int=value)


def new_batch_id(now_ms: int | None = None) -> UUID:
    """Create the id of a batch."""
    return UUID(int=new_page_id(now_ms).int & ~_BATCH_MASK)


def batch_page_id(batch_id: UUID, number: int) -> UUID:
    """The id of a batch's page; pages are numbered from 1."""
    if not 1 <= number <= MAX_PAGES:
        raise ValueError(f"a batch has no page {number}")
    return UUID(int=batch_id.int | number << _INDEX_BITS)


def batch_page_number(page_id: UUID) -> int:
    """The number of a page that is known to be a batch's."""
    return (page_id.int & _BATCH_MASK) >> _INDEX_BITS


def batch_range(batch_id: UUID) -> tuple[UUID, UUID]:
    """The first and the last uid that messages of a batch can have."""
    return batch_id, UUID(int=batch_id.int | _BATCH_MASK)


def message_uid(page_id: UUID, index: int) -> UUID:
    """The uid of the ``index``-th message (from 0) of a page."""
    if not 0 <= index < PAGE_SIZE:
        raise ValueError(f"index {index} is outside a page of {PAGE_SIZE}")
    return UUID(int=page_id.int | index)


def page_of(uid: UUID) -> UUID:
    """The page that a message belongs to."""
    return UUID(int=uid.int & ~_INDEX_MASK)


def page_end(page_id: UUID) -> UUID:
    """The last uid that a message of a page could have."""
    return UUID(int=page_id.int | _INDEX_MASK)


def index_of(uid: UUID) -> int:
    """The index of a message in its page."""
    return uid.int & _INDEX_MASK


def minted_at(uid: UUID) -> float:
    """When the page of a message, or its batch, was accepted, in Unix seconds."""
    return (uid.int >> 80) / 1000


def first_id(at: float) -> UUID:
    """The smallest id of a time (Unix seconds)."""
    return UUID(int=round(at * 1000) << 80)


def send_workflow_id(page_id: UUID) -> str:
    """The id of the workflow that sends a page."""
    return f"send-{page_id}"


def batch_workflow_id(batch_id: UUID) -> str:
    """The id of a batch's workflow."""
    return f"batch-{batch_id}"


def operation_workflow_id(operation_id: UUID) -> str:
    """The id of an operation's workflow."""
    return f"operation-{operation_id}"


def callback_workflow_id(endpoint_id: UUID) -> str:
    """The id of the workflow that delivers callbacks to an endpoint."""
    return f"callback-{endpoint_id}"


def campaign_workflow_id(run_id: UUID) -> str:
    """The id of the workflow that sends a campaign, of one that is sent once."""
    return f"{_CAMPAIGN}{run_id}"


def automation_workflow_id(run_id: UUID) -> str:
    """The id of the workflow of a contact in an automation."""
    return f"automation-{run_id}"


def campaign_schedule_id(campaign_id: UUID) -> str:
    """The id of the schedule of a campaign that repeats, and what its workflows' ids begin with."""
    return f"{_CAMPAIGN}{campaign_id}"


def campaign_of_schedule(schedule_id: str) -> UUID | None:
    """The campaign that a schedule is of; ``None``: it is none of ours."""
    try:
        return UUID(schedule_id.removeprefix(_CAMPAIGN)) if schedule_id.startswith(_CAMPAIGN) else None
    except ValueError:
        return None


def lead_workflow_id(source_id: UUID, provider_id: str) -> str:
    """The id of the workflow of a lead. Providers' ids may be of any length: a long one is digested."""
    name = provider_id if len(provider_id) <= _LONGEST_NAME and provider_id.isascii() else _digest(provider_id)
    return f"lead-{source_id}-{name}"


def lead_source_workflow_id(source_id: UUID) -> str:
    """The id of the workflow that looks for leads of a source that were missed."""
    return f"lead-source-{source_id}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
