"""However much a provider posts or answers, only so much of it is gone through and kept."""

import pytest

from domain.messages.receipts import MAX_INBOUND_TEXT, Inbound, decode_events, encode_events
from gateways.answers import REASON_CAP, clean
from gateways.config.template import text_filler
from gateways.sms.inbound import inbound
from gateways.sms.smpp.delivery import read_part
from gateways.sms.smpp.pdu import SAR_MSG_REF_NUM, SAR_SEGMENT_SEQNUM, SAR_TOTAL_SEGMENTS, Address, ShortMessage
from gateways.webhooks.events import LINK_CAP, MAX_EVENTS, digest, link, mailbox, objects_in, seconds
from gateways.webhooks.webhook import MAX_FIELDS, MAX_FORM, MAX_VALUES, Post, UnreadablePost

PHONE = Address(1, 1, "14155550123")


def post(body: bytes, url: str = "https://e.com/x") -> Post:
    return Post("POST", url, {}, body, 0.0)


def test_a_message_from_a_person_is_cut():
    long = "\u0301" * 230_000
    message = inbound(key="k" * 999, at=0, sender="s" * 999, recipient="r" * 999, body=long, media=(long,) * 99)
    (read,) = decode_events(encode_events([message]))
    assert isinstance(read, Inbound)
    assert len(read.body) == MAX_INBOUND_TEXT
    assert max(len(read.key), len(read.sender), len(read.recipient)) <= 320
    assert len(read.media) == 20


def test_an_ordinary_message_stays_whole():
    message = Inbound("k", 0.0, "+14155550123", "us", "x" * 4096, ("id",), "Ada", "wamid.1")
    assert decode_events(encode_events([message])) == [message]
    assert len(message.body) == 4096


@pytest.mark.parametrize(
    "body",
    [b"[" + b"{}," * MAX_VALUES + b"{}]", b"[" + b"[]," * MAX_VALUES + b"[]]", b"[" + b"1," * MAX_VALUES + b"1]"],
)
def test_json_of_too_many_values_is_not_read(body):
    with pytest.raises(UnreadablePost, match="values"):
        post(body).json()


def test_a_thousand_events_are_read():
    body = b"[" + b",".join([b'{"event":"delivered","a":[1,2,3],"b":{"c":"d"}}'] * 1000) + b"]"
    assert len(objects_in(post(body).json())) == 1000


def test_too_many_events_are_refused():
    with pytest.raises(UnreadablePost, match="events"):
        objects_in([{}] * (MAX_EVENTS + 1))


@pytest.mark.parametrize("body", [b"a" * (MAX_FORM + 1), b"a=1&" * (MAX_FIELDS + 1)])
def test_a_form_that_is_too_long_is_not_read(body):
    with pytest.raises(UnreadablePost):
        post(body).form()


def test_a_query_of_too_many_fields_counts_as_none():
    assert post(b"", "https://e.com/?" + "a=1&" * (MAX_FIELDS + 1)).query == {}
    assert post(b"", "https://e.com/?a=1&b=").query == {"a": "1", "b": ""}


def test_fields_are_cut_before_they_are_cleaned():
    assert clean("a " * 4_000_000) == ("a " * REASON_CAP)[:REASON_CAP]
    assert clean(" " * 1000 + "late") == "late"
    assert link("h" * 8_000_000) == "h" * LINK_CAP
    assert seconds("1" * 8_000_000, otherwise=7.0) == 7.0


def test_a_key_of_an_event_is_short_and_tells_events_apart():
    assert digest("a", "b") == "a|b"
    assert len(digest("a" * 9999)) == 64
    assert digest("a" * 9999) != digest("a" * 9998)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Ann@EXAMPLE.com", "Ann@example.com"),
        (" ann@xn--exmple-cua.com ", "ann@xn--exmple-cua.com"),
        ("ann@ex\u00e4mple.com", "ann@xn--exmple-cua.com"),
        ("u\u0308@example.com", "\u00fc@example.com"),
        ("ann@" + "\u00e4" * 65 + ".com", None),
        ("a" * 321, None),
        ("a@b@c", None),
        (7, None),
    ],
)
def test_the_mailbox_of_a_receipt(written, kept):
    assert mailbox(written) == kept


def test_a_part_by_smpp_holds_no_more_than_travels_on_the_air():
    tlvs = {SAR_MSG_REF_NUM: b"\0\1", SAR_TOTAL_SEGMENTS: b"\xff", SAR_SEGMENT_SEQNUM: b"\1", 0x0424: b"a" * 60_000}
    part = read_part(ShortMessage.decode(ShortMessage(PHONE, PHONE, b"", tlvs=tlvs).encode()))
    assert (part.total, len(part.octets)) == (255, 254)
    whole = ShortMessage(PHONE, PHONE, b"", tlvs={0x0424: b"a" * 60_000})
    assert len(read_part(ShortMessage.decode(whole.encode())).octets) == 2 * MAX_INBOUND_TEXT


@pytest.mark.parametrize(
    "text", ["{{", "{{ to", "{ {to}}", "{{to} }", "{{\nto\nto}}", "{{" + " " * 5000, "{{" + "a" * 61 + "}}"]
)
def test_braces_that_are_no_placeholder_stay_as_they_are(text, make):
    assert text_filler(text)(make(to="+14155550123")) == text


@pytest.mark.parametrize("text", ["{{to}}", "{{ to }}", "{{\n to\t}}", "{{{ to }}}"])
def test_placeholders_are_filled(text, make):
    assert "+14155550123" in text_filler(text)(make(to="+14155550123"))
