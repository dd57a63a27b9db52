"""Files of leads that were downloaded from Meta and Google, row by row."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidError
from domain.leads.raw import Answer
from domain.leads.reading import google, meta
from domain.leads.reading.rows import body_of_row

META = {
    "id": "l:4229609260619426",
    "created_time": "2026-09-03T13:45:58+09:00",
    "ad_id": "ag:120225411063300521",
    "ad_name": "Roofs: August",
    "adset_id": "as:120225411063310521",
    "adset_name": "c:1 and more",
    "campaign_id": "c:120225411063320521",
    "campaign_name": "Roofs",
    "form_id": "f:836971255412599",
    "form_name": "Offer",
    "is_organic": "false",
    "platform": "ig",
    "welches_dach?": "flach",
    "vollständiger_name": "Jürgen Groß",
    "phone_number": "p:+491701234567",
    "post_code": "z:01067",
    "note": "",
    "lead_status": "CREATED",
}
GOOGLE = {
    "Lead ID": "TeSter-1",
    "Campaign ID": "123",
    "Campaign": "Roofs",
    "Ad group ID": "9007199254740993",
    "Form ID": "40000000000001",
    "GCLID": "EAIaIQ",
    "Submission date": "2026-09-26 12:30:00",
    "Full name": "Ada Lovelace",
    "Phone number": "030 1234567",
    "Which roof?": "p:flat",
}


def test_row_of_meta():
    lead = meta.read(body_of_row("meta", list(META), list(META.values())))
    assert (lead.id, lead.form_id) == ("4229609260619426", "836971255412599")
    assert lead.created_at == datetime(2026, 9, 3, 4, 45, 58, tzinfo=UTC)
    assert lead.answers == (
        Answer("welches_dach?", None, ("flach",)),
        Answer("vollständiger_name", None, ("Jürgen Groß",)),
        Answer("phone_number", None, ("+491701234567",)),
        Answer("post_code", None, ("01067",)),
    )
    assert lead.about == {
        "ad_id": "120225411063300521",
        "ad_name": "Roofs: August",
        "adset_id": "120225411063310521",
        "adset_name": "c:1 and more",
        "campaign_id": "120225411063320521",
        "campaign_name": "Roofs",
        "form_name": "Offer",
        "is_organic": "false",
        "platform": "ig",
    }
    assert not lead.is_test


def test_row_of_google():
    lead = google.read(body_of_row("google", list(GOOGLE), list(GOOGLE.values())))
    assert (lead.id, lead.form_id) == ("TeSter-1", "40000000000001")
    assert lead.created_at == datetime(2026, 9, 26, 12, 30, tzinfo=UTC)
    assert lead.answers == (
        Answer("Full name", None, ("Ada Lovelace",)),
        Answer("Phone number", None, ("030 1234567",)),
        Answer("Which roof?", None, ("p:flat",)),
    )
    assert lead.about == {
        "campaign_id": "123",
        "campaign_name": "Roofs",
        "adgroup_id": "9007199254740993",
        "gcl_id": "EAIaIQ",
    }


def test_dummies_in_a_file_of_meta_make_a_test():
    body = body_of_row("meta", ["id", "phone_number"], ["l:1", "p:<test lead: dummy data for phone_number>"])
    assert meta.read(body).is_test


def test_question_that_is_called_like_a_column_of_meta_is_an_answer():
    lead = meta.read(body_of_row("meta", ["id", "platform", "platform"], ["l:1", "fb", "oil rig"]))
    assert lead.about == {"platform": "fb"}
    assert lead.answers == (Answer("platform", None, ("oil rig",)),)


@pytest.mark.parametrize(("kind", "heading"), [("meta", "id"), ("google", "Lead ID")])
def test_ids_that_a_spreadsheet_shortened_are_refused(kind, heading):
    with pytest.raises(InvalidError) as refused:
        body_of_row(kind, [heading, "email"], ["4.22961E+15", "a@example.com"])
    assert refused.value.code == "lead_id"
    body = body_of_row(kind, [heading, "campaign_id"], ["1", "1,2E+17"])
    assert "campaign_id" not in body


@pytest.mark.parametrize(("kind", "read"), [("meta", meta.read), ("google", google.read)])
def test_rows_without_an_id_are_no_leads(kind, read):
    with pytest.raises(InvalidError) as refused:
        read(body_of_row(kind, ["id", "lead_id", "email"], ["", "", "a@example.com"]))
    assert refused.value.code == "lead_id"


cells = st.sampled_from(["", "id", "Lead ID", "form_id", "l:", "l:1", "p:", "z:<", "1E9", "\0", "\ud800"]) | st.text()


@given(st.sampled_from([("meta", meta.read), ("google", google.read)]), st.lists(cells), st.lists(cells))
def test_nothing_but_the_error_for_invalid_values_is_raised(kind_and_read, headings, row):
    kind, read = kind_and_read
    try:
        body = body_of_row(kind, headings, row)
        lead = read(body)
    except InvalidError:
        return
    assert lead.id
