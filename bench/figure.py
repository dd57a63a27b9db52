"""A figure beside its floor, what is promised of it, and what bounds it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One line of the report. The promise applies to the ratio if there is a floor, else to the figure."""

    name: str
    figure: float
    unit: str
    bound_by: str
    """What keeps it from being better, in one sentence."""
    floor: float | None = None
    beside: str = ""
    """What the floor is."""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def ratio(self) -> float | None:
        """Figure over floor."""
        return self.figure / self.floor if self.floor else None

    @property
    def compared(self) -> float:
        """What is held against the promise."""
        return self.figure if self.ratio is None else self.ratio

    @property
    def holds(self) -> bool | None:
        """Whether the promise is kept; ``None`` where nothing is promised."""
        if self.at_least is None and self.at_most is None:
            return None
        enough = self.at_least is None or self.compared >= self.at_least
        return enough and (self.at_most is None or self.compared <= self.at_most)

    @property
    def promised(self) -> str:
        """The promise in signs: ``≥ 8``, ``≤ 1.3``, ``47.5 … 52.5``, or nothing."""
        if self.at_least is not None and self.at_most is not None:
            return f"{self.at_least:g} … {self.at_most:g}"
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return "" if self.at_most is None else f"≤ {self.at_most:g}"

    def as_dict(self) -> dict[str, Any]:
        """The figure with all that is derived from it, for JSON."""
        return asdict(self) | {"ratio": self.ratio, "promised": self.promised, "holds": self.holds}


def listed(parts: Mapping[str, float], unit: str) -> str:
    """What each part has of a figure, for its ``bound_by``."""
    return "Of it: " + ", ".join(f"{name} {value:.3g} {unit}" for name, value in parts.items()) + "."
