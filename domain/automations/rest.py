"""Payloads between the workflow of a run and its activity: small, and without personal data."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.workflows.search_attributes import Outcome

_MARGIN, _SPREAD = timedelta(minutes=1), timedelta(minutes=5)


def looks_at(due: datetime) -> datetime:
    """When the workflow of a run looks whether it went on that was due at a moment: not that of all runs at once."""
    return due + _MARGIN + random.random() * _SPREAD  # noqa: S311 - no secret


@dataclass(frozen=True)
class RunStart:
    """The input of the automation workflow."""

    run_id: str = ""
    """The run, in the form of the first release: the workflow has it go on at once."""
    run: str = ""
    """The run, in the form of today, which workers of the first release leave to others as they cannot read it."""


@dataclass(frozen=True)
class Rest:
    """How a run stands after it took its steps."""

    is_over: bool = False
    until: float | None = None
    """When its workflow looks again (Unix seconds), some time after it is due; 0: at once; ``None``: when woken."""
    step: str = ""
    """Where it is."""
    outcome: Outcome = ""
    """What its workflow is found by from now on, if it went badly (``domain/workflows/search_attributes.py``)."""
