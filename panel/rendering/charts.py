"""Charts as SVG, drawn by the server: their colours are classes, so no style stands in the page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

_WIDTH, _HEIGHT = 640.0, 160.0
_GAP = 0.28
"""Of a column's width."""


@dataclass(frozen=True, slots=True)
class Column:
    """A day, or another step."""

    label: str
    values: Mapping[str, int]
    """By series, from the bottom up."""
    told: str
    """All of it in words, for who points at it, and for who cannot see it."""
    href: str = ""


def columns(steps: Sequence[Column], series: Sequence[str], label: str, written: Callable[[int], str] = str) -> Markup:
    """Stacked columns between the first and the last label. Each series has the class of its name.

    ``written``: how the height of the highest is written.
    """
    most = max((sum(step.values.values()) for step in steps), default=0)
    highest = most or 1
    width = _WIDTH / max(len(steps), 1)
    parts = [
        Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}" preserveAspectRatio="none">').format(
            int(_WIDTH), int(_HEIGHT), label
        )
    ]
    parts += [_rectangle(0, _HEIGHT * part, _WIDTH, 1, "rule") for part in (0.025, 0.5)]
    for index, step in enumerate(steps):
        parts.append(Markup('<g class="column"><title>{}</title>').format(step.told))
        parts.append(_rectangle(index * width, 0, width, _HEIGHT, "behind"))
        top = _HEIGHT
        for name in series:
            value = step.values.get(name, 0)
            if value:
                height = max(value / highest * (_HEIGHT - 4), 2)
                top -= height
                parts.append(_rectangle((index + _GAP / 2) * width, top, width * (1 - _GAP), height, name))
        parts.append(Markup("</g>"))
    drawn = Markup("").join([*parts, Markup("</svg>")])
    ends = Markup("").join(Markup("<span>{}</span>").format(step.label) for step in (*steps[:1], *steps[1:][-1:]))
    most_told = Markup('<span class="most" aria-hidden="true">{}</span>').format(written(most))
    return Markup('<div class="charted">{}{}<div class="ends" aria-hidden="true">{}</div></div>').format(
        most_told, drawn, ends
    )


def shares(values: Mapping[str, int], told: str) -> Markup:
    """One bar of several parts, each with the class of its name. ``told``: all of it in words."""
    whole = sum(values.values()) or 1
    parts = [
        Markup('<svg class="shares" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label="{}">').format(
            told
        ),
        Markup("<title>{}</title>").format(told),
        _rectangle(0, 0, 100, 6, "behind"),
    ]
    at = 0.0
    for name, value in values.items():
        width = value / whole * 100
        if value:
            parts.append(_rectangle(at, 0, width, 6, name))
        at += width
    return Markup("").join([*parts, Markup("</svg>")])


def _rectangle(x: float, y: float, width: float, height: float, name: str) -> Markup:
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(
        name, *(f"{value:.2f}" for value in (x, y, width, height))
    )
