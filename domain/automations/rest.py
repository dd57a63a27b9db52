"""Payloads between the workflow of a run and its activity: small, and without personal data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RunStart:
    """The input of the automation workflow."""

    run_id: str


@dataclass(frozen=True)
class Rest:
    """How a run stands after it took its steps."""

    is_over: bool = False
    until: float | None = None
    """When its workflow looks again (Unix seconds), some time after it is due; 0: at once; ``None``: when woken."""
    step: str = ""
    """Where it is."""
