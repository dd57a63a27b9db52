"""SMPP, incoming: receipts and messages from phones, answered only when somebody has taken them over."""

import asyncio
from dataclasses import dataclass, field, replace

import pytest
from smsc import gateway_at, smsc

from domain.gsm7 import encode_gsm7
from domain.receipts import Inbound, Receipt
from gateways.sms import smpp_inbox
from gateways.sms.smpp_delivery import answered_id, decode_text, number_of, read_part, read_receipt
from gateways.sms.smpp_inbox import Inbox
from gateways.sms.smpp_pdu import Address, ShortMessage

TEXT = "id:0123 sub:001 dlvrd:001 submit date:2601021504 done date:2601021505 stat:{} err:{} Text:id:9 stat:DELIVRD"
RECEIPT = 0x04
TRY_AGAIN = 0x64


@dataclass
class Sink:
    """Takes events over, or fails when it is told to."""

    taken: list = field(default_factory=list)
    handfuls: int = 0
    fails: bool = False
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, events):
        self.handfuls += 1
        self.taken.extend(events)
        await self.open.wait()
        if self.fails:
            raise RuntimeError("no engine")


@pytest.fixture
def sink():
    sink = Sink()
    sink.open.set()
    return sink


async def test_a_receipt_reaches_the_sink(outside, sink, make):
    async with smsc() as peer, gateway_at(replace(outside, events=sink.take), peer.port) as gateway:
        sent = await gateway.send(make())
        text = TEXT.replace("0123", sent.provider_id).format("DELIVRD", "000")
        await peer.deliver(text, esm_class=RECEIPT)
        assert (await peer.some("deliver_sm_resp"))[0]["status"] == 0
    (receipt,) = sink.taken
    assert (receipt.kind, receipt.provider_id, receipt.key) == ("delivered", "1", "1|DELIVRD")


async def test_a_receipt_in_tlvs_reaches_the_sink(outside, sink):
    async with smsc() as peer, gateway_at(replace(outside, events=sink.take), peer.port) as gateway:
        await gateway.connect()
        await peer.deliver("", esm_class=RECEIPT, receipted_message_id="7b", message_state=5)
        assert (await peer.some("deliver_sm_resp"))[0]["status"] == 0
    (receipt,) = sink.taken
    assert (receipt.kind, receipt.provider_id) == ("undelivered", "7b")


@pytest.mark.parametrize(
    ("text", "coding"), [("Grüße, @Ann: 5 € {ok}?", 0), ("Grüße ç", 3), ("Привет 😀", 8), ("plain", 1)]
)
@pytest.mark.parametrize("place", ["short_message", "message_payload"])
async def test_a_message_from_a_phone_reaches_the_sink(outside, sink, text, coding, place):
    async with smsc() as peer, gateway_at(replace(outside, events=sink.take), peer.port) as gateway:
        await gateway.connect()
        await peer.deliver(**{"text": "", "data_coding": coding, place: text})
        assert (await peer.some("deliver_sm_resp"))[0]["status"] == 0
    (message,) = sink.taken
    assert (message.sender, message.recipient, message.body) == ("+15005550001", "15005550000", text)


async def test_nothing_is_answered_before_it_is_taken_over(outside, sink):
    sink.open.clear()
    async with smsc() as peer, gateway_at(replace(outside, events=sink.take), peer.port) as gateway:
        await gateway.connect()
        await peer.deliver("hello", data_coding=0)
        async with asyncio.timeout(5):
            while not sink.taken:
                await asyncio.sleep(0.01)
        await peer.tell("enquire")
        await peer.some("enquire_link_resp")  # what was asked later is answered
        assert not peer.all("deliver_sm_resp")
        sink.open.set()
        assert (await peer.some("deliver_sm_resp"))[0]["status"] == 0


async def test_what_cannot_be_taken_over_is_asked_for_again_and_keeps_its_key(outside, sink):
    sink.fails = True
    async with smsc() as peer, gateway_at(replace(outside, events=sink.take), peer.port) as gateway:
        await gateway.connect()
        await peer.deliver("1", data_coding=0)
        assert (await peer.some("deliver_sm_resp"))[0]["status"] == TRY_AGAIN
        sink.fails = False
        for _ in range(2):  # again, and then one more of the same from the same phone
            await peer.deliver("1", data_coding=0)
        statuses = [answer["status"] for answer in await peer.some("deliver_sm_resp", 3)]
    assert statuses == [TRY_AGAIN, 0, 0]
    failed, again, another = sink.taken
    assert failed.key == again.key != another.key


async def test_a_sink_that_hangs_is_not_waited_for_for_ever(outside, sink):
    sink.open.clear()
    async with smsc() as peer, gateway_at(replace(outside, events=sink.take), peer.port, timeout=0.2) as gateway:
        await gateway.connect()
        await peer.deliver("hello", data_coding=0)
        assert (await peer.some("deliver_sm_resp"))[0]["status"] == TRY_AGAIN


async def test_without_a_sink_it_is_asked_for_again(outside):
    async with smsc() as peer, gateway_at(outside, peer.port) as gateway:
        await gateway.connect()
        await peer.deliver("hello")
        assert (await peer.some("deliver_sm_resp"))[0]["status"] == TRY_AGAIN


