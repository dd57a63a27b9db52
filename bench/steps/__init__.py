"""The figures of ``make bench``, one file per subject, in the order in which they are taken."""

from collections.abc import Awaitable, Callable

from bench.figure import Figure
from bench.install import Install
from bench.steps import (
    accept,
    alone,
    automations,
    batch,
    campaigns,
    cost_alone,
    devices,
    end_to_end,
    fairness,
    growth,
    guards,
    hanging,
    idle,
    imports,
    lanes,
    leads,
    lists,
    memory,
    metrics,
    pace,
    pages,
    panel,
    receipts,
    segments,
    status,
)

Step = Callable[[Install, float], Awaitable[list[Figure]]]

STEPS: dict[str, Step] = {
    "idle": idle.measure,
    "memory": memory.measure,  # early: a process keeps much of what it once had
    "accept": accept.measure,
    "alone": alone.measure,
    "cost alone": cost_alone.measure,
    "end to end": end_to_end.measure,
    "pages": pages.measure,
    "batch": batch.measure,
    "campaigns": campaigns.measure,
    "guards": guards.measure,
    "fairness": fairness.measure,
    "lanes": lanes.measure,
    "hanging": hanging.measure,
    "receipts": receipts.measure,
    "status": status.measure,
    "lists": lists.measure,
    "segments": segments.measure,
    "imports": imports.measure,
    "automations": automations.measure,
    "leads": leads.measure,
    "devices": devices.measure,
    "metrics": metrics.measure,
    "pace": pace.measure,
    "panel": panel.measure,
    "growth": growth.measure,  # last: the others are measured in a young install
}
"""Name → what measures it; called with the install and a scale, below 1 for smaller runs."""
