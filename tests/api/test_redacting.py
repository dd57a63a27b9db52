"""Redacted bodies show their form, and neither texts nor recipients nor secrets."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.requests.redacting import LONGEST, redacted


def shown(value: object) -> object:
    text = redacted(json.dumps(value).encode())
    assert text is not None
    return json.loads(text)


def test_a_send_shows_its_form():
    body = {
        "contact": [{"number": "+4915112345678", "body": "Your code is 1234", "schedule_at": "2027-01-01T00:00:00Z"}],
        "gateway_identifier": "main-sms",
        "count": 3,
        "dry": True,
    }
    assert shown(body) == {
        "contact": [{"number": "+49•••78", "body": "••• 17 characters", "schedule_at": "2027-01-01T00:00:00Z"}],
        "gateway_identifier": "main-sms",
        "count": 3,
        "dry": True,
    }


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"email": "jane@example.com"}, {"email": "j•••@example.com"}),
        ({"number": 4915112345678}, {"number": "•••"}),
        ({"code": 123456}, {"code": "•••"}),
        (
            {"api_key": "short", "Password": "x", "totp": "1", "authToken": None},
            {"api_key": "•••", "Password": "•••", "totp": "•••", "authToken": None},
        ),
        ({"config": {"type": "smtp", "user": "me"}}, {"config": {"type": "smtp", "user": "••• 2 characters"}}),
        ({"type": "jane@example.com"}, {"type": "••• 16 characters"}),
        ({"gateway": "4915112345678"}, {"gateway": "••• 13 characters"}),
        ({"4915112345678": 1, "a b": 2}, {"•••": 2}),
        ({"cc": ["+4915112345678"] * 7}, {"cc": [*["+49•••78"] * 5, "and 2 more"]}),
    ],
)
def test_what_could_tell_too_much_is_hidden(body: object, expected: object):
    assert shown(body) == expected


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"a=1&b=2", b"[" * 100_000])
def test_what_is_no_json_is_not_shown(raw: bytes):
    assert redacted(raw) is None


def test_it_is_bounded_however_long_and_deep_the_body_is():
    deep: object = "x"
    for _ in range(50):
        deep = [deep]
    assert len(redacted(json.dumps(deep).encode()) or "") < 100
    assert len(redacted(json.dumps({f"n{n}": n for n in range(5000)}).encode()) or "") == LONGEST


@given(st.text(min_size=1), st.text(st.characters(codec="ascii", categories=["L"]), min_size=3, max_size=20))
def test_no_text_of_an_unknown_field_is_shown(secret: str, name: str):
    value = shown({f"x_{name}": f"<{secret}>"})
    assert list(value.values()) == [f"••• {len(secret) + 2} characters"] or list(value.values()) == ["•••"]
