"""Payloads between the workflows of leads and their activities: small, and without personal data."""

from dataclasses import dataclass

from domain.workflows.search_attributes import Outcome


@dataclass(frozen=True)
class LeadStart:
    """The input of a lead's workflow."""

    lead: str
    """The id under which it is stored."""


@dataclass(frozen=True)
class LeadRest:
    """How a lead stands after what could be done was done."""

    is_over: bool = False
    again_at: float | None = None
    """When it is looked at again (Unix seconds); ``None``: when somebody wakes it, as its source is mended."""
    state: str = ""
    outcome: Outcome = ""
    """What its workflow is found by from now on, if it went badly (``domain/workflows/search_attributes.py``)."""
