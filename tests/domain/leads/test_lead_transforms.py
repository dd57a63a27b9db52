"""What rules do with a value, and numbers as people type them."""

from typing import Any

import pytest

from domain.leads.numbers import typed_number
from domain.leads.transforms import Unfit, read_transforms, split_name, transformed
from domain.recipients import InvalidRecipient


def run(value: str, *given: Any, country: str | None = "DE") -> str:
    steps, faults = read_transforms(list(given), "")
    assert not faults
    return transformed(value, steps, country)


@pytest.mark.parametrize(
    ("value", "given", "expected"),
    [
        (" Ada ", ["trim"], "Ada"),
        (" aDa lovelace", ["trim", "title"], "Ada Lovelace"),
        ("STRASSE", ["lower"], "strasse"),
        ("straße", ["upper"], "STRASSE"),
        ("0151 23456789", ["e164"], "+4915123456789"),
        ("06 12 34 56 78", [{"e164": "FR"}], "+33612345678"),
        ("1.2.2026", [{"date": "DD.MM.YYYY"}], "2026-02-01"),
        ("12/31/26", [{"date": "MM/DD/YY"}], "2026-12-31"),
        ("100% 2026-12-31", [{"date": "100% YYYY-MM-DD"}], "2026-12-31"),
        ("31.12.2026 09:05", [{"date": "DD.MM.YYYY HH:mm"}], "2026-12-31T09:05:00+00:00"),
        (" JA ", [{"map": {"ja": "yes", "nein": "no"}}], "yes"),
        ("ja", [{"map": {"Ja": "yes"}}, "upper"], "YES"),
        ("perhaps", [{"map": {"ja": "yes"}}], "perhaps"),
    ],
)
def test_transforms(value, given, expected):
    assert run(value, *given) == expected


@pytest.mark.parametrize(
    ("value", "given"),
    [
        ("call me", "e164"),
        ("31.02.2026", {"date": "DD.MM.YYYY"}),
        ("2026-12-31", {"date": "DD.MM.YYYY"}),
        ("x" * 5000, {"date": "YYYY-MM-DD"}),
    ],
)
def test_value_that_cannot_be_transformed_is_refused_without_being_told(value, given):
    with pytest.raises(Unfit) as refused:
        run(value, given)
    assert value not in str(refused.value)


@pytest.mark.parametrize(
    "given",
    [
        *("TRIM", "", None, 1, [], {}, {"trim": 1}, {"trim": None}, {"e164": "Germany"}, {"e164": None}),
        *({"date": form} for form in ("", "YYYY", "MM.YYYY", "YYYY-MM-DD YYYY", "YY YYYY-MM-DD", "YYYY-MM-DD" * 5, 7)),
        *({"map": table} for table in ([], {"a": 1}, {"a": "x" * 2001}, {str(n): "" for n in range(201)})),
        {"e164": "DE", "date": "YYYY-MM-DD"},
    ],
)
def test_transforms_that_are_none_are_refused(given):
    steps, faults = read_transforms(["trim", given], "/at")
    assert steps == (("trim", None),)
    assert [fault.pointer for fault in faults] == ["/at/1"]


@pytest.mark.parametrize(
    ("whole", "parts"),
    [
        ("Ada Lovelace", ("Ada", "Lovelace")),
        ("  Ada   King  Lovelace ", ("Ada", "King  Lovelace")),
        ("Lovelace, Ada", ("Ada", "Lovelace")),
        ("Ada,", ("Ada,", "")),
        ("Ada", ("Ada", "")),
        ("", ("", "")),
    ],
)
def test_whole_names_are_split(whole, parts):
    assert split_name(whole) == parts


@pytest.mark.parametrize(
    ("typed", "country", "number"),
    [
        ("0151/23456789", "DE", "+4915123456789"),
        ("+49 (0)151 23456789", None, "+4915123456789"),
        ("0049 (0) 151-234567-89", None, "+4915123456789"),
        ("(0)151 23456789", "DE", "+4915123456789"),
        ("\u202a+49\u00a0151\u2013234567\u201189\u202c", None, "+4915123456789"),
        ("＋４９１５１２３４５６７８９", None, "+4915123456789"),
        ("٠١٠٠١٢٣٤٥٦٧", "EG", "+201001234567"),
        ("tel:+4915123456789", None, "+4915123456789"),
        ("Tel.: 0151 23456789", "DE", "+4915123456789"),
        ("WhatsApp: +4915123456789", None, "+4915123456789"),
    ],
)
def test_numbers_as_people_type_them(typed, country, number):
    assert typed_number(typed, country) == number


@pytest.mark.parametrize("typed", ["", "-", "tel:", "0151 23456789 or 0152 23456789", "+1-800-FLOWERS", "²", "9" * 500])
def test_numbers_that_are_none(typed):
    with pytest.raises(InvalidRecipient):
        typed_number(typed, "DE")
