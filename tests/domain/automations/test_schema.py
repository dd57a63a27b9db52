"""The published schema and the parser say the same."""

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta
from time import perf_counter
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.automations.definition.limits import MAX_BYTES
from domain.automations.definition.parsing import read_flow, read_text
from domain.automations.schema import BEYOND, flow_schema
from domain.automations.shapes.lengths import length_pattern
from tests.domain.automations.flows import CART, TRIGGERS, branch, flow, wait

SCHEMA = flow_schema()
VALIDATOR = jsonschema_rs.Draft202012Validator(SCHEMA)

LISTS = ("then", "else", "steps", "arm")
OPS = ["eq", "ne", "in", "gt", "between", "exists", "contains", "starts_with", "before", "within_last", "older_than"]
MOMENTS = ["2026-11-28", "2026-02-29", "2026-11-28T09:30:00Z", "2026-11-28T09:30:00", "1d", "36501d"]
PATHS = ["contact.a", "event.a", "steps.a", "vars.a", "it.a", "contact.created_at", "event.a.b", "contact.a.b", "x.a"]
VALUES: list[Any] = [
    *(None, True, False, 0, 1, -1, 1.5, 21, 32, 600, 1001, 10_001, "", "a", "A", "a-b", "exit", "entry", "a b", "é"),
    *("1h", "401d", "801d", "8d", "31s", "0s", "-2d", "+0s", "-401d", "-3s", "09:30", "24:00", "arm", "mon", "email"),
    *("it.x", "event.a", "contact.created_at", "2026-11-28", "eq", "missing", "between", "within_last", "count_gte"),
    *(
        "{{ a }}",
        "{{",
        "/a",
        "/a~",
        "a.b",
        "a/b",
        "x" * 51,
        "x" * 101,
        "x" * 121,
        "x" * 2001,
        "*",
        "0 9 * * *",
        "Europe/X",
    ),
    *([], ["a"], ["mon", "mon"], [1, 2], {}, {"tag": "a"}, {"a": "b"}, {"role": "a"}, {"secret": "A"}, {"add": []}),
    *([{"weight": 1, "steps": []}] * 2, [{"then": "skip"}], {"then": "arm"}, {"from": "09:00", "to": "10:00"}),
]
ADDED: list[tuple[str, Any]] = [
    *(("if", {"tag": "a"}), ("of", "m"), ("match", {"field": "it.a", "op": "exists"}), ("value", 1), ("A b", "a")),
    *(("ref", "event.a"), ("for", "1h"), ("until", "a"), ("offset", "-2d"), ("if_past", "exit"), ("name", "a")),
    *(("event", "a.b"), ("template", "a"), ("content", {"message": "a"}), ("reason", "a"), ("all", True), ("x", 1)),
]


def alone(step: dict[str, Any]) -> list[dict[str, Any]]:
    """A step and those within it, each without those within."""
    found = [step]
    holders = [step, *step.get("arms", []), step.get("on_error", {})]
    for holder in holders:
        for name in LISTS:
            if isinstance(holder.get(name), list):
                found += [inner for one in holder[name] for inner in alone(one)]
                holder[name] = []
    return found


