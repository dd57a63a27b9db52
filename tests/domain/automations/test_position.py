"""A run's place is the id of a step; what follows is found in the tree."""

import pytest

from domain.automations.definition.parsing import parse_flow
from domain.automations.position import Tree
from tests.domain.automations.flows import CART, branch, end, flow, send, wait, wait_event

GOAL = {"id": "g1", "kind": "goal", "event": "order.paid"}

TREE = Tree(
    parse_flow(
        flow(
            wait("a"),
            branch(
                "b",
                [send("b1"), wait_event("b2", then=[wait("b3"), GOAL | {"id": "g0"}], **{"else": []})],
                [],
                **{"else": [end("b4")]},
            ),
            send("c", on_error={"then": "arm", "arm": [wait("c1")]}),
            GOAL,
            wait("d"),
            GOAL | {"id": "g2", "disabled": True},
            GOAL | {"id": "g3"},
        )
    )
)


@pytest.mark.parametrize(
    ("step", "following"),
    [("a", "b"), ("b1", "b2"), ("b2", "c"), ("b3", "g0"), ("g0", "c"), ("b4", "c"), ("c1", "g1"), ("g3", None)],
)
def test_behind_the_last_step_of_an_arm_comes_what_is_behind_the_branch(step, following):
    assert TREE.after(step) == following


@pytest.mark.parametrize(
    ("step", "arm", "inside"),
    [
        ("b", "arms/0", "b1"),
        ("b", "arms/1", "c"),
        ("b", "else", "b4"),
        ("b", "arms/7", "c"),
        ("b2", "then", "b3"),
        ("b2", "else", "c"),
        ("c", "on_error", "c1"),
    ],
)
def test_an_arm_begins_with_its_first_step_and_an_empty_one_is_passed(step, arm, inside):
    assert TREE.into(step, arm) == inside


def test_a_run_begins_with_the_first_step_and_may_leave_out_the_next():
    assert TREE.first() == "a"
    assert TREE.after_next("a") == "c"
    assert TREE.after_next("b1") == "c"
    assert TREE.after_next("b4") == "c"
    assert TREE.after_next("g3") is None


def test_ancestors_are_those_in_whose_arms_a_step_is():
    assert TREE.ancestors("a") == ()
    assert TREE.ancestors("g0") == ("b", "b2")
    assert TREE.ancestors("c1") == ("c",)


@pytest.mark.parametrize(
    ("step", "goals"),
    [("a", ["g1", "g3"]), ("b3", ["g0", "g1", "g3"]), ("b1", ["g1", "g3"]), ("d", ["g3"]), ("g3", [])],
)
def test_goals_draw_who_waits_before_them_also_in_an_arm(step, goals):
    assert [goal.id for goal in TREE.goals_ahead(step)] == goals


def test_every_step_leads_to_the_end():
    tree = Tree(parse_flow(CART))
    for step in tree.places:
        seen = []
        at: str | None = step
        while at is not None:
            seen.append(at)
            at = tree.after(at)
        assert len(seen) == len(set(seen))
    with pytest.raises(KeyError):
        tree.after("nowhere")
