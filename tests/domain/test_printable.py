"""What others wrote is shown, and does nothing to the terminal that shows it."""

import json

import pytest

from domain.text.printable import visible

HOSTILE = "a\x1b]0;owned\x07b\x9b31m\x85\u202egpj.exe\u2066\r\x7f\u2028z"


def test_control_characters_are_written_out():
    shown = visible(HOSTILE)
    assert shown.isprintable()
    assert shown.startswith(r"a\u001b]0;owned\u0007b\u009b31m\u0085\u202egpj.exe")


@pytest.mark.parametrize("text", ["Ada Lovelace", "Grüße, 世界", "🏳️‍🌈", "مرحبا", "a\\u001b", ""])
def test_what_people_write_stays(text):
    assert visible(text) == text


def test_line_ends_stay_where_they_are_wanted():
    assert visible("a\nb\x1bc", keep="\n") == "a\nb\\u001bc"


def test_json_keeps_its_value():
    value = {HOSTILE: [HOSTILE, "\ud800"]}
    assert json.loads(visible(json.dumps(value, ensure_ascii=False))) == value
