"""The GSM alphabet, with smsutil as the other opinion."""

import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st

from domain.text.gsm7 import BASIC, EXTENSION, decode_gsm7, encode_gsm7

GSM_TEXT = st.text(st.sampled_from(BASIC + EXTENSION))


def test_the_alphabet_is_whole():
    assert (len(BASIC), len(EXTENSION)) == (127, 10)
    assert len({*BASIC, *EXTENSION}) == 137


@given(GSM_TEXT)
def test_is_written_as_smsutil_writes_it(text: str):
    assert encode_gsm7(text) == smsutil.encode(text)


@given(GSM_TEXT)
def test_what_was_written_is_read(text: str):
    assert decode_gsm7(encode_gsm7(text)) == text


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"\x1bA", "A"),  # not in the extension table: the character of the basic one
        (b"\x1b\x1b", " "),
        (b"a\x1b", "a "),
        (b"\x1b\xff\x80", "\ufffd\ufffd"),
    ],
)
def test_what_the_tables_do_not_hold_is_read_as_phones_read_it(octets: bytes, text: str):
    assert decode_gsm7(octets) == text


@given(st.binary())
def test_whatever_comes_can_be_read(octets: bytes):
    assert len(decode_gsm7(octets)) <= len(octets)


def test_what_is_not_in_the_alphabet_cannot_be_written():
    with pytest.raises(KeyError):
        encode_gsm7("ç")
