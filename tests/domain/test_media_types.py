"""Types of files in one spelling, and nothing that could leave their header or compete with what a mail says."""

import pytest

from domain.messages.outbound import Attachment
from domain.text.media_types import InvalidMediaType, normalise_media_type, split_media_type
from gateways.email.mime import file_part


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("Application/PDF", "application/pdf"),
        ("text/calendar; method=REQUEST", "text/calendar; method=REQUEST"),
        ('text/calendar;charset="UTF-8" ;METHOD="REQUEST";', "text/calendar; charset=UTF-8; method=REQUEST"),
        ('text/csv; header="is present"', 'text/csv; header="is present"'),
        ("text/csv; x=50%", 'text/csv; x="50%"'),
        ('text/plain; x=""', 'text/plain; x=""'),
        ('text/plain; x="a;b=c"', 'text/plain; x="a;b=c"'),
    ],
)
def test_types_have_one_spelling_that_can_stand_in_a_mail(given: str, written: str):
    assert normalise_media_type(given) == written
    assert split_media_type(given) == split_media_type(written)
    head, *_ = file_part(Attachment("a", written, b""), inline=False)
    assert head.startswith(f"Content-Type: {written}\r\n".encode())


@pytest.mark.parametrize(
    "given",
    [
        *("", "text", "text/", "/plain", "text/plain ;x", "text/plain; x", "text/plain; =x", "text/plain; x=", "a b/c"),
        *("message/rfc822", "Multipart/Mixed; boundary=x", "text/plain,text/html", "text/plain x=y", "text/plain;;"),
        *("text/plain\r\nX: y", "text/plain\n", "text/plain; x=y\r\nBcc: z", 'text/plain; x="a\r\nBcc: z"'),
        *('text/plain; x="a', 'text/plain; x=a"b"', 'text/plain; x="a\\"b"', "text/plain; x=a\tb", "text/plain; x=é"),
        *("text/plain; x=\x00", 'text/plain; x="\x7f"', "text/plain; x=y; X=z", "text/plain; x= y"),
        *("application/pdf; name=b.exe", "application/pdf; NAME=b.exe", "application/pdf; name*=utf-8''b.exe"),
        *("application/pdf; name*0=b", 'text/plain; charset="utf-8; x=y"', 'text/plain; charset=""'),
        *('text/plain; x="=?utf-8?q?=0D=0ABcc:?="', "text/plain" + "; a=b" * 2, "text/plain" + ";" * 10_000),
        "text/plain" + "".join(f"; a{n}=b" for n in range(11)),
    ],
)
def test_whatever_else_is_refused(given: str):
    with pytest.raises(InvalidMediaType):
        normalise_media_type(given)
