"""Rules say which answer of a form is which value of a contact."""

from typing import Any

import pytest

from domain.audience.contacts.values import Terms, read_values
from domain.errors import InvalidError
from domain.leads.mapping import MOST_RULES, MappedLead, map_lead, parse_rules, shown_rules
from domain.leads.raw import Answer, Disclaimer, RawLead

BODY = {
    "id": "1",
    "field_data": [{"name": "email", "values": ["Ada@Example.com"]}, {"name": "plan", "values": [7]}],
    "utm": {"source": "news~letter", "a/b": ["x", "y", ["z"]], "none": None, "box": True},
}


def lead(*answers: tuple[Any, ...], boxes: tuple[Disclaimer, ...] = ()) -> RawLead:
    """``answers``: name, value or values, and what was asked."""
    read = [
        Answer(name, label[0] if label else None, (said,) if isinstance(said, str) else tuple(said))
        for name, said, *label in answers
    ]
    return RawLead("1", None, "form-1", tuple(read), boxes, {}, is_test=False)


def mapped(raw: RawLead, *rules: dict[str, Any], country: str | None = "DE", **fields: str) -> MappedLead:
    return map_lead(raw, BODY, parse_rules(list(rules)), country, fields or None)


def rule(from_: str | list[str], to: str, *transform: Any, **more: str) -> dict[str, Any]:
    return {"from": from_, "to": to} | ({"transform": list(transform)} if transform else {}) | more


def test_answers_become_values_of_a_contact_and_the_rest_is_kept():
    raw = lead(
        ("EMAIL", " Ada@Example.com "),
        ("phone_number", "0151 23456789"),
        ("full_name", "Ada King Lovelace"),
        ("budget", "1200"),
        ("which_roof?", ("flat", "steep")),
        ("when", ()),
    )
    found = mapped(
        raw,
        rule("email", "email"),
        rule("phone_number", "phone"),
        rule("full_name", "first_name", "split_name"),
        rule("budget", "field:budget"),
        budget="number",
    )
    assert found.values == {
        "email": "Ada@example.com",
        "phone": "+4915123456789",
        "first_name": "Ada",
        "last_name": "King Lovelace",
        "fields": {"budget": 1200},
    }
    assert found.answers == {"which_roof?": ["flat", "steep"]}
    assert found.problems == ()
    assert read_values(found.values, Terms("DE", {"budget": "number"})) == found.values


@pytest.mark.parametrize("said", ["what_is_your_budget", "What is your budget?", " WHAT-IS  your_Budget * ", "q7"])
def test_answer_is_found_by_its_name_and_by_what_was_asked(said):
    found = mapped(lead(("q7", "5", "What is your budget?")), rule(said, "field:budget"))
    assert found.values == {"fields": {"budget": "5"}}
    assert found.answers == {}


def test_name_of_an_answer_goes_before_what_another_one_asks():
    raw = lead(("q1", "no address", "email"), ("email", "a@example.com"))
    assert mapped(raw, rule("email", "email")).values == {"email": "a@example.com"}


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("/field_data/1/values/0", "7"),
        ("/utm/source", "news~letter"),
        ("/utm/a~1b", "x, y"),
        ("/utm/box", "true"),
        *((none, None) for none in ("/utm/none", "/utm", "/field_data/9/name", "/field_data/x", "/")),
    ],
)
def test_value_is_found_at_a_place_of_the_raw_lead(place, value):
    found = mapped(lead(), rule(place, "field:x")).values.get("fields", {})
    assert found.get("x") == value


def test_of_several_places_the_first_counts_that_has_a_value():
    raw = lead(("a", ()), ("b", "b@example.com"), ("c", "c@example.com"))
    assert mapped(raw, rule(["a", "/none", "b", "c"], "email")).values == {"email": "b@example.com"}


def test_of_several_rules_the_first_counts_and_the_answers_of_the_others_are_kept():
    raw = lead(("work", "w@example.com"), ("home", "h@example.com"), ("x", "1"), ("y", "2"))
    found = mapped(
        raw, rule("work", "email"), rule("home", "email"), rule("x", "field:n"), rule("y", "field:n", default="3")
    )
    assert found.values == {"email": "w@example.com", "fields": {"n": "1"}}
    assert found.answers == {"home": "h@example.com", "y": "2"}


