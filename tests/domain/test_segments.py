"""Counting SMS parts: the boundaries of the 3GPP rule."""

import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st

from domain.text.segments import Segments, count_segments, cut_segments

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


@pytest.mark.parametrize("text", ["H" * 134, "L" * 134, "Á" * 66 + "H" + "Á" * 67])
def test_letters_are_no_halves_of_pairs(text: str) -> None:
    assert count_segments(text, force_unicode=True).parts == 2


@given(GSM_TEXT | ANY_TEXT, st.booleans())
def test_what_is_cut_is_what_was_counted(text: str, force_unicode: bool) -> None:
    parts = cut_segments(text, force_unicode)
    counted = count_segments(text, force_unicode)
    assert "".join(parts) == text
    assert len(parts) == counted.parts
    assert sum(count_segments(part, counted.encoding == "ucs2").units for part in parts) == counted.units


@given(GSM_TEXT | ANY_TEXT, st.booleans())
def test_no_part_is_too_long_and_none_could_take_more(text: str, force_unicode: bool) -> None:
    ucs2 = count_segments(text, force_unicode).encoding == "ucs2"
    parts = cut_segments(text, force_unicode)
    joined, alone = (67, 70) if ucs2 else (153, 160)
    sizes = [count_segments(part, ucs2).units for part in parts]
    assert max(sizes) <= (alone if len(parts) == 1 else joined)
    for size, follower in zip(sizes, parts[1:], strict=False):
        assert size + count_segments(follower[0], ucs2).units > joined


@given(GSM_TEXT)
def test_gsm_parts_are_cut_where_smsutil_cuts(text: str) -> None:
    if text:
        assert cut_segments(text) == [part.content for part in smsutil.gsm_split(text).parts]


@given(ANY_TEXT)
def test_ucs2_parts_are_cut_where_smsutil_cuts(text: str) -> None:
    assert "".join(cut_segments(text, force_unicode=True)) == text
    assert cut_segments(text, force_unicode=True) == [part.content for part in smsutil.unicode_split(text).parts]
