"""Lengths of time and clock times, as definitions write them."""

import re
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any

from domain.audience.conditions.values import duration
from domain.automations.shapes.notes import Defs, Notes

_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]"
_LENGTH = re.compile("[1-9][0-9]{0,5}[smhdw]")
_OFFSET = re.compile("[+-](0|[1-9][0-9]{0,5})[smhdw]")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def length_pattern(most: timedelta, units: str = "smhdw") -> str:
    """A regular expression of the lengths of time up to ``most``: editors then show what is too long."""
    seconds = int(most.total_seconds())
    limits = ((unit, min(seconds // _SECONDS[unit], 999_999)) for unit in units)
    return "|".join(f"({_up_to(limit)}){unit}" for unit, limit in limits if limit)


def _up_to(most: int) -> str:
    """A regular expression of the numbers from 1 to ``most``."""
    digits = str(most)
    parts = [f"[1-9][0-9]{{0,{len(digits) - 2}}}"] if len(digits) > 1 else []
    for place, digit in enumerate(digits):
        lowest = 0 if place else 1
        if int(digit) > lowest:
            parts.append(f"{digits[:place]}[{lowest}-{int(digit) - 1}]" + "[0-9]" * (len(digits) - place - 1))
    return "|".join([*parts, digits])


@dataclass(frozen=True, slots=True)
class Length:
    """A length of time: ``90s``, ``15m``, ``2h``, ``3d``, ``2w``."""

    most: timedelta

    def read(self, raw: Any, at: str, notes: Notes) -> timedelta | None:
        """A length of time."""
        if isinstance(raw, str) and _LENGTH.fullmatch(raw) and duration(raw) <= self.most:
            return duration(raw)
        notes.add(at, "length", f"a length of time such as 90s, 15m, 2h, 3d or 2w, up to {shown(self.most)}")
        return None

    def schema(self, defs: Defs) -> dict[str, Any]:
        """A text of this form."""
        return {"type": "string", "pattern": f"^({length_pattern(self.most)})$", "description": "90s 15m 2h 3d 2w"}


@dataclass(frozen=True, slots=True)
class Offset:
    """A length of time before or after something: ``-2d``, ``+3h``."""

    most: timedelta
    units: str = "smhdw"

    def read(self, raw: Any, at: str, notes: Notes) -> str | None:
        """The text itself: what a day means depends on the place."""
        fits = isinstance(raw, str) and _OFFSET.fullmatch(raw) and raw[-1] in self.units
        if fits and (raw[1] == "0" or duration(raw[1:]) <= self.most):
            return str(raw)
        words = f"a sign and a length of time, such as -2d or +3h, up to {shown(self.most)}, in {', '.join(self.units)}"
        notes.add(at, "offset", words)
        return None

    def schema(self, defs: Defs) -> dict[str, Any]:
        """A text of this form."""
        lengths = f"0[{self.units}]|{length_pattern(self.most, self.units)}"
        return {"type": "string", "pattern": f"^[+-]({lengths})$", "description": "-2d +3h"}


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of the day: ``09:30``."""

    def read(self, raw: Any, at: str, notes: Notes) -> time | None:
        """The time, without a zone."""
        if isinstance(raw, str) and re.fullmatch(_CLOCK, raw):
            return time.fromisoformat(raw)
        notes.add(at, "clock", "a time of the day from 00:00 to 23:59, such as 09:30")
        return None

    def schema(self, defs: Defs) -> dict[str, Any]:
        """A text of this form."""
        return {"type": "string", "pattern": f"^({_CLOCK})$"}


def shown(length: timedelta) -> str:
    """A length of time as people write it."""
    seconds = int(length.total_seconds())
    unit = next(unit for unit in "dhms" if seconds % _SECONDS[unit] == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"
