"""A patch or a version: what changed, and where those inside go on."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.automations.definition.parsing import parse_flow
from domain.automations.position import Tree
from domain.automations.shapes.steps import _KINDS
from domain.automations.versions.changes import PATCHED, compare, reused_ids
from domain.automations.versions.migrating import Landing, landings, map_faults
from tests.domain.automations.flows import CART, TRIGGERS, branch, end, flow, send, wait, wait_event


def changes(old: Any, new: Any) -> tuple[str, list[tuple[str, str, Any, Any]]]:
    found = compare(parse_flow(old), parse_flow(new))
    return found.needs, [(one.pointer, one.change, one.before, one.after) for one in found.differences]


def changed(*path: Any, to: Any) -> Any:
    raw = deepcopy(CART)
    holder: Any = raw
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = to
    return raw


def test_nothing_changed():
    assert changes(CART, CART) == ("nothing", [])
    one, several = flow(wait("a"), trigger=TRIGGERS[0]), flow(wait("a"), triggers=TRIGGERS[:1])
    assert changes(one, several) == ("nothing", [])


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (("name",), "Carts"),
        (("description",), "Why"),
        (("steps", 0, "for"), "2h"),
        (("steps", 0, "note"), "shorter?"),
        (("steps", 1, "template"), "cart-3"),
        (("steps", 1, "gateway"), "main"),
        (("steps", 2, "timeout"), "2d"),
        (("steps", 2, "else", 0, "arms", 0, "name"), "rich"),
        (("steps", 2, "else", 0, "arms", 0, "steps", 0, "content", "body"), "Hello"),
        (("steps", 3, "url"), "https://crm.example.com/v2"),
        (("steps", 3, "headers"), {}),
        (("steps", 3, "body", "email"), "x"),
        (("steps", 3, "on_error", "retry", "max"), 7),
        (("steps", 3, "on_error", "arm", 0, "data"), {"a": 1}),
        (("steps", 4, "at"), {"time": "10:00"}),
        (("steps", 4, "timezone"), "contact"),
        (("steps", 8, "fallback", 0, "content", "message"), "Hey"),
        (("steps", 13, "reason"), "over"),
    ],
)
def test_texts_and_lengths_are_a_patch(path, to):
    needs, found = changes(CART, changed(*path, to=to))
    assert needs == "patch"
    assert [pointer for pointer, *_ in found] != []


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (("trigger", "hook"), "other"),
        (("entry", "on_duplicate"), "restart"),
        (("goal", "within"), "1d"),
        (("settings", "lane"), "transactional"),
        (("steps", 1, "channel"), "sms"),
        (("steps", 1, "disabled"), True),
        (("steps", 1, "if"), {"tag": "a"}),
        (("steps", 2, "event"), "message.opened"),
        (("steps", 2, "else", 0, "arms", 0, "when"), {"tag": "a"}),
        (("steps", 2, "else", 0, "else", 0, "arms", 0, "weight"), 30),
        (("steps", 3, "save"), {}),
        (("steps", 3, "on_error", "arm", 0, "event"), "crm.dead"),
        (("steps", 5, "if_past"), "continue"),
        (("steps", 7, "tags", "add"), ["x"]),
        (("steps", 8, "fallback"), []),
    ],
)
def test_what_decides_where_people_go_is_a_version(path, to):
    assert changes(CART, changed(*path, to=to))[0] == "version"


def test_a_wait_may_get_another_rule_and_a_message_another_form():
    assert changes(flow(wait("a")), flow({"id": "a", "kind": "wait", "at": {"time": "09:00"}})) == (
        "patch",
        [("/steps/0/for", "changed", "1h", None), ("/steps/0/at", "changed", None, {"time": "09:00"})],
    )
    content = {"id": "a", "kind": "send", "channel": "email", "content": {"subject": "a", "message": "b"}}
    assert changes(flow(send("a")), flow(content))[0] == "patch"


def test_the_list_says_what_was_added_removed_and_moved():
    old = flow(wait("a"), branch("b", [send("b1")]), send("c"), send("d"))
    new = flow(wait("a", "2h"), send("d"), branch("b", [wait("b0"), send("b1")]), send("e"))
    needs, found = changes(old, new)
    assert needs == "version"
    assert found == [
        ("/steps/2", "removed", {"id": "c", "kind": "send", "channel": "email", "template": "hello"}, None),
        ("/steps/0/for", "changed", "1h", "2h"),
        ("/steps/2", "moved", "/steps/1", "/steps/2"),
        ("/steps/2/arms/0/steps/0", "added", None, {"id": "b0", "kind": "wait", "for": "1h"}),
        ("/steps/3", "added", None, {"id": "e", "kind": "send", "channel": "email", "template": "hello"}),
    ]


def test_a_step_that_comes_into_an_arm_has_moved():
    old, new = flow(wait("a"), branch("b", [send("b1")])), flow(branch("b", [send("b1"), wait("a")]))
    assert changes(old, new) == (
        "version",
        [("/steps/0/arms/0/steps/1", "moved", "/steps/0", "/steps/0/arms/0/steps/1")],
    )


def test_an_arm_that_is_added_is_a_version_though_all_steps_are_the_same():
    old, new = flow(branch("b", [send("b1")])), flow(branch("b", [send("b1")], []))
    needs, found = changes(old, new)
    assert (needs, found[0][0]) == ("version", "/steps/0/arms")


def test_an_id_is_not_used_for_a_step_of_another_kind():
    new = parse_flow(flow(wait("a"), branch("b", [send("mail")])))
    assert reused_ids({"a": "wait", "mail": "send", "gone": "call"}, new) == []
    (fault,) = reused_ids({"a": "wait", "mail": "call"}, new)
    assert (fault.pointer, fault.code) == ("/steps/1/arms/0/steps/0/id", "step_id_reused")


def test_a_patch_names_members_that_there_are():
    for kind, paths in PATCHED.items():
        assert {path[0] for path in paths} <= set(_KINDS[kind].members)


OLD = flow(
    wait("a"),
    branch("b", [send("b1"), wait_event("b2", then=[send("b3")])], **{"else": [wait("b4"), end("b5")]}),
    wait("c"),
    send("d"),
    wait("z"),
)


def land(*steps: dict[str, Any], moves: dict[str, str] | None = None) -> dict[str, tuple[str | None, str]]:
    old, new = Tree(parse_flow(OLD)), Tree(parse_flow(flow(*steps)))
    assert map_faults(old.places, new, moves or {}) == []
    return {step: (landing.step, landing.how) for step, landing in landings(old, new, moves or {}).items()}


def test_those_at_a_step_that_is_still_there_stay_wherever_it_is_now():
    found = land(branch("new", [wait("c")]), wait("b4"), wait("a"))
    assert (found["c"], found["b4"], found["a"]) == (("c", "stays"), ("b4", "stays"), ("a", "stays"))


def test_those_at_a_step_that_was_removed_go_on_at_the_next_one_that_is_still_there():
    found = land(wait("a"), send("d"))
    assert found == {
        "a": ("a", "stays"),
        "b": ("d", "next"),
        "b1": ("d", "next"),
        "b2": ("d", "next"),
        "b3": ("d", "next"),
        "b4": ("d", "next"),
        "b5": ("d", "next"),
        "c": ("d", "next"),
        "d": ("d", "stays"),
        "z": (None, "complete"),
    }


def test_a_map_decides_before_the_order_does():
    found = land(wait("a"), send("d"), send("e"), moves={"b1": "a", "c": "exit", "z": "e"})
    assert (found["b1"], found["c"], found["z"]) == (("a", "mapped"), (None, "exit"), ("e", "mapped"))


def test_faults_of_a_map_are_found():
    old, new = Tree(parse_flow(OLD)), Tree(parse_flow(flow(wait("a"), send("d"))))
    moves = {"nowhere": "a", "a": "d", "c": "b1", "z": "exit"}
    assert [(fault.pointer, fault.code) for fault in map_faults(old.places, new, moves)] == [
        ("/nowhere", "step_unknown"),
        ("/a", "step_not_removed"),
        ("/c", "step_unknown"),
    ]


ids = ["a", "b1", "b3", "c", "d", "n1", "n2"]


@settings(max_examples=50, deadline=None)
@given(st.permutations(ids), st.integers(1, 7), st.integers(0, 3), st.data())
def test_everybody_lands_somewhere_that_exists(order, count, inner, data):
    steps = [wait(id_) for id_ in order[:count]]
    if inner:
        steps = [*steps[inner:], branch("b", steps[:inner])]
    old, new = parse_flow(OLD), parse_flow(flow(*steps))
    removed = [step for step in Tree(old).places if step not in Tree(new).places]
    moves = data.draw(st.dictionaries(st.sampled_from(removed), st.sampled_from([*Tree(new).places, "exit"])))
    assert map_faults(Tree(old).places, Tree(new), moves) == []
    for step, landing in landings(Tree(old), Tree(new), moves).items():
        assert (landing.step is None) == (landing.how in ("exit", "complete"))
        assert landing.step is None or landing.step in Tree(new).places
        assert (landing == Landing(step, "stays")) == (step in Tree(new).places)
    found = compare(old, new)
    removed_too = {one.step for one in found.differences if one.change == "removed"}
    assert removed_too == set(removed)
    assert compare(new, old).needs == found.needs
