"""Forms that nobody has written rules for are read by what their questions are usually called."""

import pytest

from domain.leads.mapping import map_lead, parse_rules, shown_rules
from domain.leads.raw import Answer, RawLead
from domain.leads.reading import form, google, meta
from domain.leads.suggesting import suggest


def lead(**answers: str) -> RawLead:
    return RawLead("1", None, None, tuple(Answer(name, None, (said,)) for name, said in answers.items()), (), {}, False)


def values(raw: RawLead) -> dict[str, object]:
    return dict(map_lead(raw, {}, suggest(raw), "DE").values)


@pytest.mark.parametrize(
    ("name", "to"),
    [
        *((name, "email") for name in ("email", "E-Mail-Adresse *", "emailAddress", "your-email", "WORK_EMAIL")),
        *((name, "email") for name in ("Correo electrónico", "Indirizzo e-mail", "البريد الإلكتروني", "Эл. почта")),
        *((name, "phone") for name in ("PHONE_NUMBER", "phoneNumber", "Téléphone (mobile)", "Telefonnummer:", "tel")),
        *((name, "phone") for name in ("Nume\u0301ro de te\u0301le\u0301phone", "رقم الهاتف", "work_phone_number")),
        *((name, "whatsapp") for name in ("WhatsApp", "whatsapp_number", "Número de WhatsApp")),
        *((name, "first_name") for name in ("FIRST_NAME", "firstName", "Prénom", "Imię")),
        *((name, "last_name") for name in ("Last Name", "Nachname", "Apellidos", "Soyadı")),
        *((name, "country") for name in ("COUNTRY", "Land", "País")),
        *((name, "language") for name in ("Sprache", "langue")),
        *((f"{within}.email", "email") for within in ("contact", "data.user", "form_response.lead")),
    ],
)
def test_usual_names(name, to):
    [rule] = suggest(lead(**{name: "x"}))
    assert (rule.from_, rule.to) == ((name,), to)


@pytest.mark.parametrize(
    "name", ["company_name", "company.name", "company.phone", "message", "ad", "id", "user_id", "customer_id", "???"]
)
def test_other_names_stay_answers(name):
    assert suggest(lead(**{name: "x"})) == ()


def test_question_is_read_where_its_name_says_nothing():
    raw = RawLead("1", None, None, (Answer("q_8f3", "Ihre E-Mail-Adresse", ("a@example.com",)),), (), {}, False)
    assert suggest(raw) == ()
    raw = RawLead("1", None, None, (Answer("q_8f3", "E-Mail-Adresse?", ("a@example.com",)),), (), {}, False)
    assert values(raw) == {"email": "a@example.com"}


@pytest.mark.parametrize(
    ("answers", "first", "last"),
    [
        ({"name": "Ada Lovelace"}, "Ada", "Lovelace"),
        ({"full_name": "Lovelace, Ada"}, "Ada", "Lovelace"),
        ({"vorname": "Ada", "name": "Lovelace"}, "Ada", "Lovelace"),
        ({"nom": "Lovelace", "prénom": "Ada"}, "Ada", "Lovelace"),
        ({"nombre": "Ada", "apellidos": "King Lovelace"}, "Ada", "King Lovelace"),
        ({"first_name": "Ada", "last_name": "Lovelace", "name": "whatever"}, "Ada", "Lovelace"),
    ],
)
def test_names_are_read_by_what_stands_beside_them(answers, first, last):
    assert values(lead(**answers)) == {"first_name": first, "last_name": last}


def test_the_first_answer_counts_that_can_be_used_as_written():
    raw = lead(work_email="w@example.com", email="a@example.com")
    mapped = map_lead(raw, {}, suggest(raw), None)
    assert mapped.values == {"email": "w@example.com"}
    assert mapped.answers == {"email": "a@example.com"}


def test_leads_of_providers():
    of_meta = meta.read(
        {
            "id": "1",
            "field_data": [
                {"name": "full_name", "values": ["Ada Lovelace"]},
                {"name": "phone_number", "values": ["+4915123456789"]},
                {"name": "country", "values": ["DE"]},
                {"name": "company_name", "values": ["Engines Ltd"]},
            ],
        }
    )
    of_google = google.read(
        {
            "lead_id": "1",
            "user_column_data": [
                {"column_id": "FULL_NAME", "column_name": "Full Name", "string_value": "Ada Lovelace"},
                {"column_id": "PHONE_NUMBER", "column_name": "User Phone", "string_value": "0151 23456789"},
                {"column_id": "COMPANY_NAME", "string_value": "Engines Ltd"},
            ],
        }
    )
    of_form = form.read({"contact": {"your-name": "Ada Lovelace", "your-tel": "0151 23456789"}, "company": "E"})
    expected = {"first_name": "Ada", "last_name": "Lovelace", "phone": "+4915123456789"}
    assert values(of_meta) == {**expected, "country": "DE"}
    assert values(of_google) == values(of_form) == expected


def test_suggestions_can_be_stored_as_rules():
    rules = suggest(lead(**{"name": "x", "E-Mail": "y", "tel": "1", "mobile": "2"}))
    assert parse_rules(shown_rules(rules)) == rules