async def test_many_are_taken_over_together(outside, sink):
    async with smsc() as peer, gateway_at(replace(outside, events=sink.take), peer.port) as gateway:
        await gateway.connect()
        sink.open.clear()
        for number in range(50):
            await peer.deliver(str(number), data_coding=0)
        sink.open.set()
        answers = await peer.some("deliver_sm_resp", 50)
    assert {answer["status"] for answer in answers} == {0}
    assert sorted(int(event.body) for event in sink.taken) == list(range(50))
    assert sink.handfuls < 10


async def test_parts_are_put_together_and_answered_together(outside, sink):
    parts = {1: "first, ", 2: "second, ", 3: "third"}
    async with smsc() as peer, gateway_at(replace(outside, events=sink.take), peer.port) as gateway:
        await gateway.connect()
        for number in (3, 1):
            udh = f"05000307{len(parts):02x}{number:02x}"
            await peer.deliver({"udh": udh, "message": parts[number]}, number, data_coding=0)
        await peer.tell("enquire")
        await peer.some("enquire_link_resp")
        assert not peer.all("deliver_sm_resp")
        await peer.deliver({"udh": "050003070302", "message": parts[2]}, 2, data_coding=0)
        answers = await peer.some("deliver_sm_resp", 3)
    assert {(answer["tag"], answer["status"]) for answer in answers} == {(1, 0), (2, 0), (3, 0)}
    (message,) = sink.taken
    assert message.body == "first, second, third"


async def test_parts_whose_others_do_not_come_are_taken_over_as_they_are(outside, sink, monkeypatch):
    monkeypatch.setattr(smpp_inbox, "PART_SECONDS", 0.05)
    async with smsc() as peer, gateway_at(replace(outside, events=sink.take), peer.port) as gateway:
        await gateway.connect()
        await peer.deliver({"udh": "050003070302", "message": "second"}, data_coding=0)
        await peer.deliver({"udh": "050003070303", "message": "third"}, data_coding=0)
        await peer.some("deliver_sm_resp", 2)
        await peer.deliver({"udh": "050003070301", "message": "first"}, data_coding=0)
        await peer.some("deliver_sm_resp", 3)
    assert [event.body for event in sink.taken] == ["secondthird", "first"]


async def test_closing_leaves_unanswered_what_is_not_whole(outside, sink):
    async with smsc() as peer:
        async with gateway_at(replace(outside, events=sink.take), peer.port) as gateway:
            await gateway.connect()
            await peer.deliver({"udh": "050003070201", "message": "first"}, data_coding=0)
            await peer.tell("enquire")
            await peer.some("enquire_link_resp")
        await peer.some("closed")
        assert not peer.all("deliver_sm_resp")
    assert not sink.taken


# What follows needs no connection.


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
        (TEXT.format("DELIVRD", "000"), 0),  # a phone wrote it, whatever it looks like
        (TEXT.format("DELIVRD", "000"), 0x08),
    ],
)
def test_what_is_no_receipt(text, esm_class):
    assert read_receipt(delivered(text.encode(), esm_class), "same", 5.0) is None


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
async def test_what_is_no_text_is_acknowledged_and_left_out(sink, coding):
    statuses = []
    inbox = Inbox(sink.take, "same", 5.0)
    inbox.deliver(delivered(b"\1\2", data_coding=coding).encode(), lambda status: not statuses.append(status))
    assert statuses == [0]
    assert not sink.taken


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


async def test_a_surrogate_pair_that_a_phone_cut_is_whole_again(sink):
    octets = "a😀b".encode("utf-16-be")
    inbox = Inbox(sink.take, "same", 5.0)
    for number, half in enumerate((octets[:4], octets[4:]), 1):
        body = delivered(bytes([5, 0, 3, 1, 2, number]) + half, 0x40, 8).encode()
        inbox.deliver(body, lambda status: True)
    await inbox.drain()
    assert [event.body for event in sink.taken] == ["a😀b"]


async def test_parts_of_different_phones_are_kept_apart(sink):
    inbox = Inbox(sink.take, "same", 5.0)
    for number in (1, 2):
        for source in ("15005550001", "15005550002"):
            octets = bytes([5, 0, 3, 1, 2, number]) + encode_gsm7(f"{source[-1]}{number}")
            inbox.deliver(delivered(octets, 0x40, source=source).encode(), lambda status: True)
    await inbox.drain()
    assert {(event.sender, event.body) for event in sink.taken} == {
        ("+15005550001", "1112"),
        ("+15005550002", "2122"),
    }


async def test_more_than_can_wait_is_turned_away(sink, monkeypatch):
    monkeypatch.setattr(smpp_inbox, "WAITING_CAP", 2)
    statuses = []
    inbox = Inbox(sink.take, "same", 5.0)
    for _ in range(3):
        inbox.deliver(delivered(b"x").encode(), lambda status: not statuses.append(status))
    assert statuses == [0x14]
    await inbox.drain()
    inbox.deliver(delivered(b"x").encode(), lambda status: not statuses.append(status))
    await inbox.drain()
    assert statuses == [0x14, 0, 0, 0]


async def test_a_message_that_could_not_be_answered_keeps_its_key(sink):
    inbox = Inbox(sink.take, "same", 5.0)
    for connected in (False, True, True):
        inbox.deliver(delivered(b"x").encode(), lambda status, connected=connected: connected)
        await inbox.drain()
    first, again, another = sink.taken
    assert isinstance(first, Inbound)
    assert first.key == again.key != another.key
