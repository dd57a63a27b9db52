"""Which variant of a campaign wins."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

By = Literal["opens", "clicks", "goal"]


@dataclass(frozen=True, slots=True)
class VariantResult:
    """How a variant did."""

    variant: str
    sent: int
    """Messages that a gateway accepted."""
    opens: int = 0
    """Messages that were opened."""
    clicks: int = 0
    """Messages of which a link was followed."""
    goal: int = 0
    """Recipients who reached the goal."""


def winner_of(results: Sequence[VariantResult], by: By) -> str:
    """The variant with the highest share of its messages; of equals the one that is named first."""
    return max(results, key=lambda result: _share(result, by)).variant


def _share(result: VariantResult, by: By) -> float:
    return getattr(result, by) / result.sent if result.sent else 0.0
