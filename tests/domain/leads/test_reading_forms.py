"""What forms of all kinds send, read."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.leads.raw import Answer
from domain.leads.reading import form

TYPEFORM = {
    "event_id": "01",
    "event_type": "form_response",
    "form_response": {
        "form_id": "lT4Z3j",
        "token": "a3a12ec67a1365927098a606107fac15",
        "submitted_at": "2026-01-18T18:17:02Z",
        "hidden": {"utm_campaign": "Spring"},
        "definition": {
            "title": "Demo",
            "fields": [{"id": "q1", "title": "Your e-mail?"}, {"id": "q2", "title": "Where?"}, None],
        },
        "answers": [
            {"type": "email", "email": "ada@example.com", "field": {"id": "q1", "type": "email", "ref": "mail"}},
            {"type": "choices", "choices": {"labels": ["London", "Bonn"]}, "field": {"id": "q2"}},
            {"type": "choice", "choice": {"label": "red"}, "field": {"id": "q3"}},
            {"type": "boolean", "boolean": False, "field": {"id": "q4"}},
        ],
    },
}
TALLY = {
    "eventId": "a4",
    "eventType": "FORM_RESPONSE",
    "createdAt": "2026-06-28T15:00:21.889Z",
    "data": {
        "submissionId": "2wgx4n",
        "respondentId": "dwQKYm",
        "formId": "VwbNEw",
        "formName": "Demo",
        "createdAt": "2026-06-28T15:00:21Z",
        "fields": [
            {"key": "question_1", "label": "Your name", "type": "INPUT_TEXT", "value": "Ada"},
            {
                "key": "question_2",
                "label": "City",
                "type": "DROPDOWN",
                "value": ["b"],
                "options": [{"id": "a", "text": "Bonn"}, {"id": "b", "text": "London"}],
            },
            {"key": "question_3", "label": "CV", "type": "FILE_UPLOAD", "value": [{"id": "9", "name": "cv.pdf"}]},
            {"key": "question_4", "label": "Anything else?", "type": "TEXTAREA", "value": None},
        ],
    },
}
WEBFLOW = {
    "triggerType": "form_submission",
    "payload": {
        "name": "Contact us",
        "siteId": "65",
        "id": "6321ca84",
        "formId": "65429e",
        "submittedAt": "2026-09-14T12:35:16.117Z",
        "data": {"First Name": "Ada", "email": "ada@example.com"},
    },
}
ELEMENTOR = {
    "form": {"id": "3f1", "name": "Offer"},
    "fields": {
        "email": {"id": "email", "type": "email", "title": "E-Mail", "value": "ada@example.com", "raw_value": "x"},
        "field_1": {"id": "field_1", "title": "Budget", "value": "", "raw_value": ""},
    },
    "meta": {"remote_ip": {"title": "Remote IP", "value": "192.0.2.1"}},
}
HUBSPOT = {
    "submittedAt": "1517927174000",
    "fields": [{"objectTypeId": "0-1", "name": "email", "value": "ada@example.com"}, {"name": "tel", "value": 49170}],
    "context": {"pageUri": "https://example.com/offer"},
}
WORDPRESS = {
    "_wpcf7": "12",
    "your-name": "Ada",
    "your-email": "ada@example.com",
    "topics": ["roof", "", "wall"],
    "g-recaptcha-response": "03A",
    "form_id": "12",
    "utm_source": "ig",
    "gclid": "Cj0",
}


@pytest.mark.parametrize(
    ("body", "id_", "form_id", "time", "about", "answers"),
    [
        (
            TYPEFORM,
            "a3a12ec67a1365927098a606107fac15",
            "lT4Z3j",
            datetime(2026, 1, 18, 18, 17, 2, tzinfo=UTC),
            {"campaign_name": "Spring"},
            [
                Answer("mail", "Your e-mail?", ("ada@example.com",)),
                Answer("q2", "Where?", ("London", "Bonn")),
                Answer("q3", None, ("red",)),
                Answer("q4", None, ("false",)),
                Answer("utm_campaign", None, ("Spring",)),
            ],
        ),
        (
            TALLY,
            "2wgx4n",
            "VwbNEw",
            datetime(2026, 6, 28, 15, 0, 21, tzinfo=UTC),
            {"form_name": "Demo"},
            [
                Answer("question_1", "Your name", ("Ada",)),
                Answer("question_2", "City", ("London",)),
                Answer("question_3", "CV", ("cv.pdf",)),
                Answer("question_4", "Anything else?", ()),
            ],
        ),
        (
            WEBFLOW,
            "6321ca84",
            "65429e",
            datetime(2026, 9, 14, 12, 35, 16, 117000, tzinfo=UTC),
            {},
            [Answer("First Name", None, ("Ada",)), Answer("email", None, ("ada@example.com",))],
        ),
        (
            ELEMENTOR,
            "",
            "3f1",
            None,
            {"form_name": "Offer"},
            [Answer("email", "E-Mail", ("ada@example.com",)), Answer("field_1", "Budget", ())],
        ),
        (
            HUBSPOT,
            "",
            None,
            datetime(2018, 2, 6, 14, 26, 14, tzinfo=UTC),
            {},
            [Answer("email", None, ("ada@example.com",)), Answer("tel", None, ("49170",))],
        ),
        (
            WORDPRESS,
            "",
            "12",
            None,
            {"utm_source": "ig", "gcl_id": "Cj0"},
            [
                Answer("your-name", None, ("Ada",)),
                Answer("your-email", None, ("ada@example.com",)),
                Answer("topics", None, ("roof", "wall")),
                Answer("utm_source", None, ("ig",)),
                Answer("gclid", None, ("Cj0",)),
            ],
        ),
    ],
    ids=["typeform", "tally", "webflow", "elementor", "hubspot", "wordpress"],
)
def test_known_forms(body, id_, form_id, time, about, answers):
    lead = form.read(body)
    assert (lead.id, lead.form_id, lead.created_at, lead.about) == (id_, form_id, time, about)
    assert list(lead.answers) == answers
    assert not lead.is_test
    assert not lead.disclaimers


def said(body: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    return {one.name: one.values for one in form.read(body).answers}


def test_nested_names_have_dots_between():
    body = {"person": {"name": {"first": "Ada"}, "mails": ["a@example.com"]}, "items": [{"sku": 1, "n": 2.0}, "x"]}
    assert said(body) == {
        "person.name.first": ("Ada",),
        "person.mails": ("a@example.com",),
        "items.0.sku": ("1",),
        "items.0.n": ("2",),
        "items.1": ("x",),
    }


@pytest.mark.parametrize("name", ["key", "name", "label", "title"])
@pytest.mark.parametrize("value", ["value", "answer", "text"])
@pytest.mark.parametrize("around", ["fields", "answers", "questions"])
def test_lists_of_questions(name, value, around):
    body = {around: [{name: "E-mail", value: "a@example.com"}, {name: "Colours", value: ["red", "blue"]}]}
    assert said(body) == {"E-mail": ("a@example.com",), "Colours": ("red", "blue")}


def test_things_that_have_a_name_are_no_questions():
    body = {"contact": {"name": "Ada", "text": "hello", "email": "a@example.com"}, "guests": [{"name": "B", "age": 3}]}
    assert said(body) == {
        "contact.name": ("Ada",),
        "contact.text": ("hello",),
        "contact.email": ("a@example.com",),
        "guests.0.name": ("B",),
        "guests.0.age": ("3",),
    }


def test_answer_that_is_an_object_is_read_by_its_parts():
    body = {"fields": [{"key": "address", "label": "Where?", "value": {"city": "Bonn", "zip": "53111"}}]}
    assert said(body) == {"address.city": ("Bonn",), "address.zip": ("53111",)}


def test_form_that_sends_its_own_id_does_not_give_it_to_its_leads():
    assert form.read({"id": "form-7", "email": "a@example.com"}).id == ""
    assert form.read({"submission_id": 9007199254740993, "email": "a@example.com"}).id == "9007199254740993"


def test_questions_that_are_called_like_parts_of_a_body_are_read():
    assert said({"context": "I saw you", "form": "round", "meta": "x"}) == {
        "context": ("I saw you",),
        "form": ("round",),
        "meta": ("x",),
    }


def test_bodies_that_are_too_deep_or_too_large_are_read_as_far_as_they_go():
    deep: Any = "x"
    for _ in range(900):
        deep = {"a": deep}
    valued: Any = "x"
    for _ in range(300):
        valued = {"value": valued, "title": {}}
    many = {str(number): [{"name": "x", "value": str(number)}] for number in range(20_000)}
    answers = said({"email": "a@example.com", "deep": deep, "valued": valued} | many)
    assert answers["email"] == ("a@example.com",)
    assert len(answers["x"]) == 100
