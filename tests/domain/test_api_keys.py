"""Keys: their form, their checksum, what is kept of them."""

import re
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access.api_keys import KeyKind, MintedKey, matches, mint, parse, preview

KEY = mint(KeyKind.USER)


@pytest.mark.parametrize("kind", KeyKind)
def test_a_minted_key_is_read_back(kind: KeyKind) -> None:
    key = mint(kind)
    parsed = parse(key.text)
    assert parsed is not None
    assert (parsed.kind, parsed.id) == (kind, key.id)
    assert matches(parsed, key.hash)
    assert re.fullmatch(rf"xs_{kind}_[a-z0-9]{{12}}_[0-9A-Za-z]{{49}}", key.text)


def test_the_hash_is_sha_256_of_the_secret_alone() -> None:
    secret = KEY.text.split("_")[3][:43]
    assert KEY.hash == sha256(secret.encode()).digest()


def test_another_key_does_not_match() -> None:
    other = parse(mint(KeyKind.USER).text)
    assert other is not None
    assert not matches(other, KEY.hash)


def test_keys_differ() -> None:
    keys = [mint(KeyKind.USER) for _ in range(200)]
    assert len({key.id for key in keys}) == len({key.hash for key in keys}) == 200


def test_a_minted_key_does_not_show_its_text() -> None:
    assert KEY.text not in repr(KEY)


def test_the_preview_is_the_end_of_the_key() -> None:
    assert len(preview(KEY.text)) == 4
    assert KEY.text.endswith(preview(KEY.text))


NOT_KEYS = {
    "nothing": "",
    "only the prefix": "xs_user_",
    "one character less": KEY.text[:-1],
    "one character more": KEY.text + "x",
    "a line's end": KEY.text + "\n",
    "a space before it": " " + KEY.text,
    "capitals": KEY.text.upper(),
    "another kind": KEY.text.replace("xs_user", "xs_admin"),
    "an unknown kind": KEY.text.replace("xs_user", "xs_root"),
    "dashes": KEY.text.replace("_", "-"),
    "other letters": "é" * len(KEY.text),
}


@pytest.mark.parametrize("text", NOT_KEYS.values(), ids=NOT_KEYS)
def test_what_is_no_key_is_not_read(text: str) -> None:
    assert parse(text) is None


@given(st.integers(0, len(KEY.text) - 1), st.characters())
def test_one_wrong_character_is_noticed(at: int, char: str) -> None:
    text = KEY.text[:at] + char + KEY.text[at + 1 :]
    assert (parse(text) is None) == (text != KEY.text)


def test_two_swapped_characters_are_noticed() -> None:
    swapped: list[MintedKey | str] = [
        KEY.text[:at] + KEY.text[at + 1] + KEY.text[at] + KEY.text[at + 2 :] for at in range(len(KEY.text) - 1)
    ]
    assert all(text == KEY.text or parse(str(text)) is None for text in swapped)


@given(st.text())
def test_any_text_is_read_or_not(text: str) -> None:
    assert parse(text) is None
