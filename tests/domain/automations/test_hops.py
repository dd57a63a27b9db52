"""Automations that start each other in a circle are found."""

import pytest

from domain.automations.definition.parsing import parse_flow
from domain.automations.hops import MAX_CIRCLES, circles, graph
from tests.domain.automations.flows import branch, flow, wait


@pytest.mark.parametrize(
    ("starts", "found"),
    [
        ({}, []),
        ({"a": ["b"], "b": ["c"], "c": []}, []),
        ({"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}, []),
        ({"a": ["a"]}, [("a",)]),
        ({"a": ["b"], "b": ["a"]}, [("a", "b")]),
        ({"x": ["a"], "a": ["b"], "b": ["c"], "c": ["a"]}, [("a", "b", "c")]),
        ({"a": ["b"], "b": ["a"], "c": ["d"], "d": ["c"]}, [("a", "b"), ("c", "d")]),
        ({"a": ["elsewhere"]}, []),
    ],
)
def test_circles(starts, found):
    assert circles(starts) == found


def test_long_rows_and_thick_knots_are_no_trouble():
    row = {f"k{n:05}": [f"k{n + 1:05}"] for n in range(20_000)}
    assert circles(row) == []
    assert len(circles(row | {"k20000": ["k00000"]})[0]) == 20_001
    knot = {f"k{n}": [f"k{m}" for m in range(60)] for n in range(60)}
    assert len(circles(knot)) == MAX_CIRCLES


def test_events_start_automations_too():
    first = parse_flow(flow(branch("x", [{"id": "a", "kind": "emit", "event": "cart.lost"}]), key="first"))
    second = parse_flow(
        flow(
            wait("w"),
            {"id": "a", "kind": "start", "automation": "first"},
            key="second",
            trigger={"kind": "event", "event": "cart.lost"},
        )
    )
    starts = graph([first, second])
    assert starts == {"first": {"second"}, "second": {"first"}}
    assert circles(starts) == [("first", "second")]
