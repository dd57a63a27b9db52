"""Lanes: what someone waits for goes before what nobody waits for."""

from enum import StrEnum


class Lane(StrEnum):
    """How urgent messages are; each lane has its own task queues and workers' slots."""

    TRANSACTIONAL = "transactional"
    """Somebody waits for it: codes, alerts, confirmations."""
    BULK = "bulk"
    """It may take its time: campaigns, large lists."""
