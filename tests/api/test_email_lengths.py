"""An email that is too long anywhere is refused with a pointer to the place; one that just fits is taken."""

import json
from typing import Any

import pytest

from api.sending.parse_request import read_request
from domain.channels import Channel
from domain.errors import InvalidError
from services.contacts.read import Terms

TERMS = Terms("UTC", None, account_id=1, public_url="https://send.example.com")
EMAIL = {"email": "ann@example.com", "subject": "Hi", "message": "<p>x"}
FILE = {"filename": "a", "content_type": "a/b", "content": ""}


def read(channel: Channel = Channel.EMAIL, **fields: Any) -> None:
    contact = (EMAIL if channel is Channel.EMAIL else {"number": "+14155550123"}) | fields
    read_request(json.dumps({"contact": [contact]}, ensure_ascii=False).encode(), channel, TERMS)


LIMITS = [
    ("message", lambda n: {"message": "é" * n}, 500_000, ""),
    ("body", lambda n: {"body": "é" * n}, 500_000, ""),
    ("subject", lambda n: {"subject": "\U0001f600" * n}, 998, ""),
    ("sender_name", lambda n: {"sender_name": "é" * n}, 200, ""),
    ("headers", lambda n: {"headers": {"X-A": "é" * n}}, 900, "/X-A"),
    ("headers", lambda n: {"headers": {f"X-{number}": "" for number in range(n)}}, 20, ""),
    ("cc", lambda n: {"cc": [f"a{number}@example.com" for number in range(n)]}, 10, ""),
    ("attachments", lambda n: {"attachments": [FILE] * n}, 10, ""),
    ("attachments", lambda n: {"attachments": [FILE | {"filename": "é" * n}]}, 200, "/0/filename"),
    ("attachments", lambda n: {"attachments": [FILE | {"content_id": "a" * n}]}, 200, "/0/content_id"),
    ("email", lambda n: {"email": "a" * n + "@example.com"}, 64, ""),
    ("reply_to", lambda n: {"reply_to": "a" * n + "@example.com"}, 64, ""),
]


@pytest.mark.parametrize(("field", "fields", "most", "below"), LIMITS)
def test_a_field_of_an_email_has_a_length(field: str, fields: Any, most: int, below: str):
    read(**fields(most))
    with pytest.raises(InvalidError) as refused:
        read(**fields(most + 1))
    assert [error.pointer for error in refused.value.fields] == [f"/contact/0/{field}{below}"]


@pytest.mark.parametrize("address", ["a@" + "a." * 500_000, "ü" * 500_000 + "@example.com", "a" + "\u0301" * 500_000])
def test_an_address_of_a_megabyte_is_too_long(address: str):
    with pytest.raises(InvalidError) as refused:
        read(email=address)
    assert [(error.pointer, error.code) for error in refused.value.fields] == [("/contact/0/email", "email_too_long")]


@pytest.mark.parametrize("text", ["a" * 500_000, "\U0001f600" * 400_000, "€" * 800])
def test_a_text_of_too_many_parts_is_refused_unread(text: str):
    with pytest.raises(InvalidError) as refused:
        read(Channel.SMS, body=text)
    assert [(error.pointer, error.code) for error in refused.value.fields] == [("/contact/0/body", "too_long")]
