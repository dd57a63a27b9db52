"""A whole message that is a keyword counts; nothing else does."""

import pytest

from domain.text.keywords import DEFAULTS, Keyword, KeywordSet


@pytest.mark.parametrize(
    ("body", "meaning"),
    [
        ("STOP", "stop"),
        (" stop\n", "stop"),
        ("Stop  All", "stop"),
        ("ＳＴＯＰ", "stop"),
        ("ARRÊT", "stop"),
        ("abmelden", "stop"),
        ("стоп", "stop"),
        ("退订", "stop"),
        ("START", "start"),
        ("Yes", "start"),
        ("unstop", "start"),
        ("help", "help"),
        ("Hilfe", "help"),
        ("STOP PLEASE", None),
        ("please stop", None),
        ("stop.", "stop"),
        ("STOP!", "stop"),
        ("«Стоп»", "stop"),
        ("¡Alto!", "stop"),
        ("İPTAL", "stop"),
        ("iptal", "stop"),
        ("\u200estop\u200b", "stop"),
        ("s\u00adt\u2060op\ufeff", "stop"),
        ("Stop \u270b\ufe0f", "stop"),
        ("Stop promotions", "stop"),
        ("opt-out.", "stop"),
        ("रोकें!", "stop"),
        ("...", None),
        ("stop?me", None),
        ("", None),
        ("   ", None),
        ("yes I will come", None),
        ("stop" + " " * 5000, "stop"),
        (" " * 5000 + "stop" + " " * 5000 + "all", "stop"),
        ("stop" + " x" * 5000, None),
        ("stop" + "\u0301\u0316" * 115_000, None),
    ],
)
def test_what_a_message_says(body, meaning):
    assert KeywordSet().meaning(body) == meaning


def test_own_words_take_the_place_of_the_built_in_ones():
    own = KeywordSet(stop=["Basta"], help=[])
    assert own.meaning("BASTA") is Keyword.STOP
    assert own.meaning("quit") is None
    assert own.meaning("help") is None
    assert own.meaning("yes") is Keyword.START


@pytest.mark.parametrize("own", [KeywordSet(stop=[]), KeywordSet(start=["stop"]), KeywordSet(help=["STOP"])])
def test_stop_always_ends_messages(own):
    assert own.meaning("Stop") is Keyword.STOP


def test_no_word_has_two_meanings():
    words = [word for words in DEFAULTS.values() for word in words]
    assert len(words) == len(set(words))