@pytest.mark.parametrize(
    ("to", "unfit", "code"),
    [
        ("email", "ada at example", "email_invalid"),
        ("phone", "none", "number_characters"),
        ("whatsapp", "99", "number_invalid"),
        ("country", "Atlantis", "country"),
        ("language", "the usual one", "language"),
        ("time_zone", "Mars/Base", "time_zone"),
        ("first_name", "A" * 201, "too_long"),
        ("external_id", "a\u202eb", "characters"),
        ("tag", "t" * 101, "too_long"),
        ("field:size", "big", "field_type"),
        ("field:gone", "x", "field_unknown"),
    ],
)
def test_value_that_cannot_be_used_is_left_out_and_stays_an_answer(to, unfit, code):
    raw = lead(("a/b", unfit), ("mail", "a@example.com"))
    rules = (rule("a/b", to),) if to == "email" else (rule("a/b", to), rule("mail", "email"))
    found = mapped(raw, *rules, size="number")
    [problem] = found.problems
    assert (problem.pointer, problem.code) == ("/a~1b", code)
    assert unfit not in problem.message
    assert found.answers["a/b"] == unfit
    assert found.values == ({} if to == "email" else {"email": "a@example.com"})


def test_after_an_invalid_value_the_next_rule_counts():
    raw = lead(("phone", "see my page"), ("mobile", "0151 23456789"))
    found = mapped(raw, rule("phone", "phone"), rule("mobile", "phone"))
    assert found.values == {"phone": "+4915123456789"}
    assert [one.pointer for one in found.problems] == ["/phone"]


def test_default_counts_where_there_is_no_value_or_none_that_can_be_read():
    raw = lead(("born", "in May"))
    found = mapped(
        raw,
        rule("shop", "field:shop", default="Bonn"),
        rule("born", "field:born", {"date": "DD.MM.YYYY"}, default="1900-01-01"),
    )
    assert found.values == {"fields": {"shop": "Bonn", "born": "1900-01-01"}}
    assert found.problems == ()


def test_names_that_are_given_go_before_the_parts_of_a_whole_one():
    raw = lead(("first", "Ada"), ("whole", "Augusta Lovelace"))
    assert mapped(raw, rule("first", "first_name"), rule("whole", "first_name", "split_name")).values == {
        "first_name": "Ada",
        "last_name": "Lovelace",
    }


def test_numbers_are_read_as_dialled_in_the_country_that_the_lead_names():
    raw = lead(("phone", "06 12 34 56 78"), ("land", "fr"))
    assert mapped(raw, rule("phone", "phone"), rule("land", "country")).values == {
        "country": "FR",
        "phone": "+33612345678",
    }


def test_fields_get_values_of_their_types():
    raw = lead(("n", "12.5"), ("b", "Yes"), ("d", "31.12.2026"), ("t", "2026-12-31 10:00"), ("s", ("x", "y")))
    types = {"n": "number", "b": "boolean", "d": "date", "t": "time", "s": "text"}
    found = mapped(raw, *(rule(name, f"field:{name}") for name in types), **types)
    expected = {"n": 12.5, "b": True, "d": "2026-12-31", "t": "2026-12-31T10:00:00+00:00", "s": "x, y"}
    assert found.values["fields"] == expected
    assert read_values(found.values, Terms(fields=types))["fields"] == expected


def test_all_values_of_an_answer_are_tags():
    raw = lead(("roof", ("flat", "steep", "flat")), ("size", "L"))
    found = mapped(raw, rule("roof", "tag"), rule("size", "tag", {"map": {"l": "large"}}))
    assert found.tags == ("flat", "steep", "large")
    assert found.answers == {}


@pytest.mark.parametrize("place", ["news", "Send me news", ["gone", "NEWS"]])
@pytest.mark.parametrize("is_checked", [True, False])
def test_box_of_the_form_is_consent_with_its_text_as_proof(place, is_checked):
    found = mapped(lead(boxes=(Disclaimer("news", "Send me news", is_checked),)), rule(place, "consent:newsletter"))
    [consent] = found.consents
    assert (consent.purpose, consent.granted) == ("newsletter", is_checked)
    assert consent.evidence == {"disclaimer": "news", "checked": is_checked, "text": "Send me news"}


