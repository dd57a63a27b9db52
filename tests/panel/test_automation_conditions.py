"""Conditions of automations as lines of a form."""

from typing import Any

import pytest

from panel.automations.forms.conditions import NotReadable, condition_of, edited, entered, lines_of
from panel.http.forms import Form

CITY = {"field": "contact.city", "op": "eq", "value": "Berlin"}
LARGE = {"field": "event.total", "op": "gt", "value": 50}
SAME = {"field": "it.order_id", "op": "eq", "ref": "run.key"}
TYPES = {"contact.zip": "text", "contact.city": "text"}


@pytest.mark.parametrize(
    "condition",
    [
        CITY,
        SAME,
        {"not": CITY},
        {"all": [CITY, LARGE]},
        {"any": [CITY, {"tag": "vip"}, {"group": "staff", "op": "not_in"}, {"suppressed": "sms"}]},
        {"not": {"any": [CITY, LARGE]}},
        {"all": [CITY, {"any": [LARGE, {"tag": "vip"}]}, {"not": {"any": [{"tag": "a"}, {"tag": "b"}]}}]},
        {"all": [{"any": [LARGE, {"tag": "vip"}]}, {"any": [CITY, {"tag": "b"}]}]},
        {"event": "message.opened", "op": "happened", "of": "mail1", "within": "2d"},
        {"event": "order.paid", "op": "count_gte", "value": 3},
        {"field": "event.code", "op": "eq", "value": "007"},
        {"field": "event.code", "op": "eq", "value": "5"},
        {"field": "event.code", "op": "in", "value": ["5", 5, "x"]},
        {"field": "event.paid", "op": "eq", "value": True},
        {"field": "contact.zip", "op": "eq", "value": "10115"},
    ],
)
def test_what_lines_can_say_is_the_same_after_them(condition: Any):
    lines = lines_of(condition, TYPES)
    assert lines.text is None
    assert _in_order(condition_of(lines, TYPES)) == _in_order(condition)


@pytest.mark.parametrize(
    "condition",
    [
        {"all": [CITY, {"any": [LARGE, {"all": [CITY, {"tag": "vip"}]}]}]},
        {"event": "order.paid", "op": "happened", "match": {"field": "it.total", "op": "gt", "value": 5}},
        {"field": "contact.age", "op": "unheard of", "value": 5},
        "no condition",
        {"all": "nonsense"},
        {"any": []},
    ],
)
def test_what_lines_cannot_say_is_written_as_it_is(condition: Any):
    lines = lines_of(condition, TYPES)
    assert lines.text is not None
    assert condition_of(lines, TYPES) == condition


def test_a_number_in_a_text_field_stays_a_text():
    form = Form(values={"x.join.0": "all"})
    assert condition_of(entered(form, "x"), {}) is None
    lines = lines_of({"field": "contact.zip", "op": "eq", "value": "1"}, TYPES)
    lines.groups[0].rows[0]["value"] = "10115"
    assert condition_of(lines, TYPES)["value"] == "10115"
    assert condition_of(lines, {})["value"] == 10115


def test_lines_and_groups_come_and_go():
    lines = edited(lines_of(CITY, TYPES), "add.0.tag")
    lines.groups[0].rows[1]["value"] = "vip"
    lines = edited(edited(lines, "group"), "nonsense.7")
    lines.groups[1].rows[0] |= {"field": "event.total", "op": "gt", "value": "50"}
    assert condition_of(lines, TYPES) == {"all": [CITY, {"tag": "vip"}, LARGE]}
    assert condition_of(edited(lines, "remove.0.0"), TYPES) == {"all": [{"tag": "vip"}, LARGE]}
    assert condition_of(edited(lines, "ungroup.1"), TYPES) == {"tag": "vip"}
    as_text = edited(lines, "json")
    assert as_text.text is not None
    assert condition_of(as_text, TYPES) == {"tag": "vip"}
    assert condition_of(edited(as_text, "clear"), TYPES) is None


def test_what_is_no_json_is_named_by_its_field():
    lines = lines_of({"any": []}, TYPES)
    lines.text = "{"
    with pytest.raises(NotReadable) as caught:
        condition_of(lines, TYPES, "f.if")
    assert caught.value.name == "f.if"


def _in_order(condition: Any) -> Any:
    if isinstance(condition, dict):
        return {key: _in_order(value) for key, value in condition.items()}
    return sorted(map(_in_order, condition), key=str) if isinstance(condition, list) else condition
