"""CSV files as they come: encodings, delimiters, quotes, and what is wrong with them."""

import io

import pytest

from domain.audience.imports.delimited import MOST_ROW, find_encoding, read_delimited


def read(content: bytes) -> tuple[str, str, list[tuple[int, list[str], str | None]]]:
    file = io.BytesIO(content)
    encoding = find_encoding(file)
    delimiter, rows = read_delimited(file, encoding)
    return encoding, delimiter, [tuple(row) for row in rows]


@pytest.mark.parametrize(
    ("codec", "mark", "found"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", b"\xef\xbb\xbf", "utf-8-sig"),
        ("utf-16-le", b"\xff\xfe", "utf-16"),
        ("utf-16-be", b"\xfe\xff", "utf-16"),
        ("cp1252", b"", "cp1252"),
    ],
)
def test_encodings_are_found(codec, mark, found):
    content = mark + "Vorname;Straße\r\nJürgen;Müllerweg\r\n".encode(codec)
    assert read(content) == (found, ";", [(1, ["Vorname", "Straße"], None), (2, ["Jürgen", "Müllerweg"], None)])


def test_an_umlaut_at_the_border_of_two_blocks_is_utf_8():
    assert find_encoding(io.BytesIO(b"a" * (1024 * 1024 - 1) + "ü".encode())) == "utf-8"
    assert find_encoding(io.BytesIO(b"abc\xc3")) == "cp1252"


@pytest.mark.parametrize("delimiter", list(",;\t|"))
def test_delimiters_are_found_also_where_others_are_in_the_text(delimiter):
    row = delimiter.join(['"a, b; c | d"', "x", "y"])
    _, found, rows = read(f"{delimiter.join('abc')}\n{row}\n".encode())
    assert found == delimiter
    assert rows[1][1] == ["a, b; c | d", "x", "y"]


def test_a_file_of_one_column_has_one():
    assert read(b"email\na@example.com\n")[2] == [(1, ["email"], None), (2, ["a@example.com"], None)]


def test_quoted_line_breaks_belong_to_the_value_and_every_kind_of_line_end_works():
    rows = read(b'a,b\r"x\r\ny","say ""hi"""\r\n\r\nlast,\n')[2]
    assert rows == [(1, ["a", "b"], None), (2, ["x\r\ny", 'say "hi"'], None), (3, [], None), (4, ["last", ""], None)]


def test_an_unclosed_quote_costs_its_own_line_only():
    content = 'a,b\n1,"open\n2,x\n' + "".join(f"{n},y\n" for n in range(100_000)) + '3,"closed"\n'
    rows = read(content.encode())[2]
    assert rows[1] == (2, [], "quotes")
    assert rows[2] == (3, ["2", "x"], None)
    assert len(rows) == 100_004
    assert rows[-1][1] == ["3", "closed"]


def test_an_unclosed_quote_at_the_end_and_text_after_a_quote_are_faults_of_their_rows():
    assert read(b'a,b\n"x"y,1\n2,2\n"open,3\n4,4\n')[2][1:] == [
        (2, [], "quotes"),
        (3, ["2", "2"], None),
        (4, [], "quotes"),
        (5, ["4", "4"], None),
    ]


def test_quotes_inside_a_value_are_a_part_of_it():
    assert read(b'size,n\n5" pipe,1\n')[2][1] == (2, ['5" pipe', "1"], None)


def test_a_row_without_end_is_a_fault_and_takes_no_more_memory_than_a_row_may_have():
    rows = read(b"a,b\n" + b"x" * (3 * MOST_ROW) + b"\n1,2\n")[2]
    assert rows[1:] == [(2, [], "row_too_long"), (3, ["1", "2"], None)]


@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf", b"a,b", b"\xff\xfe"])
def test_files_without_rows_have_none(content):
    assert [row for row in read(content)[2] if any(row[1])][1:] == []


def test_nul_is_left_to_the_checks_of_values():
    assert read(b"a,b\nx\0y,1\n")[2][1] == (2, ["x\0y", "1"], None)
