"""Counting SMS parts: the boundaries of the 3GPP rule."""

import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st

from domain.segments import Segments, count_segments

GSM_TEXT = st.text(st.sampled_from("@£$èéùìòÇ\nØø\rΔΞßÉ abcXYZ019ÄÖÑÜ§¿äöñüà\f^{}\\[~]|€"), max_size=500)
ANY_TEXT = st.text(
    st.sampled_from("aé€[ÁçЖ中\u200d👩🏽😀\x1b\n") | st.characters(exclude_categories=["Cs"]), max_size=400
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Segments("gsm7", 1, 0)),
        ("7" * 160, Segments("gsm7", 1, 160)),
        ("7" * 161, Segments("gsm7", 2, 161)),
        ("7" * 306, Segments("gsm7", 2, 306)),
        ("7" * 307, Segments("gsm7", 3, 307)),
        ("7" * 158 + "€", Segments("gsm7", 1, 160)),
        ("7" * 159 + "€", Segments("gsm7", 2, 161)),
        ("Á" * 70, Segments("ucs2", 1, 70)),
        ("Á" * 71, Segments("ucs2", 2, 71)),
        ("Á" * 134, Segments("ucs2", 2, 134)),
        ("Á" * 135, Segments("ucs2", 3, 135)),
        ("😀" * 35, Segments("ucs2", 1, 70)),
        ("😀" * 36, Segments("ucs2", 2, 72)),
    ],
)
def test_counts_parts_at_the_boundaries(text: str, expected: Segments) -> None:
    assert count_segments(text) == expected


def test_an_escape_pair_across_the_border_costs_a_part() -> None:
    assert count_segments("7" * 152 + "€" + "7" * 152) == ("gsm7", 3, 306)
    assert count_segments("7" * 151 + "€" + "7" * 153) == ("gsm7", 2, 306)


def test_a_surrogate_pair_across_the_border_costs_a_part() -> None:
    assert count_segments("Á" * 66 + "😀" + "Á" * 66) == ("ucs2", 3, 134)
    assert count_segments("Á" * 65 + "😀" + "Á" * 67) == ("ucs2", 2, 134)


@pytest.mark.parametrize("char", "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà\n\r")
def test_a_character_of_the_alphabet_takes_one_septet(char: str) -> None:
    assert count_segments(char) == ("gsm7", 1, 1)


@pytest.mark.parametrize("char", "|^€{}[]~\\\f")
def test_a_character_of_the_extension_takes_two_septets(char: str) -> None:
    assert count_segments(char) == ("gsm7", 1, 2)


@pytest.mark.parametrize("char", "úíóÁç`’–\t\x1bЖ中")
def test_one_character_outside_the_alphabet_turns_the_text_to_ucs2(char: str) -> None:
    assert count_segments("a" * 69 + char) == ("ucs2", 1, 70)


def test_unicode_can_be_forced() -> None:
    assert count_segments("a" * 71, force_unicode=True) == ("ucs2", 2, 71)
    assert count_segments("€", force_unicode=True) == ("ucs2", 1, 1)


def test_half_a_surrogate_pair_does_not_crash() -> None:
    assert count_segments("\ud800" * 71).parts == 2


@given(GSM_TEXT)
def test_agrees_with_smsutil_in_the_gsm_alphabet(text: str) -> None:
    assert count_segments(text).parts == len(smsutil.gsm_split(text).parts if text else [""])


@given(ANY_TEXT)
def test_agrees_with_smsutil_in_ucs2(text: str) -> None:
    assert count_segments(text, force_unicode=True).parts == len(smsutil.unicode_split(text).parts)


@given(ANY_TEXT)
def test_units_are_the_encoded_size(text: str) -> None:
    assert count_segments(text, force_unicode=True).units == len(text.encode("utf-16-le")) // 2
