"""Definitions are read strictly, and everything that is wrong with one is said at once, each fault with its place."""

import json
from copy import deepcopy
from datetime import time, timedelta
from typing import Any

import pytest

from domain.automations.definition.flow import Flow
from domain.automations.definition.limits import MAX_BYTES, MAX_FAULTS
from domain.automations.definition.parsing import parse_flow, parse_text, read_flow, read_text
from domain.automations.definition.steps import KINDS, RESERVED, Send, Wait, WaitEvent
from domain.errors import InvalidError
from tests.domain.automations.flows import CART, TRIGGERS, branch, end, faults, flow, send, wait, wait_event

WEIGHT = {"weight": 1, "steps": []}


def step(flow: Flow, id_: str) -> Any:
    return next(step for step in flow.walk() if step.id == id_)


def test_a_definition_becomes_values_that_the_engine_uses():
    cart = parse_flow(CART)
    assert {step.kind for step in cart.walk()} == {kind.kind for kind in KINDS}
    assert step(cart, "wait1").for_ == timedelta(hours=1)
    assert isinstance(step(cart, "sms1"), Send)
    assert step(cart, "morning").at.days == (1,)
    assert step(cart, "morning").at.time == time(9, 30)
    assert [arm.key for arm in step(cart, "who").lists] == ["arms/0", "else"]
    assert [arm.key for arm in step(cart, "crm").lists] == ["on_error"]
    assert isinstance(step(cart, "opened"), WaitEvent)
    assert cart.entry.re_entry.pause == timedelta(days=7)
    assert cart.source == CART


@pytest.mark.parametrize("trigger", TRIGGERS, ids=lambda trigger: trigger["kind"])
def test_every_kind_of_trigger_is_read(trigger):
    (read,) = parse_flow(flow(wait("a"), trigger=trigger)).triggers
    assert read.kind == trigger["kind"]


def test_an_automation_may_have_several_triggers():
    assert len(parse_flow(flow(wait("a"), triggers=TRIGGERS[:5])).triggers) == 5
    assert faults(flow(wait("a"), triggers=TRIGGERS[:6])) == [("/triggers", "list")]
    assert faults(flow(wait("a")) | {"triggers": TRIGGERS[:1]}) == [("", "members")]


def test_all_faults_are_found_at_once():
    raw = flow(
        wait("a", "1y"),
        send("a", channel="fax"),
        {"id": "b", "kind": "digest"},
        wait_event("c", of="nowhere", timeout="401d"),
        send("d", template="x", content={"subject": "{{ a", "message": "b"}, colour="red"),
        key="UPPER",
        settings={"timezone": "Mars/Base"},
    )
    assert set(faults(raw)) == {
        ("/key", "text"),
        ("/settings/timezone", "time_zone"),
        ("/steps/0/for", "length"),
        ("/steps/1/channel", "choice"),
        ("/steps/1/id", "step_repeated"),
        ("/steps/2/kind", "kind_reserved"),
        ("/steps/3/of", "step_unknown"),
        ("/steps/3/timeout", "length"),
        ("/steps/4", "members"),
        ("/steps/4/colour", "member_unknown"),
        ("/steps/4/content/subject", "invalid_template"),
    }


@pytest.mark.parametrize("kind", RESERVED)
def test_kinds_of_later_versions_are_named_as_such(kind):
    (fault,) = read_flow(flow({"id": "a", "kind": kind}))[1]
    assert (fault.code, fault.message) == ("kind_reserved", f"there is no {kind} yet: the name is kept for later")


