"""How findings say how long and how many."""

from collections.abc import Sequence


def span(seconds: float) -> str:
    """A time, in the largest unit of which there are two."""
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def listed(names: Sequence[str], count: int) -> str:
    """The names; ``count``: how many there are in all."""
    more = f" and {count - len(names)} more" if count > len(names) else ""
    return f"{', '.join(names)}{more}"
