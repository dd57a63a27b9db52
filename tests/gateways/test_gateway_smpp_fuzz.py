"""SMPP with any octets whatever: each is read or refused, and nothing else happens."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from gateways.sms.smpp.delivery import ReceiptIds, decode_text, read_part, read_receipt
from gateways.sms.smpp.pdu import ENQUIRE_LINK, PDU_CAP, BadPdu, BadStream, Pdu, ShortMessage, message_id, take_pdus

TLVS = st.dictionaries(st.integers(0, 0xFFFF), st.binary(max_size=40), max_size=5)
INTERESTING = st.sampled_from([0x1E, 0x427, 0x424, 0x20C, 0x20E, 0x20F])


def read_all(message):
    """Whatever is delivered, it is read."""
    for ids in ReceiptIds.__args__:
        read_receipt(message, ids, 0.0)
    part = read_part(message)
    assert 1 <= part.number <= part.total
    return decode_text(part.octets, part.data_coding)


@given(st.binary(max_size=400))
def test_any_body_is_read_or_refused(body):
    assert len(message_id(body)) <= len(body)
    try:
        message = ShortMessage.decode(body)
    except BadPdu:
        return
    read_all(message)


@given(
    st.binary(max_size=255),
    st.integers(0, 255),
    st.sampled_from([0, 0x04, 0x20, 0x40, 0x44, 0x80]) | st.integers(0, 255),
    st.dictionaries(INTERESTING, st.binary(max_size=70)) | TLVS,
)
def test_any_delivery_is_read(octets, coding, esm_class, tlvs):
    body = delivery(octets, coding, esm_class, tlvs)
    message = ShortMessage.decode(body)
    assert message.octets == (octets or tlvs.get(0x424, b""))
    text = read_all(message)
    assert text is None or len(text) <= max(len(octets), 70)


WORDS = st.sampled_from(
    ["id:", "stat:", "err:", "Text:", " ", "DELIVRD", "UNDELIV", "0", "7f", "٣", "\0", ":", "9" * 80]
)


@given(st.lists(WORDS).map("".join))
def test_any_text_of_a_receipt_is_read(text):
    receipt = read_receipt(ShortMessage.decode(delivery(text.encode()[:255], 0, 4, {})), "decimal", 0.0)
    assert receipt is None or receipt.provider_id


@given(st.binary(max_size=300), st.integers(0, 5), st.lists(st.integers(1, 40), min_size=1))
def test_any_stream_ends_or_is_read_whole_however_it_is_cut(rest, whole, cuts):
    stream = b"".join(Pdu(ENQUIRE_LINK, number, body=b"x" * number).encode() for number in range(whole)) + rest
    at_once, in_pieces = [], []
    broken = _feed([stream], at_once)
    pieces = []
    for cut in cuts:
        pieces.append(stream[:cut])
        stream = stream[cut:]
    assert _feed([*pieces, stream], in_pieces) == broken
    assert in_pieces == at_once
    assert [pdu.sequence for pdu in at_once[:whole]] == list(range(whole))


def _feed(pieces, into):
    buffer = bytearray()
    try:
        for piece in pieces:
            buffer += piece
            into.extend(take_pdus(buffer))
    except BadStream:
        return True
    assert len(buffer) <= PDU_CAP
    return False


def delivery(octets, coding, esm_class, tlvs):
    """The body of a ``deliver_sm``, put together by hand."""
    fixed = b"\0" + b"\1\1123\0" + b"\1\1456\0" + bytes([esm_class, 0, 0]) + b"\0\0"
    text = bytes([0, 0, coding, 0, len(octets)]) + octets
    return fixed + text + b"".join(struct.pack(">HH", tag, len(value)) + value for tag, value in tlvs.items())