@pytest.mark.parametrize(
    ("one", "at", "code"),
    [
        ({"id": "A", "kind": "exit"}, "/id", "text"),
        ({"id": "entry", "kind": "exit"}, "/id", "reserved"),
        ({"id": "exit", "kind": "exit"}, "/id", "reserved"),
        ({"kind": "exit"}, "", "member_missing"),
        ({"id": "a"}, "", "kind"),
        ({"id": "a", "kind": ["exit"]}, "/kind", "kind"),
        ({"id": "a", "kind": "wait"}, "", "members"),
        (wait("a", at={"time": "09:00"}), "", "members"),
        (wait("a", "400d"), None, None),
        (wait("a", "57w"), None, None),
        (wait("a", "58w"), "/for", "length"),
        (wait("a", offset="-1d"), "/offset", "members"),
        (wait("a", if_past="exit"), "/if_past", "members"),
        (wait("a", jitter="0s"), "/jitter", "length"),
        (wait("a", timezone="europe/berlin"), "/timezone", "time_zone"),
        ({"id": "a", "kind": "wait", "at": {"time": "24:00"}}, "/at/time", "clock"),
        ({"id": "a", "kind": "wait", "at": {"time": "09:00", "days": ["mon", "mon"]}}, "/at/days", "list"),
        ({"id": "a", "kind": "wait", "at": {"time": "09:00", "days": ["mon"], "day_of_month": 1}}, "/at", "one_day"),
        ({"id": "a", "kind": "wait", "window": {"from": "20:00", "to": "08:00"}}, "/window/to", "window_order"),
        (wait_event("a", any=["a.b", "c.d"]), "", "members"),
        (wait_event("a", match={"tag": "vip"}), "/match", "condition_kind"),
        (wait_event("a", match={"field": "it.n", "op": "eq", "value": True}), None, None),
        (branch("a"), "/arms", "list"),
        (branch("a", *[[] for _ in range(21)]), "/arms", "list"),
        ({"id": "a", "kind": "split", "arms": [{"weight": 0, "steps": []}] * 2}, "/arms", "split_weights"),
        (
            {"id": "a", "kind": "split", "arms": [{"weight": -1, "steps": []}, {"weight": 1, "steps": []}]},
            "/arms/0/weight",
            "number",
        ),
        ({"id": "a", "kind": "set"}, "", "members"),
        ({"id": "a", "kind": "set", "tags": {}}, "/tags", "members"),
        ({"id": "a", "kind": "set", "fields": {"id": 1}}, "/fields/id", "reserved"),
        ({"id": "a", "kind": "set", "fields": {"a": [1]}}, "/fields/a", "scalar"),
        ({"id": "a", "kind": "call", "url": "ftp://x.example"}, "/url", "text"),
        ({"id": "a", "kind": "call", "url": "https://{{ event.host }}/"}, "/url", "text"),
        ({"id": "a", "kind": "call", "url": "https://x.example/{{ event.id }}"}, None, None),
        ({"id": "a", "kind": "call", "url": "https://x.example", "timeout": "31s"}, "/timeout", "length"),
        ({"id": "a", "kind": "call", "url": "https://x.example", "timeout": "1m"}, "/timeout", "length"),
        ({"id": "a", "kind": "call", "url": "https://x.example", "save": {"X": "/a"}}, "/save/X", "text"),
        ({"id": "a", "kind": "call", "url": "https://x.example", "save": {"x": "a"}}, "/save/x", "text"),
        ({"id": "a", "kind": "call", "url": "https://x.example", "body": ["{% if %}"]}, "/body/0", "invalid_template"),
        ({"id": "a", "kind": "call", "url": "https://x.example", "headers": {"a b": "c"}}, "/headers/a b", "text"),
        ({"id": "a", "kind": "start", "automation": "a"}, "/automation", "starts_itself"),
        ({"id": "a", "kind": "stop", "all": False}, "/all", "choice"),
        ({"id": "a", "kind": "notify", "to": {"role": "owner", "email": "x"}, "message": "m"}, "/to", "members"),
        (send("a", ignore_window=True), "/ignore_window", "lane"),
        (send("a", ignore_window=True, lane="transactional"), None, None),
        (send("a", fallback=[{"channel": "sms", "after": "8d", "template": "x"}]), "/fallback/0/after", "length"),
        (send("a", on_error={"then": "arm"}), "/on_error", "arm_steps"),
        (send("a", on_error={"then": "stop", "arm": []}), "/on_error", "arm_steps"),
        (end("a", **{"if": {"field": "contact.x", "op": "gt", "value": "a"}}), "/if/value", "condition_value"),
        (end("a", disabled=1), "/disabled", "choice"),
    ],
)
def test_a_fault_of_a_step_is_found_at_its_place(one, at, code):
    assert faults(flow(one)) == ([] if at is None else [(f"/steps/0{at}", code)])


