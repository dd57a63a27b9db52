"""SMPP, incoming, without a connection: what a delivery says, and how parts become a message."""

import pytest

from domain.messages.receipts import Inbound, Receipt
from domain.text.gsm7 import encode_gsm7
from gateways.sms.smpp import inbox as smpp_inbox
from gateways.sms.smpp.delivery import answered_id, decode_text, is_message, number_of, read_part, read_receipt
from gateways.sms.smpp.inbox import Inbox
from gateways.sms.smpp.pdu import Address, ShortMessage

TEXT = "id:0123 sub:001 dlvrd:001 submit date:2601021504 done date:2601021505 stat:{} err:{} Text:id:9 stat:DELIVRD"
RECEIPT = 0x04


@pytest.fixture
def taken():
    return []


@pytest.fixture
def take(taken):
    async def take(events):
        taken.extend(events)

    return take


def delivered(octets=b"", esm_class=0, data_coding=0, tlvs=None, source="15005550001"):
    return ShortMessage(
        Address(1, 1, source), Address(1, 1, "15005550000"), octets, data_coding, esm_class, 0, tlvs or {}
    )


@pytest.mark.parametrize(
    ("word", "state", "kind"),
    [
        ("ENROUTE", 1, "sent"),
        ("DELIVRD", 2, "delivered"),
        ("EXPIRED", 3, "expired"),
        ("DELETED", 4, "cancelled"),
        ("UNDELIV", 5, "undelivered"),
        ("ACCEPTD", 6, "sent"),
        ("UNKNOWN", 7, None),
        ("REJECTD", 8, "rejected"),
        ("SKIPPED", 9, None),
    ],
)
def test_every_state(word, state, kind):
    in_text = read_receipt(delivered(TEXT.format(word, "075").encode(), RECEIPT), "same", 5.0)
    in_tlvs = read_receipt(delivered(b"", RECEIPT, tlvs={0x1E: b"0123\0", 0x427: bytes([state])}), "same", 5.0)
    if kind is None:
        assert in_text is in_tlvs is None
        return
    bad = kind not in {"sent", "delivered"}
    assert in_text == Receipt(
        kind,
        key=f"123|{word}",
        at=5.0,
        provider_id="123",
        code="smpp_075" if bad else None,
        reason=f"{word} err:075" if bad else None,
    )
    assert in_tlvs == Receipt(kind, key=f"123|{word}", at=5.0, provider_id="123")


@pytest.mark.parametrize(
    ("text", "esm_class"),
    [
        ("stat:DELIVRD err:000", RECEIPT),
        ("id:1 stat:WHATEVER", RECEIPT),
        ("id: stat:", RECEIPT),
        ("", RECEIPT),
        ("id:5 stat:DELIVRD", 0),  # a phone wrote it: it has not the form of a receipt
        ("Look: " + TEXT.format("DELIVRD", "000"), 0),
        (TEXT.format("DELIVRD", "000"), 0x08),
    ],
)
def test_what_is_no_receipt(text, esm_class):
    assert read_receipt(delivered(text.encode(), esm_class), "same", 5.0) is None


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("FAILED", "failed"),
        ("UNDELIVERED", "undelivered"),
        ("DELIVERED", "delivered"),
        ("Undeliverable", "undelivered"),
        ("ACCEPTED", "sent"),
        ("REJECTED", "rejected"),
    ],
)
def test_states_in_whole_words(word, kind):
    receipt = read_receipt(delivered(TEXT.format(word, "001").encode(), RECEIPT), "same", 5.0)
    assert receipt.kind == kind


@pytest.mark.parametrize(
    ("text", "tlvs"),
    [(TEXT.format("DELIVRD", "000"), {}), ("", {0x1E: b"0123\0", 0x427: b"\2"})],
)
def test_a_receipt_that_does_not_say_that_it_is_one(text, tlvs):
    message = delivered(text.encode(), 0, tlvs=tlvs)
    assert read_receipt(message, "same", 5.0).kind == "delivered"
    assert not is_message(message)


