"""What a caller writes into a mail's headers is text: it arrives as it was written, and is never syntax."""

import random
import re
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import getaddresses

import pytest
from mail_reader import read

from domain.channels import Channel
from domain.messages.outbound import Attachment
from gateways.base import UnfitMessage
from gateways.email.mail import take_apart
from gateways.email.mail_headers import HeaderField
from gateways.email.mail_message import write_letter
from tests.faults.size import MINUTES

TEXTS = 10_000 if MINUTES else 3_000
BCC = "=0D=0ABcc=3A_evil=40example=2Ecom"
"""CR LF and a header, by quoted-printable."""
HOSTILE = [
    f"=?utf-8?q?Hello{BCC}?=",
    f"=?us-ascii?Q?Hello{BCC}?= =?utf-8?q?{BCC}?=",
    f"=?utf-16?q?Hello{BCC}?=",
    f"=?utf-8*en?q?{BCC}?=",
    "=?utf-8?b?SGVsbG8NCkJjYzogZXZpbEBleGFtcGxlLmNvbQ==?=",
    "=?utf-8?q?x=0D=0AContent-Type=3A_text/html=0D=0A=0D=0A<b>evil</b>?=",
    "=?utf-8?q?spaces are not allowed=0D=0ABcc: a@b?=",
    "Grüße =?utf-8?q?=0ABcc=3A_a@b?= und mehr",
    "=?utf-8?q?=00?=",
    "=?unknown?b?????=",
    "=?utf-8?q?unfinished",
]
SCRIPTS = {
    "latin": "äöüßéèêñçåøæœłžščřİıŞğ abcdefgh",
    "plain": "abcdefghij KLMNOP 0123,:;<>()@\\\"[]!?=_'",
    "greek": "αβγδε ζηθικ ",
    "cyrillic": "привет мир новости ",
    "hebrew": "שלום עולם ",
    "arabic": "مرحبا بالعالم ",
    "hindi": "नमस्ते दुनिया ",
    "thai": "สวัสดีชาวโลก ",
    "chinese": "你好世界最新消息 ",
    "japanese": "こんにちは 世界 カタカナ ",
    "korean": "안녕하세요 세계 ",
    "emoji": "🎉👩‍👩‍👧‍👦🇩🇪 ✨ ",
}


@pytest.fixture
def letter(make):
    def letter(sender=None, from_name=None, **fields):
        message = make(**({"channel": Channel.EMAIL, "to": "ann@example.com", "subject": "Hi"} | fields))
        return write_letter(message, "shop@example.org", sender or from_name).content

    return letter


def head(mail: bytes) -> list[bytes]:
    return mail.partition(b"\r\n\r\n")[0].split(b"\r\n")


@pytest.mark.parametrize("text", HOSTILE)
async def test_an_encoded_word_that_a_caller_wrote_arrives_as_its_characters(letter, text):
    file = Attachment(text, "application/pdf", b"pdf")
    mail = letter(subject=text, from_name=text, headers=(("X-Note", text),), attachments=(file,))
    (seen,) = await read(mail)
    assert seen["subject"] == text
    assert seen["from"] == {"address": "shop@example.org", "name": text}
    assert [h["value"] for h in seen["headers"] if h["key"] == "bcc"] == []
    assert not seen.get("html")
    assert not re.search(rb"(?im)^(bcc|content-type: text/html)", mail)
    ours = message_from_bytes(mail, policy=policy.SMTP)
    assert len(ours.keys()) == len(set(ours.keys()))
    assert [part.get_filename() for part in ours.iter_attachments()] == [text]
    assert ours["Bcc"] is None


@pytest.mark.parametrize(
    "name",
    [
        "Bank <no-reply@bank.example>, please read this important message about your account today",
        "Bank, the one of your town that you trust so much: " + "a" * 60,
        'She said "buy", then left <now@bank.example>; thank you very much indeed, dear customer of ours',
        "back\\slash \\",
        "a" * 990,
        "comma, " * 150,
        " spaces around ",
        "Grüße, <bank@bank.example> " * 5,
        "Ada",
    ],
)
async def test_a_senders_name_is_a_name_whatever_is_in_it(letter, name):
    mail = letter(from_name=name)
    (seen,) = await read(mail)
    assert seen["from"]["address"] == "shop@example.org"
    assert seen["from"]["name"].strip() == name.strip()
    field = next(h["value"] for h in seen["headers"] if h["key"] == "from")
    assert field.startswith(('"', "=?"))
    (only,) = message_from_bytes(mail, policy=policy.SMTP)["From"].addresses
    assert only.addr_spec == "shop@example.org"
    assert max(map(len, head(mail))) <= 998


