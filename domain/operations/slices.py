"""Long work that is done in slices: an operation, and what a slice of it has done."""

from dataclasses import dataclass, field
from typing import Any

from domain.workflows.search_attributes import Outcome

MOST_ERRORS = 100
"""Errors that an operation keeps; it counts all of them."""


@dataclass(frozen=True, slots=True)
class OperationRest:
    """What is left of an operation after some slices, for its workflow."""

    is_over: bool = False
    pause: float = 0.0
    """Seconds to wait before the next slice."""
    outcome: Outcome = ""
    """What its workflow is found by from now on, if it went badly (``domain/workflows/search_attributes.py``)."""


@dataclass(frozen=True, slots=True)
class ItemError:
    """Why one item of an operation could not be done."""

    item: str
    """Its number, from 0, or its id."""
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Sliced:
    """What a slice has done. It is stored in the slice's transaction."""

    place: Any = None
    """Where the next slice begins. ``None``: nothing is left."""
    done: int = 0
    """Items of this slice, also those that failed."""
    errors: list[ItemError] = field(default_factory=list)
    total: int | None = None
    """Items of the whole operation, where that has become known, or has changed."""
    result: dict[str, Any] | None = None
    """What came of the operation so far. ``None``: as before."""
    pause: float = 0.0
    """Seconds to wait before the next slice."""
    is_cancelled: bool = False
    """With nothing left: whether it has ended before everything was done."""