@pytest.mark.parametrize(
    ("channel", "content", "fits"),
    [
        ("email", {"subject": "a", "message": "b"}, True),
        ("email", {"subject": "a", "body": "b", "preheader": "c"}, True),
        ("email", {"message": "b"}, False),
        ("email", {"subject": "a", "message": "b", "body": "c"}, False),
        ("sms", {"body": "b"}, True),
        ("sms", {"subject": "a", "body": "b"}, False),
        ("whatsapp", {"message": "b"}, True),
        ("whatsapp", {"media": "image", "url": "https://x.example/a.png"}, True),
        ("whatsapp", {"media": "image", "url": "https://x.example/a.png", "message": "b"}, True),
        ("whatsapp", {"media": "image"}, False),
        ("whatsapp", {"template": {"name": "a"}}, True),
        ("whatsapp", {"template": {"name": "a"}, "message": "b"}, False),
        ("whatsapp", {}, False),
    ],
)
def test_each_channel_has_its_texts(channel, content, fits):
    one = {"id": "a", "kind": "send", "channel": channel, "content": content}
    assert faults(flow(one)) == ([] if fits else [("/steps/0/content", "content")])


def test_html_that_mail_programs_do_not_run_is_refused():
    content = {"subject": "a", "message": "<script>x()</script>"}
    one = {"id": "a", "kind": "send", "channel": "email", "content": content}
    assert faults(flow(one)) == [("/steps/0/content/message", "invalid_template")]


def nested(depth: int) -> dict[str, Any]:
    inner = [wait("leaf")]
    for n in range(depth - 1):
        inner = [branch(f"b{n}", inner)]
    return flow(*inner)


def test_limits_of_the_tree():
    assert faults(nested(8)) == []
    ((at, code),) = faults(nested(9))
    assert (at.count("/arms/"), code) == (8, "step_depth")
    full = [branch(f"b{n}", [wait(f"w{n}_{i}") for i in range(99)]) for n in range(2)]
    assert faults(flow(*full)) == []
    assert faults(flow(*full, wait("last"))) == [("/steps", "flow_steps")]
    assert faults(flow(*[wait(f"w{n}") for n in range(101)])) == [("/steps", "list")]
    assert faults(flow()) == [("/steps", "list")]


def test_limits_of_size():
    large = flow(wait("a"), description="x" * 2000)
    large["steps"][0]["note"] = "x" * MAX_BYTES
    assert faults(large) == [("", "flow_size")]
    assert read_text(json.dumps(large).encode())[1][0].code == "flow_size"
    texts = {f"t{n}": "{{ a }}" * 2_800 for n in range(5)}
    one = {"id": "a", "kind": "emit", "event": "a.b", "data": texts}
    assert faults(flow(one)) == [("/steps/0/data/t4", "markup_size")]
    hopeless = flow(*[{"id": 1, "kind": "send", **{f"x{n}": 0 for n in range(200)}} for _ in range(50)])
    assert len(faults(hopeless)) == MAX_FAULTS


def test_members_that_are_given_twice_are_a_fault_of_the_document():
    text = json.dumps(flow(wait("a"))).replace('"for"', '"id": "b", "for"')
    (fault,) = read_text(text.encode())[1]
    assert (fault.pointer, fault.code) == ("/steps/0/id", "json_duplicate_key")
    assert parse_text(json.dumps(CART).encode()) == parse_flow(CART)
    assert json.loads(json.dumps(nested(8))) == parse_text(json.dumps(nested(8)).encode()).source


def test_the_error_says_where_and_what():
    with pytest.raises(InvalidError) as raised:
        parse_flow(flow(wait("a", "soon")))
    assert raised.value.message == "/steps/0/for: a length of time such as 90s, 15m, 2h, 3d or 2w, up to 400d"


def test_reading_changes_nothing():
    before = deepcopy(CART)
    parse_flow(CART)
    assert before == CART


def test_a_wait_keeps_what_it_was_given():
    (one,) = parse_flow(flow({"id": "a", "kind": "wait", "until": "2027-01-01", "offset": "-2d"})).steps
    assert isinstance(one, Wait)
    assert (one.until, one.offset, one.if_past) == ("2027-01-01", "-2d", "continue")
