"""Leads without an id are known by who sent which form on which day."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.leads.dedupe import key_of
from domain.leads.mapping import map_lead
from domain.leads.raw import Answer, RawLead
from domain.leads.suggesting import suggest

SOURCE, OTHER = UUID(int=1), UUID(int=2)
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def key(source: UUID = SOURCE, form: str | None = "f", at: datetime | None = NOON, **answers: str) -> str | None:
    raw = RawLead("", at, form, tuple(Answer(name, None, (said,)) for name, said in answers.items()), (), {}, False)
    return key_of(source, raw, map_lead(raw, {}, suggest(raw), "DE"), NOON)


def test_the_same_person_form_and_day_are_the_same_lead():
    known = key(phone="0151 23456789", email="a@example.com", message="one")
    assert known == key(phone="+49 (0)151/234567-89", message="two") == key(phone="0151 23456789", at=None)
    assert known == key(phone="0151 23456789", at=NOON + timedelta(hours=11))
    assert "23456789" not in str(known)


@pytest.mark.parametrize(
    "changed",
    [
        {"source": OTHER},
        {"form": None},
        {"at": NOON + timedelta(hours=12)},
        {"email": "b@example.com"},
        {"phone": "0151 23456780"},
    ],
)
def test_another_person_form_day_or_source_is_another_lead(changed):
    assert key(**({"email": "a@example.com"} | changed)) != key(email="a@example.com")


def test_lead_that_names_nobody_is_like_no_other():
    assert key(message="hello") is None