@pytest.mark.parametrize(
    ("header", "octets", "expected"),
    [
        ("03250101", b"Te\x1dt \x40\x07\x0c\x60", "Teşt İığç"),
        ("03240101", b"Te\x1b\x73t \x1b\x49", "Teşt İ"),
        ("06240101250101", b"Te\x1dt \x1b\x47", "Teşt Ğ"),
        ("03240102", b"\x1b\x61\x1b\x09", "áç"),
        ("03250103", b"\x04\x14\x7b", "êÀã"),
        ("03240106", b"\x1b\x19", "\u0964"),
        ("032501ff", b"Te\x1dt", "Teæt"),
        ("0925010105040b840b84", b"Te\x1dt", "Teşt"),
    ],
)
def test_texts_in_the_alphabet_of_a_language(header, octets, expected):
    part = read_part(delivered(bytes.fromhex(header) + octets, 0x40))
    assert decode_text(part.octets, part.data_coding) == expected


async def test_a_long_message_in_the_alphabet_of_a_language_is_put_together():
    first = read_part(delivered(bytes.fromhex("080003070201250101") + b"Te\x1d", 0x40))
    second = read_part(delivered(bytes.fromhex("080003070202250101") + b"\x0c", 0x40))
    assert (first.reference, first.total, first.number, second.number) == (7, 2, 1, 2)
    assert decode_text(first.octets + second.octets, first.data_coding) == "Teşğ"


def test_an_error_of_zeros_is_none():
    receipt = read_receipt(delivered(TEXT.format("UNDELIV", "000").encode(), RECEIPT), "same", 5.0)
    assert receipt.code is None


@pytest.mark.parametrize(
    ("ids", "answered", "in_text", "in_tlv"),
    [
        ("same", "00AB12", "ab12", "AB12"),
        ("same", "0000", "0", "00"),
        ("same", "4f2a-77", "4f2a-77", "4f2a-77"),
        ("decimal", "0BC614E", "12345678", "BC614E"),
        ("decimal", "10", "0000000016", "10"),
        ("hexadecimal", "12345678", "00bc614e", "12345678"),
        ("decimal", "not-a-number", "not-a-number", "not-a-number"),
        ("same", "9" * 5000, "9" * 5000, "9" * 5000),
    ],
)
def test_an_id_is_the_same_however_it_is_written(ids, answered, in_text, in_tlv):
    kept = answered_id(answered, ids)
    assert kept
    by_text = read_receipt(delivered(f"id:{in_text} stat:DELIVRD".encode(), RECEIPT), ids, 5.0)
    by_tlv = read_receipt(delivered(b"", RECEIPT, tlvs={0x1E: in_tlv.encode(), 0x427: b"\2"}), ids, 5.0)
    assert by_text.provider_id == by_tlv.provider_id == kept


def test_ids_of_another_base_differ():
    assert answered_id("10", "decimal") == "16"
    assert answered_id("10", "hexadecimal") == "10"


@pytest.mark.parametrize(
    ("octets", "tlvs", "expected"),
    [
        (bytes.fromhex("0500030b0302") + b"x", {}, (0x0B, 3, 2, b"x")),
        (bytes.fromhex("0608040abc0302") + b"x", {}, (0x0ABC, 3, 2, b"x")),
        (bytes.fromhex("0b0504000000000003070201") + b"x", {}, (7, 2, 1, b"x")),  # ports stand before it
        (bytes.fromhex("0a05040000000000030702") + b"x", {}, (0, 1, 1, b"x")),  # cut short
        (bytes.fromhex("0500030b0300") + b"x", {}, (0, 1, 1, b"x")),  # there is no part 0
        (bytes.fromhex("0500030b0304") + b"x", {}, (0, 1, 1, b"x")),
        (bytes.fromhex("0500"), {}, (0, 1, 1, bytes.fromhex("0500"))),  # longer than the text
        (b"", {}, (0, 1, 1, b"")),
        (b"\0x", {0x20C: b"\1\2", 0x20E: b"\3", 0x20F: b"\1"}, (0x102, 3, 1, b"x")),
        (b"\0x", {0x20C: b"\1\2", 0x20E: b"", 0x20F: b"\1"}, (0, 1, 1, b"x")),
        (b"\0x", {0x20C: b"\1\2\3", 0x20E: b"\3", 0x20F: b"\1"}, (0, 1, 1, b"x")),  # longer than there is
        (b"\0x", {0x20C: b"\1\2", 0x20E: b"\3\3", 0x20F: b"\1"}, (0, 1, 1, b"x")),
    ],
)
def test_what_a_text_is_a_part_of(octets, tlvs, expected):
    part = read_part(delivered(octets, 0x40, tlvs=tlvs))
    assert (part.reference, part.total, part.number, part.octets) == expected


