"""Values of contacts are checked once, and have one form."""

import pytest

from domain.audience.contacts.values import FIELD_TYPES, InvalidValue, Terms, read_values, typed
from domain.errors import InvalidError

TERMS = Terms("DE", {"age": "number", "born": "date", "vip": "boolean", "seen": "time", "note": "text"}, {"news": 7})


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"email": " Ada@EXAMPLE.com "}, {"email": "Ada@example.com"}),
        ({"phone": "0171 1234567"}, {"phone": "+491711234567"}),
        ({"phone": "0664 1234567", "country": "at"}, {"phone": "+436641234567", "country": "AT"}),
        ({"whatsapp": 14155550123}, {"whatsapp": "+14155550123"}),
        ({"language": "pt_br"}, {"language": "pt-BR"}),
        ({"language": "ZH-hant-tw"}, {"language": "zh-Hant-TW"}),
        ({"language": "es-419"}, {"language": "es-419"}),
        ({"time_zone": "europe/berlin"}, {"time_zone": "Europe/Berlin"}),
        ({"first_name": " Zoe\u0308 "}, {"first_name": "Zoë"}),
        ({"last_name": None}, {"last_name": None}),
        ({"tags": ["b", " a", "a"]}, {"tags": ["a", "b"]}),
        ({"tags": None, "groups": None}, {"tags": [], "groups": []}),
        ({"groups": ["news", "news"]}, {"groups": [7]}),
        ({"fields": {"age": 4.5, "vip": None}}, {"fields": {"age": 4.5, "vip": None}}),
        ({"fields": {"born": "2000-02-29"}}, {"fields": {"born": "2000-02-29"}}),
        ({"fields": {"seen": "2026-12-31T23:59:00+02:00"}}, {"fields": {"seen": "2026-12-31T21:59:00+00:00"}}),
    ],
)
def test_a_value_is_stored_in_one_form(given, read):
    assert read_values(given, TERMS) == read


@pytest.mark.parametrize(
    ("given", "pointer", "code"),
    [
        ({"email": "ada"}, "/email", "email_invalid"),
        ({"phone": "call me"}, "/phone", "number_characters"),
        ({"phone": "+49 12"}, "/phone", "number_invalid"),
        ({"first_name": "a\nb"}, "/first_name", "characters"),
        ({"first_name": "a\x00b"}, "/first_name", "characters"),
        ({"last_name": "\u202egpj.exe"}, "/last_name", "characters"),
        ({"last_name": "\ud800"}, "/last_name", "characters"),
        ({"last_name": "  "}, "/last_name", "empty"),
        ({"external_id": "x" * 201}, "/external_id", "too_long"),
        ({"language": "german language"}, "/language", "language"),
        ({"country": "XX"}, "/country", "country"),
        ({"country": "Germany"}, "/country", "country"),
        ({"time_zone": "../../etc/passwd"}, "/time_zone", "time_zone"),
        ({"time_zone": "CEST"}, "/time_zone", "time_zone"),
        ({"tags": ["ok", "no\tgood"]}, "/tags/1", "characters"),
        ({"tags": ["x" * 101]}, "/tags/0", "too_long"),
        ({"tags": [str(n) for n in range(51)]}, "/tags", "too_many"),
        ({"groups": ["none"]}, "/groups/0", "group_unknown"),
        ({"fields": {"shoe": 1}}, "/fields/shoe", "field_unknown"),
        ({"fields": {"a/b~c": 1}}, "/fields/a~1b~0c", "field_unknown"),
        ({"fields": {"age": "4"}}, "/fields/age", "field_type"),
        ({"fields": {"note": {"$gt": 1}}}, "/fields/note", "field_type"),
        ({"fields": {"note": "x" * 2001}}, "/fields/note", "too_long"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(given, pointer, code):
    with pytest.raises(InvalidError) as refused:
        read_values(given, TERMS)
    assert [(each.pointer, each.code) for each in refused.value.fields] == [(pointer, code)]


def test_all_faults_are_told_at_once_where_they_stand():
    with pytest.raises(InvalidError) as refused:
        read_values({"phone": "x", "country": "XX", "tags": ["\n", "ok"]}, TERMS, None, "contacts", 3)
    places = [each.pointer for each in refused.value.fields]
    assert sorted(places) == ["/contacts/3/country", "/contacts/3/phone", "/contacts/3/tags/0"]


WRONG = {
    "text": [1, True, None, [], {}, "\x00", "\ud800"],
    "number": ["1", True, None, float("nan"), float("inf"), 2**63, -(2**64), []],
    "boolean": [0, 1, "true", None],
    "date": [
        "2026-02-29",
        "2026-1-1",
        "20260101",
        "1899-12-31",
        "2200-01-01",
        20260101,
        "2026-12-31T00:00:00Z",
        "٢٠٢٦-٠١-٠١",
    ],
    "time": [
        "2026-12-31",
        "2026-12-31T23:59:59",
        "2026-12-31T25:00:00Z",
        "0001-01-01T00:00:00+14:00",
        1,
        "2026-12-31 10:00:00Z",
    ],
}


@pytest.mark.parametrize(("type_", "value"), [(type_, value) for type_ in FIELD_TYPES for value in WRONG[type_]])
def test_a_value_of_another_type_is_refused(type_, value):
    with pytest.raises(InvalidValue):
        typed(value, type_)
