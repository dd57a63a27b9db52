"""Fallbacks: messages that are sent if an earlier one does not arrive."""

import re
from dataclasses import dataclass
from typing import Literal

MAX_STEPS = 3
LONGEST_SECONDS = 7 * 86400.0

_DURATION = re.compile(r"([0-9]{1,6})(s|m|h|d)")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(frozen=True, slots=True)
class Fallback:
    """A message, on any channel, that depends on the outcome of the one before it."""

    channel: str
    after: float
    """Seconds without proof of arrival."""
    unless: str
    """The state that makes it unnecessary: ``delivered`` (or read), or ``read``."""
    to: str
    price: int
    content: int
    """As in ``PageMessage``."""
    gateway: str | None = None


@dataclass(frozen=True)
class Awaited:
    """A message of a page that has a fallback."""

    index: int
    after: float


NextKind = Literal["done", "wait", "send"]


def parse_duration(text: str) -> float:
    """Seconds of ``90s``, ``10m``, ``2h`` or ``1d``.

    Raises:
        ValueError: it is no duration, or not between a second and a week.
    """
    match = _DURATION.fullmatch(text)
    seconds = int(match[1]) * _UNITS[match[2]] if match else 0.0
    if not 1 <= seconds <= LONGEST_SECONDS:
        raise ValueError("write a duration such as 90s, 10m, 2h or 1d; a week is the longest")
    return seconds
