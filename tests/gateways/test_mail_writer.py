"""Whatever a mail says, an independent reader finds just that in it, and no line is longer than servers take."""

import re
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import default
from email.utils import parseaddr
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.channels import Channel
from domain.messages.outbound import Attachment, Outbound
from gateways.email.mail_headers import addresses_field, parameter, text_field
from gateways.email.mail_message import write_letter
from gateways.email.mailbox import parse_mailbox

MOST = 998
LINES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=900)
WORDS = st.text("ab \t=?_é\U0001f600\u0301\"\\,;:()<>@.%'", min_size=1, max_size=300)
ONE_LINE = st.one_of(WORDS, LINES)
BODIES = st.text(st.one_of(st.sampled_from("a é.=\t\n\r\U0001f600"), st.characters(exclude_categories=["Cs", "Cc"])))
SHOP = parse_mailbox("shop@example.org")


def mail_of(**fields) -> Outbound:
    return Outbound(UUID(int=8), Channel.EMAIL, "ann@example.com", "r", subject="Hi", **fields)


def read(raw: bytes):
    """The mail as Python reads it; every line of it ends with CR LF and is short enough."""
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= MOST
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    return message_from_bytes(raw, policy=default)


def spaced(text: str) -> str:
    """As far as folding may change it."""
    return " ".join(text.split())


@settings(max_examples=100, deadline=None)
@given(ONE_LINE)
def test_a_header_is_read_as_it_was_given(value):
    raw = text_field("Subject", value).line.encode("ascii")
    assert max(map(len, raw.split(b"\r\n"))) <= MOST
    read_back = message_from_bytes(raw + b"\r\n", policy=default)["subject"]
    assert spaced(read_back) == spaced(value)


@settings(max_examples=100, deadline=None)
@given(ONE_LINE.map(lambda text: text[:200]))
def test_the_senders_name_is_read_as_it_was_given(name):
    raw = addresses_field("From", (name, SHOP)).line.encode("ascii") + b"\r\n"
    assert max(map(len, raw.split(b"\r\n"))) <= MOST
    found, address = parseaddr(message_from_bytes(raw)["from"])
    assert address == "shop@example.org"
    assert spaced(str(make_header(decode_header(found)))) == spaced(name)


@settings(max_examples=100, deadline=None)
@given(ONE_LINE.map(lambda text: text[:200]).filter(lambda text: bool(text.strip())))
def test_a_files_name_is_read_as_it_was_given(name):
    raw = f"Content-Disposition: attachment{parameter('filename', name)}\r\n\r\n".encode("ascii")
    assert max(map(len, raw.split(b"\r\n"))) <= MOST
    # Python's reader folds spaces of other kinds, and takes what encloses a name away (email.utils.unquote).
    if name.isprintable() and (name[:1], name[-1:]) not in (("<", ">"), ('"', '"')):
        assert spaced(message_from_bytes(raw, policy=default).get_filename()) == spaced(name)


@settings(max_examples=100, deadline=None)
@given(BODIES, BODIES)
def test_texts_are_read_as_they_were_given(text, html):
    mail = read(write_letter(mail_of(body=text, html=html), "shop@example.org", None).content)
    for kind, given_text in (("plain", text), ("html", html)):
        lines = given_text.replace("\r\n", "\n").replace("\r", "\n")
        if kind == "html" or lines:
            expected = lines if lines.endswith("\n") else lines + "\n"
            part = mail.get_body((kind,))
            assert part.get_payload(decode=True).decode().replace("\r\n", "\n") == expected


@pytest.mark.parametrize(
    ("html", "files", "kinds"),
    [
        (None, "", ["text/plain"]),
        (None, "a", ["multipart/mixed", "text/plain", "image/png"]),
        (None, "i", ["multipart/mixed", "text/plain", "image/png"]),
        ("x", "", ["multipart/alternative", "text/plain", "text/html"]),
        ("x", "i", ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]),
        (
            "x",
            "ai",
            [
                *("multipart/mixed", "multipart/alternative", "text/plain"),
                *("multipart/related", "text/html", "image/png", "image/png"),
            ],
        ),
    ],
)
def test_parts_are_nested_as_mail_programs_expect(html, files, kinds):
    content = {"a": Attachment("a", "image/png", b"\0\xff"), "i": Attachment("i", "image/png", b"\0\xff", "i@1")}
    message = mail_of(body="t", html=html, attachments=tuple(content[one] for one in files))
    mail = read(write_letter(message, "shop@example.org", None).content)
    parts = list(mail.walk())
    assert [part.get_content_type() for part in parts] == kinds
    assert [part.get_content() for part in parts if part.get_content_type() == "image/png"] == [b"\0\xff"] * len(files)


@pytest.mark.parametrize("type_", ["text/plain\r\nX-A: b", "text", "text/", "a b/c", "ä/b"])
def test_a_files_type_cannot_break_out_of_its_line(type_):
    message = mail_of(body="t", attachments=(Attachment("a", type_, b""),))
    with pytest.raises(ValueError, match="type"):
        write_letter(message, "shop@example.org", None)


@pytest.mark.parametrize("id_", ["a\r\nX-A: b", "a b", "<a>", "ä"])
def test_a_content_id_cannot_break_out_of_its_line(id_):
    message = mail_of(html="t", attachments=(Attachment("a", "image/png", b"", id_),))
    with pytest.raises(ValueError, match="content id"):
        write_letter(message, "shop@example.org", None)
