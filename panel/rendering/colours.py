"""The colours that follow from the accent that an install chose, readable in both themes.

Contrast is that of WCAG 2.2: 4.5 to 1 at least for text, on every surface on which the accent stands.
"""

from collections.abc import Callable
from dataclasses import dataclass

Colour = tuple[float, float, float]
"""Red, green and blue, each from 0 to 1."""

_LEAST = 4.6
"""Somewhat more than what is asked for: colours are rounded when they are written."""
_STRONG = 6.5
_STEPS = 64
WHITE, BLACK = (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)
_DARK_TEXT = (0.03, 0.04, 0.08)


@dataclass(frozen=True, slots=True)
class Palette:
    """Of one theme."""

    accent: str
    strong: str
    on_accent: str
    soft: str


def palette(chosen: str, *, is_dark: bool) -> Palette:
    """Of a colour such as ``#1f5fd0``, made darker or lighter until it can be read."""
    colour = read_colour(chosen)
    page = read_colour("#161a21" if is_dark else "#ffffff")
    soft = _mixed(page, colour, 0.22 if is_dark else 0.12)
    towards = WHITE if is_dark else BLACK
    accent = _shifted(colour, towards, lambda one: min(contrast(one, page), contrast(one, soft)) >= _LEAST)
    strong = _shifted(accent, towards, lambda one: min(contrast(one, page), contrast(one, soft)) >= _STRONG)
    on_accent = WHITE if contrast(WHITE, accent) >= _LEAST else _DARK_TEXT
    return Palette(_written(accent), _written(strong), _written(on_accent), _written(soft))


def contrast(one: Colour, other: Colour) -> float:
    """Between 1 and 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _shifted(colour: Colour, towards: Colour, fits: Callable[[Colour], bool]) -> Colour:
    tried = (_mixed(colour, towards, step / _STEPS) for step in range(_STEPS + 1))
    return next((one for one in tried if fits(one)), towards)


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (a + (b - a) * share for a, b in zip(one, other, strict=True))
    return red, green, blue


def _luminance(colour: Colour) -> float:
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def read_colour(text: str) -> Colour:
    """Of ``#rrggbb``.

    Raises:
        ValueError: it is none.
    """
    if len(text) != 7 or text[0] != "#":
        raise ValueError("a colour is # and six hexadecimal digits")
    red, green, blue = (int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _written(colour: Colour) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in colour)