def random_texts(count: int) -> list[str]:
    dice = random.Random(20261127)
    texts = []
    for _ in range(count):
        letters = SCRIPTS[dice.choice(list(SCRIPTS))]
        if dice.random() < 0.3:
            letters += SCRIPTS[dice.choice(list(SCRIPTS))]
        texts.append("".join(dice.choice(letters) for _ in range(dice.randint(1, 160))).strip() or "x")
    return texts


async def test_random_texts_in_twelve_scripts_arrive_unchanged(letter):
    texts = random_texts(TEXTS)
    mails = [letter(subject=text, from_name=text, headers=(("X-Note", text),)) for text in texts]
    for mail, text, seen in zip(mails, texts, await read(*mails), strict=True):
        assert seen["subject"] == text
        assert seen["from"]["name"] == text
        for line in head(mail):
            words = re.findall(rb"=\?utf-8\?[bq]\?[^?]*\?=", line)
            assert all(len(word) <= 75 for word in words), line
            assert len(line) <= 76 or not words, line
            assert len(line) <= 998
            assert line.strip(), "no line of a header is empty"


@pytest.mark.parametrize("value", ["a\r\nb", "a\nb", "a\rb", "a\0b", "a\r\n", "a\r\n\r\nb", "\n"])
def test_a_field_cannot_be_left_by_a_line_break(value):
    with pytest.raises(ValueError, match="line break"):
        HeaderField("Subject", value)


def test_what_is_folded_stays_in_its_field():
    assert HeaderField("Subject", "a\r\n b").line == "Subject: a\r\n b\r\n"


def test_a_mail_with_a_head_that_is_not_ours_does_not_leave(letter):
    with pytest.raises(UnfitMessage):
        letter(headers=(("X-A: b\r\nBcc", "eve@example.com"),))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-" + "long-" * 15 + "name", "Grüße aus Köln, wo man sich freut über jeden, der kommt und bleibt"),
        ("References", " ".join(f"<{'r' * 60}{n}@example.org>" for n in range(30))),
        ("X-Two", "two  spaces   and three"),
        ("X-Question", "https://shop.example/?a=?b?=c"),
    ],
)
async def test_long_and_odd_fields_arrive_unchanged(letter, name, value):
    mail = letter(headers=((name, value),))
    (seen,) = await read(mail)
    (found,) = [h["value"] for h in seen["headers"] if h["key"] == name.lower()]
    assert message_from_bytes(mail, policy=policy.SMTP)[name].strip() == value
    assert max(map(len, head(mail))) <= 998
    if value.isascii():
        assert found == value


@pytest.mark.parametrize(
    "filename",
    [
        'quo"te.pdf',
        "back\\slash.pdf",
        "Rechnung Größe.pdf",
        "長" * 80 + ".pdf",
        "a" * 200 + ".pdf",
        "semi;colon=x.pdf",
        "%41.pdf",
    ],
)
async def test_a_files_name_arrives_unchanged(letter, filename):
    mail = letter(body="Hi", attachments=(Attachment(filename, "application/pdf", b"pdf"),))
    (seen,) = await read(mail)
    assert [file["filename"] for file in seen["attachments"]] == [filename]
    assert [part.get_filename() for part in message_from_bytes(mail, policy=policy.SMTP).iter_attachments()] == [
        filename
    ]


async def test_a_files_type_keeps_its_parameters(letter):
    invitation = Attachment("invite.ics", "text/calendar; method=REQUEST; charset=utf-8", b"BEGIN:VCALENDAR\r\n")
    mail = letter(body="Hi", attachments=(invitation,))
    (part,) = message_from_bytes(mail, policy=policy.SMTP).iter_attachments()
    assert part.get_content_type() == "text/calendar"
    assert part["Content-Type"].params == {"method": "REQUEST", "charset": "utf-8"}
    assert part.get_payload(decode=True) == invitation.content


def test_providers_are_given_headers_that_no_encoded_word_can_leave(make):
    text = f"=?utf-8?q?Hello{BCC}?="
    headers = (("X-Note", text), ("X-Wer", "Grüße"), ("X-Plain", "a=?b"))
    mail = take_apart(make(channel=Channel.EMAIL, to="ann@example.com", headers=headers), "shop@example.org", text)
    sent = dict(mail.encoded_headers)
    assert sent["X-Plain"] == "a=?b"
    assert sent["X-Note"].isascii()
    assert str(make_header(decode_header(sent["X-Note"]))) == text
    assert sent["X-Wer"].isascii()
    assert str(make_header(decode_header(sent["X-Wer"]))) == "Grüße"
    (sender,) = getaddresses([mail.from_header])
    assert sender[1] == "shop@example.org"
    assert str(make_header(decode_header(sender[0]))) == text
