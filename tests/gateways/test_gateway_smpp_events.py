"""SMPP, incoming: receipts and inbound messages, acknowledged only when they were accepted."""

import asyncio
from dataclasses import dataclass, field

import pytest
from smsc import gateway_at, smsc

TEXT = "id:0123 sub:001 dlvrd:001 submit date:2601021504 done date:2601021505 stat:{} err:{} Text:id:9 stat:DELIVRD"
RECEIPT = 0x04
TRY_AGAIN = 0x64


@dataclass
class Sink:
    """Accepts events, or fails when configured to."""

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


async def test_a_receipt_reaches_the_sink(outside_of, sink, make):
    async with smsc() as peer, gateway_at(outside_of(sink.take), peer.port) as gateway:
        sent = await gateway.send(make())
        text = TEXT.replace("0123", sent.provider_id).format("DELIVRD", "000")
        await peer.deliver(text, esm_class=RECEIPT)
        assert (await peer.some("deliver_sm_resp"))[0]["status"] == 0
    (receipt,) = sink.taken
    assert (receipt.kind, receipt.provider_id, receipt.key) == ("delivered", "1", "1|DELIVRD")


async def test_a_receipt_in_tlvs_reaches_the_sink(outside_of, sink):
    async with smsc() as peer, gateway_at(outside_of(sink.take), peer.port) as gateway:
        await gateway.connect()
        await peer.deliver("", esm_class=RECEIPT, receipted_message_id="7b", message_state=5)
        assert (await peer.some("deliver_sm_resp"))[0]["status"] == 0
    (receipt,) = sink.taken
    assert (receipt.kind, receipt.provider_id) == ("undelivered", "7b")


@pytest.mark.parametrize(
    ("text", "coding"), [("Grüße, @Ann: 5 € {ok}?", 0), ("Grüße ç", 3), ("Привет 😀", 8), ("plain", 1)]
)
@pytest.mark.parametrize("place", ["short_message", "message_payload"])
async def test_a_message_from_a_phone_reaches_the_sink(outside_of, sink, text, coding, place):
    async with smsc() as peer, gateway_at(outside_of(sink.take), peer.port) as gateway:
        await gateway.connect()
        await peer.deliver(**{"text": "", "data_coding": coding, place: text})
        assert (await peer.some("deliver_sm_resp"))[0]["status"] == 0
    (message,) = sink.taken
    assert (message.sender, message.recipient, message.body) == ("+15005550001", "15005550000", text)


async def test_nothing_is_answered_before_it_is_taken_over(outside_of, sink):
    sink.open.clear()
    async with smsc() as peer, gateway_at(outside_of(sink.take), peer.port) as gateway:
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


async def test_what_cannot_be_taken_over_is_asked_for_again_and_keeps_its_key(outside_of, sink):
    sink.fails = True
    async with smsc() as peer, gateway_at(outside_of(sink.take), peer.port) as gateway:
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


async def test_a_sink_that_hangs_is_not_waited_for_for_ever(outside_of, sink):
    sink.open.clear()
    async with smsc() as peer, gateway_at(outside_of(sink.take), peer.port, timeout=1) as gateway:
        await gateway.connect()
        await peer.deliver("hello", data_coding=0)
        assert (await peer.some("deliver_sm_resp"))[0]["status"] == TRY_AGAIN


async def test_without_a_sink_it_is_asked_for_again(outside):
    async with smsc() as peer, gateway_at(outside, peer.port) as gateway:
        await gateway.connect()
        await peer.deliver("hello")
        assert (await peer.some("deliver_sm_resp"))[0]["status"] == TRY_AGAIN


async def test_many_are_taken_over_together(outside_of, sink):
    async with smsc() as peer, gateway_at(outside_of(sink.take), peer.port) as gateway:
        await gateway.connect()
        sink.open.clear()
        for number in range(50):
            await peer.deliver(str(number), data_coding=0)
        sink.open.set()
        answers = await peer.some("deliver_sm_resp", 50)
    assert {answer["status"] for answer in answers} == {0}
    assert sorted(int(event.body) for event in sink.taken) == list(range(50))
    assert sink.handfuls < 10
