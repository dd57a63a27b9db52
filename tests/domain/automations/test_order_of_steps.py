"""Steps that no run reaches, and references to steps that cannot have run, are found."""

from typing import Any

import pytest

from tests.domain.automations.flows import branch, end, faults, flow, send, wait, wait_event


def of(id_: str) -> dict[str, Any]:
    return {"event": "message.opened", "of": id_, "op": "happened"}


def split(id_: str, *arms: tuple[int, list[dict[str, Any]]]) -> dict[str, Any]:
    return {"id": id_, "kind": "split", "arms": [{"weight": weight, "steps": steps} for weight, steps in arms]}


GOAL = {"id": "g", "kind": "goal", "event": "order.paid"}


@pytest.mark.parametrize(
    ("steps", "at"),
    [
        ([end("a"), wait("b"), wait("c")], ["/steps/1"]),
        ([end("a", disabled=True), wait("b")], []),
        ([end("a", **{"if": {"tag": "x"}}), wait("b")], []),
        ([branch("a", [end("b")]), wait("c")], []),
        ([branch("a", [end("b")], **{"else": [end("d")]}), wait("c")], ["/steps/1"]),
        ([branch("a", [end("b"), wait("e")], **{"else": []}), wait("c")], ["/steps/0/arms/0/steps/1"]),
        ([wait_event("a", then=[end("b")], **{"else": [end("d")]}), wait("c")], ["/steps/1"]),
        ([wait_event("a", then=[end("b")]), wait("c")], []),
        ([split("a", (1, [end("b")]), (1, [end("d")])), wait("c")], ["/steps/1"]),
        ([split("a", (1, [end("b")]), (0, [])), wait("c")], ["/steps/1"]),
        ([send("a", on_error={"then": "arm", "arm": [end("b"), wait("d")]}), wait("c")], ["/steps/0/on_error/arm/1"]),
        ([wait("w"), end("a"), GOAL, send("b")], []),
        ([send("w"), end("a"), GOAL, send("b")], ["/steps/2"]),
        ([branch("x", [wait("w")]), end("a"), GOAL | {"disabled": True}, send("b")], ["/steps/2"]),
        ([branch("x", [wait("w")]), end("a"), GOAL, send("b")], []),
    ],
)
def test_steps_that_no_run_reaches(steps, at):
    assert faults(flow(*steps)) == [(place, "step_unreachable") for place in at]


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        ([send("m"), wait_event("a", of="m")], None),
        ([wait_event("a", of="m"), send("m")], ("/steps/0/of", "step_not_before")),
        ([wait_event("a", of="a")], ("/steps/0/of", "step_not_before")),
        ([wait("m"), wait_event("a", of="m")], ("/steps/1/of", "step_kind")),
        ([wait("m"), wait_event("a", since="m")], None),
        ([wait_event("a", since="entry")], None),
        ([wait_event("a", since="later"), wait("later")], ("/steps/0/since", "step_not_before")),
        ([wait_event("a", then=[wait_event("b", since="a")])], None),
        ([branch("x", [send("m")], [wait_event("a", of="m")])], ("/steps/0/arms/1/steps/0/of", "step_not_before")),
        ([branch("x", [send("m")]), wait_event("a", of="m")], None),
        ([branch("x", [send("m"), end("e")]), wait_event("a", of="m")], ("/steps/1/of", "step_not_before")),
        ([branch("x", [send("m"), wait("w"), end("e")]), GOAL, wait_event("a", of="m")], None),
        ([send("m", on_error={"then": "arm", "arm": [send("n", **{"if": of("m")})]})], None),
        ([send("m"), branch("x", [], arms=[{"when": of("m"), "steps": []}])], None),
        (
            [branch("x", [], arms=[{"when": of("m"), "steps": [send("m")]}])],
            ("/steps/0/arms/0/when", "step_not_before"),
        ),
        ([send("m", **{"if": of("nobody")})], ("/steps/0/if", "step_unknown")),
        ([send("m"), end("a", **{"if": {"field": "steps.m.state", "op": "eq", "value": "failed"}})], None),
        (
            [end("a", **{"if": {"not": {"field": "contact.x", "op": "eq", "ref": "steps.z.y"}}})],
            ("/steps/0/if", "step_unknown"),
        ),
    ],
)
def test_references_name_steps_that_can_have_run(steps, found):
    assert faults(flow(*steps)) == ([] if found is None else [found])


def test_what_ends_runs_anywhere_may_name_any_step():
    raw = flow(wait("w"), send("m"), exit=[{"when": of("m")}, {"event": "a.b", "reason": "c"}])
    assert faults(raw) == []
    assert faults(raw | {"exit": [{"when": of("w")}]}) == [("/exit/0/when", "step_kind")]
