"""What publishing does to those inside, as far as two definitions say it."""

from datetime import timedelta
from typing import Any

from domain.automations.definition.parsing import parse_flow
from domain.automations.position import Tree
from domain.automations.versions.forecasting import sends_within
from domain.automations.versions.names import Gap, gaps, named_in, names_of_steps
from tests.domain.automations.flows import branch, end, flow, send, wait, wait_event

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def split(id_: str, *arms: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": id_, "kind": "split", "arms": [{"weight": 1, "steps": arm} for arm in arms]}


def within(*steps: dict[str, Any], at: str | None = None, left: timedelta = DAY, waits: timedelta | None = None):
    return dict(sends_within(Tree(parse_flow(flow(*steps))), at, left, waits))


def test_waits_take_their_time_and_what_comes_later_does_not_count():
    steps = send("a"), wait("w", "20h"), send("b"), wait("x", "5h"), send("c")
    assert within(*steps) == {"a": 1, "b": 1}
    assert within(*steps, at="w", waits=HOUR) == {"b": 1, "c": 1}
    assert within(*steps, at="w", waits=timedelta(days=3)) == {}
    assert within(*steps, at="x", waits=timedelta(days=-3)) == {"c": 1}


def test_of_arms_the_one_counts_that_sends_most_and_of_a_split_each_by_its_weight():
    inner = branch("b", [send("b1"), end("b2")], [send("b3"), send("b4")])
    assert within(inner, send("z")) == {"b3": 1, "b4": 1, "z": 1}
    assert within(inner, send("z"), at="b1") == {"b1": 1}
    assert within(split("s", [send("s1")], [send("s2")], []), send("z")) == {"s1": 1 / 3, "s2": 1 / 3, "z": 1}


def test_what_is_waited_for_happens_at_once_or_its_time_is_over():
    steps = [wait_event("e", then=[send("t")], **{"else": [send("l"), send("m")]}, timeout="30h"), send("z")]
    assert within(*steps) == {"t": 1, "z": 1}
    assert within(*steps, at="e", waits=HOUR) == {"l": 1, "m": 1, "z": 1}


def test_names_are_found_in_texts_and_fields_and_nowhere_else():
    assert named_in("Hi {{ vars.code | upcase }} {% if steps.mail.state == 'sent' %}") == {"vars.code", "steps.mail"}
    assert named_in("vars.code") == {"vars.code"}
    assert named_in("see vars.code") == set()


def says(id_: str, text: str) -> dict[str, Any]:
    return {"id": id_, "kind": "send", "channel": "sms", "content": {"body": text}}


def calls(id_: str) -> dict[str, Any]:
    return {"id": id_, "kind": "call", "url": "https://example.com/", "save": {"code": "/code"}}


def empty(old: dict[str, Any], new: dict[str, Any], at: str | None, to: str | None) -> list[Gap]:
    before, after = parse_flow(old), parse_flow(new)
    return gaps(Tree(before), at, after, Tree(after), to, names_of_steps(after, {}))


def test_a_name_is_empty_for_those_past_the_step_that_sets_it():
    old, new = (
        flow(wait("w"), send("m")),
        flow(calls("c"), wait("w"), says("m", "{{ vars.code }} {{ steps.c.status }}")),
    )
    assert empty(old, new, "w", "w") == [Gap("m", "steps.c"), Gap("m", "vars.code")]
    assert empty(old, new, None, None) == []
    assert empty(old, new | {"vars": {"code": "none"}}, "w", "w") == [Gap("m", "steps.c")]


def test_a_name_that_a_removed_step_set_is_there_for_those_who_took_it_alone():
    old = flow(wait("v"), calls("c"), wait("w"), says("m", "{{ vars.code }}"))
    new = flow(wait("v"), wait("w"), says("m", "{{ vars.code }}"))
    assert empty(old, new, "w", "w") == []
    assert empty(old, new, "v", "v") == [Gap("m", "vars.code")]


def test_a_name_that_is_set_on_the_way_is_not_empty_though_it_is_in_another_arm():
    inner = branch("b", [calls("c")], [send("x")])
    old, new = flow(wait("w")), flow(wait("w"), inner, says("m", "{{ vars.code }}"))
    assert empty(old, new, "w", "w") == []