ASKED: list[dict[str, Any]] = [
    {"field": "event.a", "op": "eq", "value": 1},
    {"field": "contact.a", "op": "gt", "ref": "vars.b"},
    {"field": "contact.created_at", "op": "before", "value": "2026-11-28"},
    {"field": "contact.a", "op": "between", "value": [1, 2]},
    {"field": "contact.a", "op": "exists"},
    {"field": "contact.a", "op": "gt", "ref": "contact.created_at"},
    {"event": "a.b", "op": "count_gte", "value": 2, "of": "m", "match": {"field": "it.a", "op": "in", "value": ["x"]}},
    {"any": [{"tag": "a", "op": "has"}, {"group": "g", "op": "not_in"}, {"not": {"suppressed": "sms"}}]},
]
SMALL: list[dict[str, Any]] = [
    *(flow(step) for whole in deepcopy(CART["steps"]) for step in alone(whole)),
    *(flow(wait("a"), trigger=trigger) for trigger in [CART["trigger"], *TRIGGERS]),
    *(flow(wait("a"), **{name: CART[name]}) for name in ("entry", "exit", "goal", "settings", "vars")),
    *(flow(wait("a", **{"if": condition})) for condition in ASKED),
    *(flow(wait("a"), trigger={"kind": "schedule", "cron": "0 9 * * *", "audience": one}) for one in ASKED[-1:]),
    flow(wait("a"), triggers=TRIGGERS[:2], description="b"),
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """All places in a JSON value but the whole."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, inner in items for place in ((*path, key), *places(inner, (*path, key)))]


def changed(raw: Any, path: tuple[Any, ...], value: Any) -> Any:
    """It with another value at a place; ``REMOVED``: with none."""
    made = holder = deepcopy(raw)
    for key in path[:-1]:
        holder = holder[key]
    if value is REMOVED:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return made


REMOVED = object()


def variants(raw: Any) -> Iterator[Any]:
    """It with one change, in every place."""
    header = raw is not SMALL[-1]
    for path in places(raw):
        if header and path[0] in ("schema", "key", "name") + (("steps",) if raw["steps"] == [wait("a")] else ()):
            continue
        yield from (changed(raw, path, value) for value in [REMOVED, *VALUES])
        holder = raw
        for key in path:
            holder = holder[key]
        if isinstance(holder, dict):
            yield from (changed(raw, (*path, name), value) for name, value in ADDED)


def agrees(raw: Any) -> None:
    faults = read_flow(raw)[1]
    if VALIDATOR.is_valid(raw):
        assert {fault.code for fault in faults} <= BEYOND, faults
    else:
        assert faults, list(VALIDATOR.iter_errors(raw))[:1]


def test_what_is_valid_is_so_for_both():
    for raw in [CART, *SMALL]:
        assert VALIDATOR.is_valid(raw)
        assert {fault.code for fault in read_flow(raw)[1]} <= {"step_unknown"}


@pytest.mark.parametrize("raw", SMALL)
def test_parser_and_schema_agree_on_each_change_of_each_member(raw):
    for one in variants(raw):
        agrees(one)


storable = st.characters(exclude_categories=["Cs"], exclude_characters="\0")  # JSON with others is refused before
scalars = st.sampled_from(VALUES) | st.text(storable, max_size=5) | st.integers(-(2**63), 2**63 - 1)


@settings(max_examples=125, deadline=None)
@given(st.data())
def test_parser_and_schema_agree_on_several_changes_of_a_large_definition(data):
    raw: Any = CART
    for _ in range(data.draw(st.integers(1, 3))):
        raw = changed(raw, data.draw(st.sampled_from(places(raw))), data.draw(st.sampled_from([REMOVED, *VALUES])))
    agrees(raw)


def conditions() -> Any:
    paths, moments = st.sampled_from(PATHS), st.sampled_from(MOMENTS)
    values = st.one_of(scalars, moments, st.lists(st.one_of(moments, st.integers(0, 3)), max_size=3))
    fields = st.fixed_dictionaries(
        {"field": paths, "op": st.sampled_from(OPS)}, optional={"value": values, "ref": paths}
    )
    others = st.sampled_from(
        [
            *(
                {"tag": "a"},
                {"tag": "", "op": "has"},
                {"group": "g", "op": "not_in"},
                {"suppressed": "sms"},
                {"tag": 1},
            ),
            *(
                {"event": "a.b", "op": "happened"},
                {"event": "a.b", "op": "count_gte"},
                {"event": "A", "op": "happened"},
            ),
            {"event": "a.b", "op": "count_gte", "value": 2, "within": "36500d"},
            {"event": "a.b", "op": "happened", "value": 2},
            {"event": "a.b", "op": "happened", "of": "a"},
        ]
    )
    events = st.builds(lambda match: {"event": "a.b", "op": "not_happened", "match": match}, fields)
    return st.recursive(
        st.one_of(fields, others, events),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3).map(lambda items: {"all": items}), inner.map(lambda item: {"not": item})
        ),
        max_leaves=4,
    )


@settings(max_examples=200, deadline=None)
@given(conditions(), st.sampled_from(["if", "match", "filter", "audience"]))
def test_parser_and_schema_agree_on_conditions(condition, where):
    match where:
        case "if":
            raw = flow(wait("a", **{"if": condition}))
        case "match":
            raw = flow({"id": "a", "kind": "goal", "event": "a.b", "match": condition})
        case "filter":
            raw = flow(wait("a"), entry={"filter": condition})
        case _:
            raw = flow(wait("a"), trigger={"kind": "schedule", "cron": "0 9 * * *", "audience": condition})
    agrees(raw)


@given(st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20))
@settings(max_examples=75, deadline=None)
def test_any_json_gets_faults_and_nothing_else(raw):
    agrees(raw)
    agrees(flow(wait("a")) | {"steps": raw})


@given(st.binary(max_size=200))
def test_any_bytes_get_faults_and_nothing_else(text):
    assert read_text(text)[0] is None


def deep(depth: int, around: Any) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = around(value)
    return value


@pytest.mark.parametrize(
    "value",
    [
        deep(200, lambda inner: [inner]),
        deep(200, lambda inner: {"not": inner}),
        deep(200, lambda inner: {"all": [inner]}),
        deep(100, lambda inner: {"id": "a", "kind": "branch", "arms": [{"when": {"tag": "a"}, "steps": [inner]}]}),
        deep(100, lambda inner: {"id": "a", "kind": "exit", "on_error": {"then": "arm", "arm": [inner]}}),
        deep(20_000, lambda inner: [inner]),
        10**400,
        float("nan"),
        float("inf"),
        "\ud800",
        {"\ud800": 1},
        {1: 2},
        object(),
        "x" * 300_000,
    ],
    ids=range(14),
)
def test_hostile_values_get_faults_and_nothing_else(value):
    for name in ("steps", "trigger", "entry", "exit", "vars", "name"):
        assert read_flow(flow() | {"steps": [wait("a")]} | {name: value})[1]
    one = {"id": "a", "kind": "emit", "event": "a.b", "data": value}
    assert read_flow(flow() | {"steps": [one]})[1]
    assert read_flow(flow() | {"steps": [wait("a", **{"if": value})]})[1]


def test_a_definition_of_the_largest_size_is_read_soon():
    many = flow() | {"steps": [wait(f"s{n}", x=[[{}]] * 20) for n in range(1_500)]}
    nested = flow() | {"steps": [branch(f"b{n}", *[[wait(f"w{n}_{i}")] for i in range(90)]) for n in range(20)]}
    texts = {f"t{n}": "{{ a | append: b }}" * 1000 for n in range(3)}
    heavy = flow({"id": "a", "kind": "emit", "event": "a.b", "data": texts})
    begins = perf_counter()
    for raw in (many, nested, heavy):
        text = json.dumps(raw).encode()
        assert len(text) < MAX_BYTES
        read_text(text)
    assert perf_counter() - begins < 3


def test_editors_see_what_is_too_long():
    pattern = SCHEMA["$defs"]["step"]["allOf"][1]["then"]["properties"]["for"]["pattern"]
    validator = jsonschema_rs.Draft202012Validator({"type": "string", "pattern": pattern})
    fits = ["1s", "999999s", "576000m", "9600h", "400d", "57w", "99d", "9s"]
    assert [text for text in fits if not validator.is_valid(text)] == []
    too_long = ["0s", "01s", "576001m", "9601h", "401d", "999d", "58w", "60w", "1000d", "1", "1y", " 1s", "1s\n"]
    assert [text for text in too_long if validator.is_valid(text)] == []


@given(st.integers(1, 99_999))
def test_patterns_of_lengths_are_exact(most):
    pattern = length_pattern(timedelta(seconds=most), "s")
    validator = jsonschema_rs.Draft202012Validator({"type": "string", "pattern": f"^({pattern})$"})
    near = {1, 9, 10, most - 1, most, most + 1, most + 9, most * 10, most // 10}
    assert {n for n in near if validator.is_valid(f"{n}s")} == {n for n in near if 1 <= n <= most}


def test_the_schema_is_one_that_tools_accept():
    jsonschema_rs.meta.validate(SCHEMA)
    assert len(json.dumps(SCHEMA)) < 100_000
