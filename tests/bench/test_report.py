"""A run's report: promises judged, and the same figures in table, JSON, chart and page."""

import json
from xml.etree import ElementTree

import pytest

from bench.chart import draw
from bench.figure import Figure, listed
from bench.report import as_json, write_docs

SVG = "{http://www.w3.org/2000/svg}"


def figure(measured: float, floor: float | None = None, **promise: float) -> Figure:
    return Figure("sends & such", measured, "sends/s", "The cores.", floor, "a floor" if floor else "", **promise)


@pytest.mark.parametrize(
    ("measured", "holds", "promised"),
    [
        (figure(8, 10, at_least=0.8), True, "≥ 0.8"),
        (figure(7.9, 10, at_least=0.8), False, "≥ 0.8"),
        (figure(13, 10, at_most=1.3), True, "≤ 1.3"),
        (figure(1999, at_most=2000), True, "≤ 2000"),
        (figure(53, at_least=47.5, at_most=52.5), False, "47.5 … 52.5"),
        (figure(1, 2), None, ""),
    ],
)
def test_the_ratio_is_judged_where_there_is_a_floor_else_the_figure(measured: Figure, holds: bool, promised: str):
    assert (measured.holds, measured.promised) == (holds, promised)


def bars(svg: str) -> dict[str, float]:
    """Class → width of its bar."""
    return {bar.get("class"): float(bar.get("width")) for bar in ElementTree.fromstring(svg).iter(f"{SVG}rect")}


def test_a_kept_promises_bar_reaches_the_line_and_a_broken_ones_does_not():
    kept, broken = figure(9, 10, at_least=0.8), figure(7, 10, at_least=0.8)
    svg = draw(as_json([kept, broken], 1.0, 0.1))
    line = float(next(ElementTree.fromstring(svg).iter(f"{SVG}line")).get("x1"))
    begin = float(next(bar for bar in ElementTree.fromstring(svg).iter(f"{SVG}rect") if bar.get("x")).get("x"))
    assert begin + bars(svg)["broken"] < line < begin + bars(svg)["holds"]


def test_the_chart_shows_promises_only():
    assert set(bars(draw(as_json([figure(1, 2)], 1.0, 0.1)))) == {"paper"}


def test_the_page_keeps_its_words_and_gets_new_figures(tmp_path):
    page = tmp_path / "benchmarks.md"
    page.write_text("before\n<!-- figures -->\nold\n<!-- end of figures -->\nafter\n")
    figures = [figure(7, 10, at_least=0.8)]
    for _ in range(2):
        write_docs(tmp_path, figures, as_json(figures, 1.0, 0.1))
    text = page.read_text()
    assert text.startswith("before\n<!-- figures -->\n")
    assert text.endswith("<!-- end of figures -->\nafter\n")
    assert "old" not in text
    assert text.count("| 7 sends/s | 10 (a floor) | 0.70 | **≥ 0.8, broken** | The cores. |") == 1
    assert json.loads((tmp_path / "benchmarks.json").read_text())["figures"][0]["holds"] is False
    assert (tmp_path / "benchmarks.svg").read_text().startswith("<svg")


def test_parts_of_a_figure_are_listed():
    assert listed({"api": 181.26, "worker": 0.5}, "MiB") == "Of it: api 181 MiB, worker 0.5 MiB."
