"""Conditions are read strictly, each fault with its place, and say why they are true or false."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.audience.conditions.evaluating import Facts, Occurrence, evaluate
from domain.audience.conditions.parsing import OF_CONTACTS, ROOTS, parse_condition
from domain.audience.conditions.tree import as_json, events_in
from domain.errors import InvalidError

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def result(raw: Any, zone: str = "UTC", **known: Any) -> bool:
    contact = known.pop("contact", {})
    facts = Facts(NOW, {"contact": contact, **known.pop("values", {})}, ZoneInfo(zone), **known)
    return evaluate(parse_condition(raw), facts).result


def asks(field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "op": op} | ({} if value is None else {"value": value})


@pytest.mark.parametrize(
    ("op", "wanted", "value", "expected"),
    [
        ("eq", "1", "1", True),
        ("eq", "1", 1, False),
        ("eq", 1, True, False),
        ("eq", 1, 1.0, True),
        ("ne", "a", "b", True),
        ("ne", "a", 1, False),
        ("in", ["a", 2], 2, True),
        ("not_in", ["a", 2], 3, True),
        ("not_in", ["a", "b"], 3, False),
        ("gt", 2, 3, True),
        ("gt", 2, "3", False),
        ("between", [1, 3], 3, True),
        ("between", [1, 3], 3.5, False),
        ("contains", "é", "café", True),
        ("contains", "É", "café", False),
        ("contains", 2, [1, 2], True),
        ("not_contains", "x", ["y"], True),
        ("not_contains", "x", 5, False),
        ("starts_with", "ca", "café", True),
        ("ends_with", "fé", "café", True),
        ("exists", None, "", True),
        ("missing", None, "", False),
        ("before", "2026-03-02", "2026-03-01", True),
        ("after", "2026-03-01", "2026-03-01T15:00:00Z", False),
        ("after", "2026-03-01T14:00:00Z", "2026-03-01T15:00:00Z", True),
        ("gte", "2026-03-01", "2026-03-01T15:00:00Z", True),
        ("within_last", "1d", "2026-11-27T12:00:00Z", True),
        ("within_last", "1d", "2026-11-27T11:59:59Z", False),
        ("within_last", "1d", "2026-11-27", True),
        ("within_last", "1d", "2026-11-29", False),
        ("older_than", "1d", "2026-11-26", True),
        ("older_than", "1d", "2026-02-30", False),
        ("older_than", "1d", "2026-11-26T10:00:00", False),
    ],
)
def test_an_operator_compares_strictly(op, wanted, value, expected):
    assert result(asks("contact.x", op, wanted), contact={"x": value}) is expected


@pytest.mark.parametrize("op", ["eq", "ne", "not_contains", "not_in", "gt", "older_than"])
def test_a_missing_field_is_only_ever_missing(op):
    value = {"not_in": ["a"], "gt": 1, "older_than": "1d"}.get(op, "a")
    for contact in ({}, {"x": None}):
        assert not result(asks("contact.x", op, value), contact=contact)
        assert result({"not": asks("contact.x", op, value)}, contact=contact)
        assert result(asks("contact.x", "missing"), contact=contact)


def test_a_day_is_that_of_the_contact_also_when_clocks_change():
    late = asks("contact.seen", "after", "2026-11-27")
    seen = {"seen": "2026-11-27T23:30:00Z"}
    assert not result(late, contact=seen)
    assert result(late, zone="Europe/Berlin", contact=seen)
    autumn = asks("contact.seen", "lte", "2026-10-25")
    assert result(autumn, zone="Europe/Berlin", contact={"seen": "2026-10-25T22:59:00Z"})
    assert not result(autumn, zone="Europe/Berlin", contact={"seen": "2026-10-25T23:00:00Z"})


def test_a_field_is_compared_with_another():
    raw = {"field": "contact.spent", "op": "gt", "ref": "event.limit"}
    assert result(raw, contact={"spent": 5}, values={"event": {"limit": 4.5}})
    assert not result(raw, contact={"spent": 5}, values={"event": {"limit": "4"}})
    assert not result(raw, contact={"spent": 5})


def test_events_are_counted_by_name_time_step_and_data():
    events = [
        Occurrence("order.paid", NOW - timedelta(days=days), {"total": 10 * days}, of="mail1") for days in (1, 2, 3)
    ]
    ask = {"event": "order.paid", "op": "happened"}
    assert result(ask, events=events)
    assert not result(ask | {"within": "23h"}, events=events)
    assert result(ask | {"within": "24h"}, events=events)
    assert result(ask | {"op": "count_gte", "value": 3}, events=events)
    assert not result(ask | {"op": "count_gte", "value": 4}, events=events)
    assert result(ask | {"of": "mail2", "op": "not_happened"}, events=events)
    assert result(ask | {"match": asks("it.total", "gt", 25)}, events=events)
    assert not result(ask | {"match": asks("it.total", "gt", 30)}, events=events)


def test_the_trace_says_why():
    raw = {"all": [asks("contact.age", "gt", 17), {"not": {"tag": "vip"}}, {"group": "shop", "op": "not_in"}]}
    facts = Facts(NOW, {"contact": {"age": "18"}}, tags=["vip"])
    trace = evaluate(parse_condition(raw), facts)
    assert not trace.result
    assert trace.why == "1 of 3 are true"
    assert [(part.pointer, part.result) for part in trace.parts] == [
        ("/all/0", False),
        ("/all/1", False),
        ("/all/2", True),
    ]
    assert trace.parts[0].why == "wrong type: it is a text, and is compared with a number"
    assert trace.parts[1].parts[0].why == "has the tag"


AUTOMATION = {
    "event": {"total": 120, "items": ["a"]},
    "vars": {"limit": 100, "name": "x"},
    "steps": {"mail1": {"state": "failed"}, "crm": {"body": {"id": 7}}},
    "run": {"key": "A1"},
    "it": {"order_id": "A1"},
}


@pytest.mark.parametrize(
    ("raw", "expected", "reason", "question", "why"),
    [
        (asks("event.total", "gt", 100), True, "compared", "event.total gt 100", "it is 120"),
        (asks("event.total", "gt", "2026-01-01"), False, "wrong_type", "event.total gt '2026-01-01'", None),
        (asks("event.total", "within_last", "1d"), False, "wrong_type", "event.total within_last '1d'", None),
        (asks("event.totals", "ne", 1), False, "missing", "event.totals ne 1", "event.totals is missing"),
        (asks("event.totals", "missing"), True, "compared", "event.totals missing", "it is missing"),
        (asks("steps.mail1.state", "in", ["failed", "rejected"]), True, "compared", None, "it is 'failed'"),
        (asks("steps.crm.body.id", "eq", 7), True, "compared", "steps.crm.body.id eq 7", "it is 7"),
        (
            {"field": "event.total", "op": "gt", "ref": "vars.limit"},
            *(True, "compared", "event.total gt vars.limit", "it is 120; vars.limit is 100"),
        ),
        ({"field": "event.total", "op": "gt", "ref": "vars.no"}, False, "missing", None, "vars.no is missing"),
        ({"field": "event.total", "op": "gt", "ref": "vars.name"}, False, "wrong_type", None, None),
        ({"tag": "vip", "op": "has_not"}, True, "compared", "no tag 'vip'", "does not have the tag"),
        ({"group": "shop"}, False, "compared", "in group 'shop'", "is not in the group"),
        ({"suppressed": "sms"}, False, "compared", "suppressed on sms", "is not suppressed"),
        (
            {"event": "message.opened", "op": "count_gte", "value": 2, "of": "mail1", "within": "3d"},
            *(False, "compared", "message.opened count_gte 2 of mail1 within 3d", "it happened once"),
        ),
    ],
)
def test_a_leaf_says_what_it_asked_and_what_it_met(raw, expected, reason, question, why):
    happened = [Occurrence("message.opened", NOW - timedelta(days=1), of=step) for step in ("mail1", "mail2")]
    trace = evaluate(parse_condition(raw), Facts(NOW, AUTOMATION, events=happened))
    assert (trace.result, trace.reason) == (expected, reason)
    assert question in (None, trace.asked)
    assert why in (None, trace.why)


def test_a_match_is_asked_of_the_event_that_is_there():
    raw = {"field": "it.order_id", "op": "eq", "ref": "run.key"}
    match = parse_condition(raw, roots=(*ROOTS, "it"), only_fields=True)
    assert evaluate(match, Facts(NOW, AUTOMATION)).result
    assert not evaluate(match, Facts(NOW, AUTOMATION | {"it": {"order_id": "B2"}})).result
    with pytest.raises(InvalidError, match="a match asks for fields"):
        parse_condition({"any": [raw, {"tag": "vip"}]}, roots=(*ROOTS, "it"), only_fields=True)


@pytest.mark.parametrize(
    ("raw", "code", "at"),
    [
        ([], "condition_kind", ""),
        ({}, "condition_kind", ""),
        ({"tag": "a", "group": "b"}, "condition_kind", ""),
        ({"all": []}, "condition_size", "/all"),
        ({"all": [{"tag": "a"}] * 21}, "condition_size", "/all"),
        ({"not": {"tag": "a"}, "x": 1}, "condition_member", "/x"),
        ({"any": [{"tag": ""}]}, "condition_value", "/any/0/tag"),
        ({"tag": "a\x00"}, "condition_value", "/tag"),
        ({"tag": "a", "op": "in"}, "condition_op", "/op"),
        ({"suppressed": "fax"}, "condition_value", "/suppressed"),
        ({"suppressed": ["sms"]}, "condition_value", "/suppressed"),
        (asks("contact.x", "matches", "a"), "condition_op", "/op"),
        ({"field": "contact.x", "op": ["eq"], "value": 1}, "condition_op", "/op"),
        (asks("x", "eq", "a"), "condition_field", "/field"),
        (asks("contact.a.b", "eq", "a"), "condition_field", "/field"),
        (asks("it.a", "eq", "a"), "condition_field", "/field"),
        (asks("contact.x", "eq"), "condition_value", ""),
        ({"field": "contact.x", "op": "eq", "value": None}, "condition_value", "/value"),
        ({"field": "contact.x", "op": "exists", "value": 1}, "condition_value", "/value"),
        ({"field": "contact.x", "op": "in", "ref": "contact.y"}, "condition_value", "/ref"),
        (asks("contact.x", "eq", float("nan")), "condition_value", "/value"),
        (asks("contact.x", "eq", 10**30), "condition_value", "/value"),
        (asks("contact.x", "eq", "x" * 1001), "condition_value", "/value"),
        (asks("contact.x", "gt", "abc"), "condition_value", "/value"),
        (asks("contact.x", "gt", True), "condition_value", "/value"),
        (asks("contact.x", "between", [1, "2026-01-01"]), "condition_value", "/value"),
        (asks("contact.x", "before", "2026-02-29"), "condition_value", "/value"),
        (asks("contact.x", "within_last", "9999999d"), "condition_value", "/value"),
        (asks("contact.x", "within_last", "999999w"), "condition_value", "/value"),
        (asks("contact.created_at", "eq", "2026-01-01"), "condition_op", "/op"),
        ({"event": "Order Paid", "op": "happened"}, "condition_field", "/event"),
        ({"event": "a"}, "condition_op", "/op"),
        ({"event": "a", "op": "count_gte"}, "condition_value", "/value"),
        ({"event": "a", "op": "happened", "value": 2}, "condition_value", "/value"),
        ({"event": "a", "op": "count_gte", "value": True}, "condition_value", "/value"),
        ({"event": "a", "op": "happened", "of": "mail1"}, "condition_field", "/of"),
        ({"event": "a", "op": "happened", "match": {"tag": "b"}}, "condition_kind", "/match"),
    ],
)
def test_a_fault_is_named_with_its_place(raw, code, at):
    with pytest.raises(InvalidError) as refused:
        parse_condition(raw, roots=OF_CONTACTS)
    assert [(fault.code, fault.pointer) for fault in refused.value.fields] == [(code, f"/condition{at}")]


def test_every_fault_is_named():
    with pytest.raises(InvalidError) as refused:
        parse_condition({"any": [{"tag": 1}, {"not": {"group": 2}}, {"tag": "good"}]}, at="")
    assert [fault.pointer for fault in refused.value.fields] == ["/any/0/tag", "/any/1/not/group"]


def test_depth_and_number_are_bounded():
    raw: dict[str, Any] = {"tag": "a"}
    for _ in range(5):
        raw = {"not": raw}
    parse_condition(raw)
    with pytest.raises(InvalidError, match="stand in each other"):
        parse_condition({"not": raw})
    fifty = {"all": [{"any": [{"tag": "a"}] * 10}] * 5}
    parse_condition(fifty)
    with pytest.raises(InvalidError, match="at most 50"):
        parse_condition({"any": [fifty, {"tag": "b"}]})


def test_the_stored_form_reads_back_as_the_same():
    raw = {
        "all": [
            {
                "any": [
                    asks("contact.city", "in", ["Oslo", 1, True]),
                    {"field": "contact.a", "op": "eq", "ref": "run.id"},
                ]
            },
            {"event": "order.paid", "op": "count_gte", "within": "3d", "match": asks("it.x", "exists"), "value": 2},
            {"not": {"tag": "a", "op": "has_not"}},
            {"group": "g"},
            {"suppressed": "sms"},
        ]
    }
    condition = parse_condition(raw)
    assert as_json(condition) == raw
    assert parse_condition(as_json(condition)) == condition
    assert events_in(condition) == {"order.paid"}
