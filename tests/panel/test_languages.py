"""Texts of the panel are there in each of its languages."""

import re
from pathlib import Path

import pytest

from tests.panel.catalog import LANGUAGES, stored, texts

FILES = sorted(LANGUAGES.glob("*.po"))
_PLACEHOLDER = re.compile(r"%\(\w+\)s")


def _all(message: str | tuple[str, ...] | None) -> list[str]:
    return [message] if isinstance(message, str) else list(message or ())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_text_is_translated_and_none_is_left_over(path: Path):
    wanted = {message.id for message in texts() if message.id}
    translated = {message.id for message in stored(path) if message.id and all(_all(message.string))}
    assert wanted - translated == set(), "run python -m tests.panel.catalog, and translate what is new"
    assert translated - wanted == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_translations_keep_what_is_filled_in(path: Path):
    for message in stored(path):
        if message.id:
            wanted = set(_PLACEHOLDER.findall(_all(message.id)[-1]))
            assert set(_PLACEHOLDER.findall(_all(message.string)[-1])) == wanted, message.id
