"""Bodies of webhooks become values of contacts and data of events, whatever their shape."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.automations.definition.triggers import BodyMap
from domain.automations.mapping import map_body, unfold
from domain.errors import InvalidError

SHOP = {
    "id": 991,
    "total": "129.95",
    "customer": {"email": " ada@example.com ", "phone": 15555550123, "first_name": "Ada", "address": {"city": "Bonn"}},
    "items": [{"sku": "a", "price": 5.5}, {"sku": "b"}],
    "tags.old": "x",
}
RULES = BodyMap(
    email="/customer/email",
    phone="customer.phone",
    fields={"first_name": "/customer/first_name", "last_sku": "/items/1/sku", "old": "tags.old"},
    event={"order_id": "/id", "city": "customer.address.city"},
)


def test_flat_bodies_of_the_contract_need_no_map():
    body = {"email": "a@example.com", "phone": "+15555550123", "first_name": "A", "order_id": "A1", "amount": "129.95"}
    mapped = map_body(body)
    assert mapped.contact == {"email": "a@example.com", "phone": "+15555550123"}
    assert mapped.fields == {"first_name": "A"}
    assert mapped.event == {"order_id": "A1", "amount": "129.95"}


def test_nested_bodies_are_mapped_by_pointers_and_dots_and_the_rest_stays():
    before = deepcopy(SHOP)
    mapped = map_body(SHOP, RULES)
    assert mapped.contact == {"email": "ada@example.com", "phone": "15555550123"}
    assert mapped.fields == {"first_name": "Ada", "last_sku": "b", "old": "x"}
    assert mapped.event == {"order_id": 991, "city": "Bonn", "total": "129.95", "items": SHOP["items"]}
    assert mapped.problems == ()
    assert before == SHOP


def test_values_keep_their_types():
    body = {"a": "007", "b": 7, "c": 7.5, "d": True, "e": None, "f": ""}
    mapped = map_body(body, BodyMap(fields={name: f"/{name}" for name in body}))
    assert mapped.fields == {"a": "007", "b": 7, "c": 7.5, "d": True}
    assert mapped.event == {"e": None, "f": ""}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (["a"], "value_type"),
        ({"a": 1}, "value_type"),
        (1.5, "value_type"),
        (True, "value_type"),
        ("x" * 321, "too_long"),
    ],
)
def test_what_cannot_be_an_address_is_left_out_and_said(value, code):
    mapped = map_body({"email": value, "phone": "+1"})
    assert mapped.contact == {"phone": "+1"}
    assert [(one.pointer, one.code) for one in mapped.problems] == [("/email", code)]
    assert mapped.event == {"email": value}


@pytest.mark.parametrize("value", [["a"], {"a": 1}, float("inf"), 2**63, "x" * 2001])
def test_what_no_field_can_hold_is_left_out_and_said(value):
    mapped = map_body({"a": {"b~/": value}}, BodyMap(fields={"x": "/a/b~0~1"}))
    assert mapped.fields == {}
    assert [one.pointer for one in mapped.problems] == ["/a/b~0~1"]


@pytest.mark.parametrize(
    "rule", ["/nobody", "/customer/email/x", "/items/7/sku", "/items/01/sku", "/items/-1", "", "/", "a..b"]
)
def test_a_rule_that_leads_nowhere_finds_nothing(rule):
    assert map_body(SHOP, BodyMap(email=rule)).contact == {}


@pytest.mark.parametrize("body", [[], "a", None, 5])
def test_a_body_is_an_object(body):
    with pytest.raises(InvalidError, match="object"):
        map_body(body)


def test_too_much_data_is_refused():
    assert map_body({"a": "x" * 65_000}).event
    with pytest.raises(InvalidError) as raised:
        map_body({"a": "x" * 66_000})
    assert raised.value.code == "event_size"
    deep: Any = 1
    for _ in range(5_000):
        deep = [deep]
    with pytest.raises(InvalidError) as raised:
        map_body({"a": deep})
    assert raised.value.code == "webhook_body"


def test_forms_are_unfolded():
    pairs = [
        *(("email", "a@example.com"), ("customer[name][first]", "Ada"), ("customer[city]", "Bonn")),
        *(
            ("tags[]", "a"),
            ("tags[]", "b"),
            ("size", "S"),
            ("size", "M"),
            ("email[x]", "no"),
            ("a[", "1"),
            ("b[][c]", "2"),
        ),
    ]
    assert unfold(pairs) == {
        "email": "a@example.com",
        "customer": {"name": {"first": "Ada"}, "city": "Bonn"},
        "tags": ["a", "b"],
        "size": ["S", "M"],
        "email[x]": "no",
        "a[": "1",
        "b[][c]": "2",
    }
    with pytest.raises(InvalidError):
        unfold((f"a{n}", "") for n in range(1_001))
    with pytest.raises(InvalidError):
        unfold([("a", "\x00")])


names = st.text(st.sampled_from("ab[].~/"), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=10,
)
rules = st.one_of(names, names.map(lambda name: "/" + name))


@given(st.lists(st.tuples(names, st.text(max_size=3)), max_size=8))
def test_any_form_becomes_an_object(pairs):
    try:
        found = unfold(pairs)
    except InvalidError:
        return
    assert bool(found) == bool(pairs)


@given(st.dictionaries(names, values, max_size=4), st.lists(rules, min_size=4, max_size=4))
def test_any_body_is_mapped_or_refused(body, paths):
    by_name = BodyMap(paths[0], paths[1], fields={"x": paths[2]}, event={"y": paths[3]})
    before = deepcopy(body)
    try:
        mapped = map_body(body, by_name)
    except InvalidError:
        return
    assert all(isinstance(value, str) and value for value in mapped.contact.values())
    assert all(isinstance(value, str | int | float | bool) for value in mapped.fields.values())
    assert repr(before) == repr(body)


ANSWERS = {
    "answers": [
        {"type": "number", "number": 12},
        "odd",
        {"type": ["email"], "email": "list@example.com"},
        {"type": "email", "email": "ada@example.com"},
        {"type": "email", "email": "bob@example.com"},
    ],
    "[type=email]": {"email": "named@example.com"},
}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("/answers/[type=email]/email", "ada@example.com"),
        ("answers.[type=email].email", "ada@example.com"),
        ("/[type=email]/email", "named@example.com"),
        ("/answers/[type=phone]/email", None),
        ("/answers/[type=email]/none", None),
        ("/answers/[type]/email", None),
        ("/answers/[type=email", None),
        ("/answers/[=email]/email", None),
        ("/answers/[[type=email]]/email", None),
    ],
)
def test_a_place_goes_through_the_first_object_of_a_list_that_has_a_text(rule: str, expected: str | None):
    assert map_body(ANSWERS, BodyMap(email=rule)).contact.get("email") == expected


def test_of_several_places_the_first_that_has_a_value_counts():
    rules = BodyMap(email=["/a", "/b/c", "/d"], fields={"first_name": ["/x", "/y"]}, event={"id": ["/n", "/m"]})
    found = map_body({"a": "", "b": {"c": "ada@example.com"}, "d": "bob@example.com", "y": "Ada", "m": 7}, rules)
    assert (found.contact, found.fields) == ({"email": "ada@example.com"}, {"first_name": "Ada"})
    assert found.event == {"a": "", "d": "bob@example.com", "id": 7}
    assert map_body({}, rules).contact == {}