@pytest.mark.parametrize(
    ("said", "granted"),
    [
        *((agrees, True) for agrees in ("yes", " On ", "TRUE", "1", "Ja", "sí", "نعم", ("yes", "ja"))),
        *((refuses, False) for refuses in ("no", "0", "false", "later", "yes, but not by phone", ("yes", "no"))),
    ],
)
def test_answer_is_consent_if_it_agrees(said, granted):
    found = mapped(lead(("q3", said, "May we call?")), rule("q3", "consent:calls"))
    [consent] = found.consents
    assert consent.granted is granted
    assert consent.evidence == {"question": "May we call?", "answer": [said] if isinstance(said, str) else list(said)}
    assert found.answers == {}


def test_words_that_agree_can_be_named():
    raw = lead(("terms", "I agree to the terms of 2026"))
    found = mapped(raw, rule("terms", "consent:calls", {"map": {"i agree to the terms of 2026": "yes"}}))
    assert found.consents[0].granted
    assert found.consents[0].evidence["answer"] == ["I agree to the terms of 2026"]


def test_box_that_the_form_did_not_show_is_no_consent_and_no_refusal():
    found = mapped(lead(("other", "yes")), rule("news", "consent:newsletter"))
    assert found.consents == ()


def test_of_several_consents_to_a_purpose_the_first_counts():
    found = mapped(lead(("a", "no"), ("b", "yes")), rule("a", "consent:calls"), rule("b", "consent:calls"))
    assert [one.granted for one in found.consents] == [False]
    assert found.answers == {"b": "yes"}


def test_rules_are_written_back_as_they_were():
    given = [
        rule("email", "email", "trim", "lower"),
        rule(["/a/b", "Your phone?"], "phone", {"e164": "DE"}, default="+4930123456"),
        rule("x", "field:born", {"date": "DD.MM.YYYY"}, {"map": {"a": "b"}}),
    ]
    assert shown_rules(parse_rules(given)) == given


@pytest.mark.parametrize(
    ("given", "pointers"),
    [
        ("email", ["/mapping"]),
        ([rule("a", "tag")] * (MOST_RULES + 1), ["/mapping"]),
        (["email"], ["/mapping/0"]),
        ([{}], ["/mapping/0/from", "/mapping/0/to"]),
        ([rule("a", "tag"), rule("", "budget")], ["/mapping/1/from", "/mapping/1/to"]),
        ([rule("?", "tag")], ["/mapping/0/from"]),
        ([rule([], "tag")], ["/mapping/0/from"]),
        ([rule(["a"] * 11, "tag")], ["/mapping/0/from"]),
        ([rule("a" * 501, "tag")], ["/mapping/0/from"]),
        ([rule("a", "field:Size")], ["/mapping/0/to"]),
        ([rule("a", "consent:")], ["/mapping/0/to"]),
        ([rule("a", "tag\n")], ["/mapping/0/to"]),
        ([{"from": "a", "to": "tag", "form": 1, "x/y": 2}], ["/mapping/0/form", "/mapping/0/x~1y"]),
        ([{"from": "a", "to": "tag", "default": 1}], ["/mapping/0/default"]),
        ([rule("a", "tag", default="x" * 2001)], ["/mapping/0/default"]),
        ([{"from": "a", "to": "tag", "transform": "trim"}], ["/mapping/0/transform"]),
        ([rule("a", "tag", *["trim"] * 11)], ["/mapping/0/transform"]),
        ([rule("a", "tag", "trim", "shout", {"date": "then"})], ["/mapping/0/transform/1", "/mapping/0/transform/2"]),
        ([rule("a", "email", "split_name")], ["/mapping/0/transform"]),
        ([rule("a", "consent:news", default="yes")], ["/mapping/0/default"]),
    ],
)
def test_faults_of_rules_are_told_with_their_places(given, pointers):
    with pytest.raises(InvalidError) as refused:
        parse_rules(given)
    assert [fault.pointer for fault in refused.value.fields] == pointers
