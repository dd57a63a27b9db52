"""JSON of requests: what is refused, with which code and pointer."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.text.strict_json import StrictJsonError, loads


def refusal(raw: bytes, max_depth: int = 32) -> StrictJsonError:
    with pytest.raises(StrictJsonError) as refused:
        loads(raw, max_depth=max_depth)
    assert refused.value.message
    return refused.value


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a": [1, -2.5, "x", true, false, null]}',
        b" [] \r\n\t",
        b'"\\ud83d\\ude00"',
        b'{"a": {"a": 1}, "b": {"a": 1}}',
        b"[9223372036854775807, -9223372036854775808, 1e308, 1e-400]",
        b'"\\u0001\\u007f"',
    ],
)
def test_reads_json(raw: bytes) -> None:
    assert loads(raw) == json.loads(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"{",
        b"[1,]",
        b"{'a': 1}",
        b'{"a": 1} x',
        b"[1] [2]",
        b"01",
        b'"a\nb"',
        b'"a\x00b"',
        b"nul",
        b"\x00",
        b'"\\x"',
    ],
)
def test_what_is_not_json_is_a_syntax_error(raw: bytes) -> None:
    error = refusal(raw)
    assert (error.code, error.pointer, error.is_syntax) == ("json_syntax", "", True)


@pytest.mark.parametrize(
    "raw", [b"\xef\xbb\xbf{}", b"\xff\xfe{\x00}\x00", '"é"'.encode("latin-1"), b'"\xed\xa0\x80"', b'"\xc0\x80"']
)
def test_only_utf_8_without_a_byte_order_mark_is_read(raw: bytes) -> None:
    error = refusal(raw)
    assert (error.code, error.is_syntax) == ("json_encoding", True)


@pytest.mark.parametrize("constant", [b"NaN", b"Infinity", b"-Infinity"])
def test_constants_that_json_does_not_have_are_pointed_at(constant: bytes) -> None:
    error = refusal(b'{"contact": [{}, {"number": %s}]}' % constant)
    assert (error.code, error.pointer, error.is_syntax) == ("json_number", "/contact/1/number", True)


@pytest.mark.parametrize(
    "number", [b"1e400", b"-1e400", b"9223372036854775808", b"-9223372036854775809", b"1" * 100_000, b"-" + b"9" * 5000]
)
def test_numbers_out_of_range_are_pointed_at(number: bytes) -> None:
    error = refusal(b'{"a": [0, %s]}' % number)
    assert (error.code, error.pointer, error.is_syntax) == ("json_number", "/a/1", False)


@pytest.mark.parametrize("text", [b"\\ud800", b"\\udfff", b"\\ude00\\ud83d", b"a\\u0000b"])
@pytest.mark.parametrize(
    ("form", "pointer"),
    [(b'"%s"', ""), (b'{"a": ["x", "%s"]}', "/a/1"), (b'{"a": {"%s": 1}}', "/a"), (b'{"%s": {"%s": 1}}', "")],
)
def test_text_that_cannot_be_stored_is_pointed_at(text: bytes, form: bytes, pointer: str) -> None:
    error = refusal(form.replace(b"%s", text))
    assert (error.code, error.pointer, error.is_syntax) == ("json_text", pointer, False)


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        (b'{"a": 1, "a": 1}', "/a"),
        (b'{"x": [{"a": 1, "b": 2, "\\u0061": 3}]}', "/x/0/a"),
        (b'{"a/b~c": {"": 1, "": 2}}', "/a~1b~0c/"),
        (b'{"a": {"b": 1, "b": 2}, "a": 1}', "/a"),
    ],
)
def test_a_key_given_twice_is_pointed_at(raw: bytes, pointer: str) -> None:
    error = refusal(raw)
    assert (error.code, error.pointer, error.is_syntax) == ("json_duplicate_key", pointer, False)


def test_a_key_given_twice_that_cannot_be_stored_is_not_echoed() -> None:
    assert refusal(b'{"\\ud800": 1, "\\ud800": 2}').pointer == ""


def test_depth_is_counted_in_containers() -> None:
    assert loads(b"[[[1]]]", max_depth=3) == [[[1]]]
    error = refusal(b'[0, {"a": [[1]]}]', max_depth=3)
    assert (error.code, error.pointer, error.is_syntax) == ("json_depth", "/1/a/0", False)


@pytest.mark.parametrize(
    "raw", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000, b"[" * 500 + b"]" * 500]
)
def test_a_deep_document_is_refused(raw: bytes) -> None:
    assert refusal(raw).code == "json_depth"


STORABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | STORABLE
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(STORABLE, inner, max_size=4))


@given(VALUES, st.booleans())
def test_what_json_writes_is_read_back(value: Any, ascii_only: bool) -> None:
    assert loads(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary(max_size=60) | st.text('{}[]":,\\u0d8NaInfity1e.- ', max_size=60).map(str.encode))
def test_what_any_bytes_hold_is_read_or_refused(raw: bytes) -> None:
    try:
        value = loads(raw)
    except StrictJsonError as error:
        error.pointer.encode()
        return
    assert json.dumps(value, allow_nan=False, ensure_ascii=False).encode()


@given(VALUES, st.lists(STORABLE | st.integers(0, 3), max_size=6))
def test_the_pointer_leads_to_the_place(value: Any, path: list[str | int]) -> None:
    document: Any = "@bad@"
    for step in reversed(path):
        document = {step: document} if isinstance(step, str) else [value] * step + [document]
    raw = json.dumps(document).replace('"@bad@"', "1e999").encode()
    pointed: Any = loads(raw.replace(b"1e999", b'"@bad@"'))
    for token in refusal(raw).pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        pointed = pointed[int(name)] if isinstance(pointed, list) else pointed[name]
    assert pointed == "@bad@"
