"""Texts of the panel are there in each of its languages."""

import re
from pathlib import Path

import pytest

from panel.rendering.api_texts import CONTEXT, api_texts
from tests.api.log_in import Person
from tests.panel.catalog import LANGUAGES, stored, texts
from tests.panel.test_forms import signed_in, token_of
from tests.stack import Stack

FILES = sorted(LANGUAGES.glob("*.po"))
_PLACEHOLDER = re.compile(r"%\(\w+\)s")


def _all(message: str | tuple[str, ...] | None) -> list[str]:
    return [message] if isinstance(message, str) else list(message or ())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_text_is_translated_and_none_is_left_over(path: Path):
    wanted = {(message.context, message.id) for message in texts() if message.id}
    translated = {(one.context, one.id) for one in stored(path) if one.id and all(_all(one.string))}
    assert wanted - translated == set(), "run python -m tests.panel.catalog, and translate what is new"
    assert translated - wanted == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_translations_keep_what_is_filled_in(path: Path):
    for message in stored(path):
        if message.id:
            wanted = set(_PLACEHOLDER.findall(_all(message.id)[-1]))
            filled = set(_PLACEHOLDER.findall(_all(message.string)[-1]))
            # The API also fills in words such as "is" and "are", for which others have other sentences.
            assert filled <= wanted if message.context == CONTEXT else filled == wanted, message.id


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("must not be empty", "Darf nicht leer sein"),
        ("write at most 20 characters", "Höchstens 20 Zeichen schreiben"),
        (
            "4 bulk messages wait for a phone, the first for 3 days",
            "4 Nachrichten (bulk) warten auf ein Telefon, die erste seit 3 Tagen",
        ),
        ("the provider says: 100 % wrong", "The provider says: 100 % wrong"),
        ("sandbox-sms: no", "sandbox-sms: no"),
    ],
)
def test_what_the_api_says_is_translated_with_what_was_filled_in(english: str, german: str):
    assert api_texts("de")(english) == german


async def test_an_error_is_shown_in_the_language_of_the_page(install: Stack, user: Person):
    async with signed_in(install, user) as client:
        form = {"csrf": await token_of(client), "email": "ada@example.com", "country": "Italy"}
        assert "Write a country by its two letters" in (await client.post("/panel/contacts/new", data=form)).text
        client.cookies.set("xsender_language", "de")
        assert "Ein Land mit seinen zwei Buchstaben" in (await client.post("/panel/contacts/new", data=form)).text
