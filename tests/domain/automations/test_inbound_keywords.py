"""How what a contact writes is compared with the keywords of a trigger."""

import time

import pytest

from domain.automations.keywords import says


@pytest.mark.parametrize(
    ("text", "keywords"),
    [
        ("JOIN", ["join"]),
        ("  join!  ", ["Join"]),
        ("Join, please", ["join"]),
        ("Ｊｏｉｎ now", ["join"]),  # full width
        ("gro\u0308sse", ["Grösse"]),  # a letter and its mark
        ("opt   in now", ["Opt in"]),
        ("ΣΊΣΥΦΟΣ", ["σίσυφος"]),
        ("👍", ["👍"]),
        ("👍\ufe0f ok", ["👍"]),
        ("yes", ["no", "yes"]),
    ],
)
def test_a_text_is_a_keyword_or_begins_with_one(text, keywords):
    assert says(text, keywords)


@pytest.mark.parametrize(
    ("text", "keywords"),
    [
        ("joined", ["join"]),
        ("please join", ["join"]),
        ("opt", ["opt in"]),
        ("", ["join"]),
        ("!!!", ["join"]),
        ("👎", ["👍"]),
        ("!!!", ["👍"]),
    ],
)
def test_other_texts_are_not(text, keywords):
    assert not says(text, keywords)


def test_a_hostile_text_takes_no_time():
    began = time.perf_counter()
    for text in ("a" + "\u0301" * 100_000, "ﷺ" * 100_000, "\u200b" * 100_000, " " * 1_000_000):
        says(text, ["join"] * 50)
    assert time.perf_counter() - began < 1