@pytest.mark.parametrize(
    ("octets", "coding", "text"),
    [
        (b"\0\x1be", 0x00, "@€"),
        (b"\0\x1be", 0xF1, "@€"),  # the same alphabet, with a message class
        (b"a@\xff", 0x01, "a@\ufffd"),
        (b"\xbf\xe0", 0x06, "Пр"),
        (b"\xf9\xec", 0x07, "של"),
        ("aé\0😀".encode("utf-16-be"), 0x08, "aé😀"),
        (b"\0a\xd8", 0x08, "a\ufffd"),
    ],
)
def test_texts_of_every_coding_are_read(octets, coding, text):
    assert decode_text(octets, coding) == text


@pytest.mark.parametrize("coding", [2, 4, 9, 0x80])
async def test_what_is_no_text_is_acknowledged_and_left_out(outside_of, take, taken, coding):
    statuses = []
    inbox = Inbox(outside_of(take), "same", 5.0)
    inbox.deliver(delivered(b"\1\2", data_coding=coding).encode(), lambda status: not statuses.append(status))
    await inbox.drain()
    assert statuses == [0]
    assert not taken


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (Address(1, 1, "447911123456"), "+447911123456"),
        (Address(1, 1, "+447911123456"), "+447911123456"),
        (Address(0, 1, "447911123456"), "+447911123456"),
        (Address(0, 1, "60123"), "60123"),
        (Address(2, 1, "07911123456"), "07911123456"),
        (Address(0, 1, "00447911123456"), "00447911123456"),
        (Address(5, 0, "Shop"), "Shop"),
    ],
)
def test_numbers_are_written_in_the_international_form(address, expected):
    assert number_of(address) == expected


async def test_a_surrogate_pair_that_a_phone_cut_is_whole_again(outside_of, take, taken):
    octets = "a😀b".encode("utf-16-be")
    inbox = Inbox(outside_of(take), "same", 5.0)
    for number, half in enumerate((octets[:4], octets[4:]), 1):
        body = delivered(bytes([5, 0, 3, 1, 2, number]) + half, 0x40, 8).encode()
        inbox.deliver(body, lambda status: True)
    await inbox.drain()
    assert [event.body for event in taken] == ["a😀b"]


async def test_parts_of_different_phones_are_kept_apart(outside_of, take, taken):
    inbox = Inbox(outside_of(take), "same", 5.0)
    for number in (1, 2):
        for source in ("15005550001", "15005550002"):
            octets = bytes([5, 0, 3, 1, 2, number]) + encode_gsm7(f"{source[-1]}{number}")
            inbox.deliver(delivered(octets, 0x40, source=source).encode(), lambda status: True)
    await inbox.drain()
    assert {(event.sender, event.body) for event in taken} == {
        ("+15005550001", "1112"),
        ("+15005550002", "2122"),
    }


async def test_more_than_can_wait_is_turned_away(outside_of, take, monkeypatch):
    monkeypatch.setattr(smpp_inbox, "WAITING_CAP", 2)
    statuses = []
    inbox = Inbox(outside_of(take), "same", 5.0)
    for _ in range(3):
        inbox.deliver(delivered(b"x").encode(), lambda status: not statuses.append(status))
    assert statuses == [0x14]
    await inbox.drain()
    inbox.deliver(delivered(b"x").encode(), lambda status: not statuses.append(status))
    await inbox.drain()
    assert statuses == [0x14, 0, 0, 0]


async def test_a_message_that_could_not_be_answered_keeps_its_key(outside_of, take, taken):
    inbox = Inbox(outside_of(take), "same", 5.0)
    for connected in (False, True, True):
        inbox.deliver(delivered(b"x").encode(), lambda status, connected=connected: connected)
        await inbox.drain()
    first, again, another = taken
    assert isinstance(first, Inbound)
    assert first.key == again.key != another.key
