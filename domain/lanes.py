"""Lanes: transactional messages have priority over bulk."""

from enum import StrEnum


class Lane(StrEnum):
    """How urgent messages are; each lane has its own task queues and workers' slots."""

    TRANSACTIONAL = "transactional"
    """Urgent: codes, alerts, confirmations."""
    BULK = "bulk"
    """Not urgent: campaigns, large lists."""
