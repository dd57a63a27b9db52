"""What Meta, Google and LinkedIn send of a lead, read."""

from datetime import UTC, datetime

import pytest

from domain.errors import InvalidError
from domain.leads.raw import Answer, Disclaimer
from domain.leads.reading import google, linkedin, meta
from domain.leads.reading.values import MOST_ANSWERS, MOST_TEXT, MOST_VALUES

META = {
    "id": 120243838401520764123,
    "created_time": "2026-08-14T12:30:05+0200",
    "form_id": "836971255412599",
    "ad_id": "120225411063300521",
    "ad_name": "Roofs, August",
    "adset_name": "Cologne",
    "campaign_id": 120225411063320521,
    "campaign_name": "Roofs",
    "is_organic": False,
    "platform": "ig",
    "field_data": [
        {"name": "full_name", "values": ["Jürgen  Groß"]},
        {"name": "phone_number", "values": ["+491701234567"]},
        {"name": "which_roof?", "values": ["flat", "steep"]},
        {"name": "when", "values": []},
    ],
    "custom_disclaimer_responses": [
        {"checkbox_key": "newsletter", "is_checked": "1"},
        {"checkbox_key": "calls", "is_checked": ""},
        {"checkbox_key": "sms", "is_checked": True},
    ],
}

GOOGLE = {
    "lead_id": "TeSter-" + "x" * 180,
    "api_version": "1.0",
    "form_id": 40000000000001,
    "campaign_id": "123456",
    "gcl_id": "EAIaIQobChMI",
    "adgroup_id": 9007199254740993,
    "creative_id": 0,
    "is_test": False,
    "lead_submit_time": "2026-09-26T12:30:00Z",
    "user_column_data": [
        {"column_id": "FULL_NAME", "column_name": "Full Name", "string_value": "Ada Lovelace"},
        {"column_id": "WORK_EMAIL", "column_name": "WORK_EMAIL", "string_value": "ada@example.com"},
        {"column_id": "Which dealership?", "string_value": "North"},
        {"column_name": "City", "string_value": "London"},
    ],
}

LINKEDIN = {
    "id": "52dcb737-26f9-4af3-b1fc-935b3e93f838-4",
    "owner": {"sponsoredAccount": "urn:li:sponsoredAccount:1232131"},
    "submitter": "urn:li:person:abc",
    "leadType": "SPONSORED",
    "leadMetadata": {"sponsoredLeadMetadata": {"campaign": "urn:li:sponsoredCampaign:32131231"}},
    "associatedEntity": {"associatedCreative": "urn:li:sponsoredCreative:369799186"},
    "versionedLeadGenFormUrn": "urn:li:versionedLeadGenForm:(urn:li:leadGenForm:3213,1)",
    "submittedAt": 1706741502694,
    "testLead": True,
    "form": {
        "id": 3213,
        "name": "Demo",
        "hiddenFields": [{"name": "region", "value": "emea"}],
        "content": {
            "questions": [
                {"questionId": 11, "predefinedField": "EMAIL", "question": {"localized": {"de_DE": "E-Mail-Adresse"}}},
                {
                    "questionId": "12",
                    "name": "Team size",
                    "question": {"localized": {"en_US": "How many are you?"}},
                    "questionDetails": {
                        "multipleChoiceQuestionDetails": {
                            "options": [{"id": 1, "text": {"localized": {"en_US": "1-10"}}}, {"id": 2, "text": "more"}]
                        }
                    },
                },
            ],
            "legalInfo": {"consents": [{"id": 7, "consent": {"localized": {"en_US": "You may call me"}}}]},
        },
    },
    "formResponse": {
        "answers": [
            {"questionId": 11, "answerDetails": {"textQuestionAnswer": {"answer": "ada@example.com"}}},
            {"questionId": 12, "answerDetails": {"multipleChoiceAnswer": {"options": [2, 1, 3]}}},
            {"questionId": 13, "answerDetails": {"textQuestionAnswer": {"answer": "unknown"}}},
        ],
        "consentResponses": [{"consentId": 7, "accepted": True}, {"consentId": 8, "accepted": False}],
    },
}


def test_lead_of_meta():
    lead = meta.read(META)
    assert (lead.id, lead.form_id, lead.is_test) == ("120243838401520764123", "836971255412599", False)
    assert lead.created_at == datetime(2026, 8, 14, 10, 30, 5, tzinfo=UTC)
    assert lead.answers == (
        Answer("full_name", None, ("Jürgen  Groß",)),
        Answer("phone_number", None, ("+491701234567",)),
        Answer("which_roof?", None, ("flat", "steep")),
        Answer("when", None, ()),
    )
    ticked = {"newsletter": True, "calls": False, "sms": True}
    assert lead.disclaimers == tuple(Disclaimer(key, None, is_checked) for key, is_checked in ticked.items())
    assert lead.about == {
        "ad_id": "120225411063300521",
        "ad_name": "Roofs, August",
        "adset_name": "Cologne",
        "campaign_id": "120225411063320521",
        "campaign_name": "Roofs",
        "is_organic": "false",
        "platform": "ig",
    }


@pytest.mark.parametrize("value", ["<test lead: dummy data for full_name>", "<Test lead: dummy data>", "test@meta.com"])
def test_dummies_of_metas_test_tool_make_a_test(value):
    answers = [{"name": "city", "values": ["Bonn"]}, {"name": "x", "values": [value]}]
    assert meta.read({"id": "1", "field_data": answers}).is_test


