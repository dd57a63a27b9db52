"""The chart ``docs/benchmarks.svg``: each promise is a line that the figure's bar must reach, or must not pass."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

_WIDTH = 860
_LEFT = 24
_TRACK = 500
"""Length of a whole track; the promise stands at ``_PROMISE`` of it."""
_PROMISE = 0.6
_ROW = 46
_STYLE = """
  .paper { fill: #ffffff } .text { fill: #1f2328 } .soft { fill: #59636e } .track { fill: #eef1f4 }
  .holds { fill: #2da583 } .broken { fill: #d1493f } .line { stroke: #1f2328 }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117 } .text { fill: #e6edf3 } .soft { fill: #9198a1 } .track { fill: #1c2229 }
    .holds { fill: #35b590 } .broken { fill: #f0665c } .line { stroke: #e6edf3 }
  }
  text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif }
  .head { font-size: 15px; font-weight: 600 } .small { font-size: 11.5px } .value { font-weight: 600 }
"""


def draw(result: Mapping[str, Any]) -> str:
    """The SVG of a run (see ``report.as_json``)."""
    promised = [f for f in result["figures"] if f["holds"] is not None]
    higher = [f for f in promised if f["at_most"] is None]
    lower = [f for f in promised if f["at_most"] is not None and f["at_least"] is None]
    between = [f for f in promised if f["at_most"] is not None and f["at_least"] is not None]
    y, parts = 40.0, [_text(_LEFT, 28, "xsender beside its floors", "text head")]
    for title, figures in (
        ("The bar must reach the line", higher),
        ("The bar must not pass the line", lower),
        ("The bar must end at the line, within 5 %", between),
    ):
        if figures:
            parts.append(_text(_LEFT, y + 22, title, "soft"))
            parts += _rows(figures, y + 34)
            y += 34 + _ROW * len(figures) + 12
    load = result["load_average"]
    circumstances = f"scale {result['scale']:g}, {result['cores']} cores, load average {load['before']:.1f} before"
    parts.append(_text(_LEFT, y + 14, f"{result['date']}, {circumstances}", "soft small"))
    return _document(y + 32, parts)


def _rows(figures: Sequence[Mapping[str, Any]], top: float) -> Iterator[str]:
    for number, figure in enumerate(figures):
        yield from _row(figure, top + number * _ROW)


def _row(figure: Mapping[str, Any], y: float) -> Iterator[str]:
    """Name above, bar below; the bar is as long beside the line as the figure is beside its promise."""
    compared = figure["figure"] if figure["ratio"] is None else figure["ratio"]
    reach = _PROMISE * compared / _line_at(figure)
    length = _TRACK * min(1.0, max(0.004, reach))
    line = _LEFT + _TRACK * _PROMISE
    value = f"{compared:,.3g} {figure['unit']}" if figure["ratio"] is None else f"{compared:.2f} ×"
    kept = "" if figure["holds"] else " — broken"
    beside = f"  beside {figure['beside']}" if figure["beside"] else ""
    yield f'<text x="{_LEFT}" y="{y + 14}" class="text">{escape(figure["name"])}'
    yield f'<tspan class="soft small">{escape(beside)}</tspan></text>'
    yield f'<rect x="{_LEFT}" y="{y + 21}" width="{_TRACK}" height="12" rx="3" class="track"/>'
    colour = "holds" if figure["holds"] else "broken"
    yield f'<rect x="{_LEFT}" y="{y + 21}" width="{length:.1f}" height="12" rx="3" class="{colour}"/>'
    if reach > 1:
        yield _text(_LEFT + _TRACK + 3, y + 31, "›", "soft")  # it goes on
    yield f'<line x1="{line}" x2="{line}" y1="{y + 18}" y2="{y + 36}" class="line" stroke-width="1.5"/>'
    yield f'<text x="{_LEFT + _TRACK + 18}" y="{y + 31}"><tspan class="text value">{escape(value)}</tspan>'
    yield f'<tspan class="soft" dx="8">promised {escape(figure["promised"])}{kept}</tspan></text>'


def _line_at(figure: Mapping[str, Any]) -> float:
    bounds = [float(bound) for bound in (figure["at_least"], figure["at_most"]) if bound is not None]
    return sum(bounds) / len(bounds)


def _text(x: float, y: float, text: str, style: str) -> str:
    return f'<text x="{x}" y="{y}" class="{style}">{escape(text)}</text>'


def _document(height: float, parts: Sequence[str]) -> str:
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height:g}" '
            f'viewBox="0 0 {_WIDTH} {height:g}" role="img" aria-label="Figures of a run beside what is promised">',
            f"<style>{_STYLE}</style>",
            f'<rect width="{_WIDTH}" height="{height:g}" rx="8" class="paper"/>',
            *parts,
            "</svg>\n",
        ]
    )