def test_people_whose_answers_speak_of_tests_are_no_tests():
    answers = [{"name": "full_name", "values": ["Test Leadbetter"]}, {"name": "q", "values": ["a <test lead: x>"]}]
    assert not meta.read({"id": "1", "field_data": answers}).is_test


def test_lead_of_google():
    lead = google.read(GOOGLE)
    assert (lead.id, lead.form_id, lead.is_test) == (GOOGLE["lead_id"], "40000000000001", False)
    assert lead.created_at == datetime(2026, 9, 26, 12, 30, tzinfo=UTC)
    assert lead.answers == (
        Answer("FULL_NAME", "Full Name", ("Ada Lovelace",)),
        Answer("WORK_EMAIL", None, ("ada@example.com",)),
        Answer("Which dealership?", None, ("North",)),
        Answer("City", None, ("London",)),
    )
    assert lead.about == {
        "campaign_id": "123456",
        "gcl_id": "EAIaIQobChMI",
        "adgroup_id": "9007199254740993",
        "creative_id": "0",
    }


@pytest.mark.parametrize(("said", "is_test"), [(True, True), ("true", True), (False, False), ("false", False)])
def test_google_says_whether_it_is_a_test(said, is_test):
    assert google.read(GOOGLE | {"is_test": said}).is_test is is_test


def test_lead_of_linkedin():
    lead = linkedin.read(LINKEDIN)
    assert (lead.id, lead.form_id, lead.is_test) == (LINKEDIN["id"], "3213", True)
    assert lead.created_at == datetime(2024, 1, 31, 22, 51, 42, 694000, tzinfo=UTC)
    assert lead.answers == (
        Answer("EMAIL", "E-Mail-Adresse", ("ada@example.com",)),
        Answer("Team size", "How many are you?", ("more", "1-10", "3")),
        Answer("question_13", None, ("unknown",)),
        Answer("region", None, ("emea",)),
    )
    assert lead.disclaimers == (Disclaimer("7", "You may call me", True), Disclaimer("8", None, False))
    assert lead.about == {
        "lead_type": "SPONSORED",
        "form_name": "Demo",
        "campaign_id": "32131231",
        "creative_id": "369799186",
    }


def test_linkedin_without_the_form_and_with_a_urn():
    body = {name: value for name, value in LINKEDIN.items() if name != "form"}
    lead = linkedin.read(body | {"id": "urn:li:leadGenFormResponse:5-4"})
    assert (lead.id, lead.form_id) == ("5-4", "3213")
    assert [one.name for one in lead.answers] == ["question_11", "question_12", "question_13"]


@pytest.mark.parametrize(("read", "key"), [(meta.read, "id"), (google.read, "lead_id"), (linkedin.read, "id")])
@pytest.mark.parametrize("value", [None, "", " ", "x" * 1001, True, 1.5, {}, [], 10**50])
def test_lead_without_an_id_is_none(read, key, value):
    with pytest.raises(InvalidError) as refused:
        read({key: value})
    assert (refused.value.code, refused.value.pointer) == ("lead_id", f"/{key}")


@pytest.mark.parametrize(("read", "key"), [(meta.read, "field_data"), (google.read, "user_column_data")])
@pytest.mark.parametrize("value", ["x", {}, 1, True])
def test_list_of_answers_that_is_none_is_refused(read, key, value):
    with pytest.raises(InvalidError) as refused:
        read({"id": "1", "lead_id": "1", key: value})
    assert (refused.value.code, refused.value.pointer) == ("lead_body", f"/{key}")


def test_answers_are_bounded_and_the_rest_is_kept():
    long = [{"name": "n" * 600, "values": ["é" * 6_000, *map(str, range(200))]}]
    many = [{"name": str(number), "values": ["x"]} for number in range(300)]
    answers = meta.read({"id": "1", "field_data": [None, 7, *long, *many]}).answers
    assert len(answers) == MOST_ANSWERS
    assert answers[0].name == "n" * 500
    assert answers[0].values[:2] == ("é" * MOST_TEXT, "0")
    assert len(answers[0].values) == MOST_VALUES


def test_what_cannot_be_stored_is_left_out_of_texts():
    [answer] = meta.read({"id": "1", "field_data": [{"name": "a\0b", "values": ["x\0\ud800y", "\0", 7, None]}]}).answers
    assert answer == Answer("ab", None, ("xy", "7"))


def test_answers_of_one_name_are_one_answer():
    data = [{"name": "a", "values": ["1"]}, {"name": "b", "values": ["2"]}, {"name": "a", "values": ["3", "1"]}]
    answers = meta.read({"id": "1", "field_data": data}).answers
    assert answers == (Answer("a", None, ("1", "3")), Answer("b", None, ("2",)))


@pytest.mark.parametrize(
    ("said", "time"),
    [
        (1767225600, "2026-01-01T00:00:00+00:00"),
        ("1767225600", "2026-01-01T00:00:00+00:00"),
        (1767225600000, "2026-01-01T00:00:00+00:00"),
        ("2026-01-01T02:00:00+0200", "2026-01-01T00:00:00+00:00"),
        ("2026-01-01 00:00:00", "2026-01-01T00:00:00+00:00"),
        *((unfit, None) for unfit in ("", "soon", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9" * 13)),
        *((unfit, None) for unfit in (-1, 0, 10**30, float("nan"), float("inf"), True, {}, [])),
    ],
)
def test_times(said, time):
    found = meta.read({"id": "1", "created_time": said}).created_at
    assert (found and found.isoformat()) == time
