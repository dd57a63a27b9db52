"""SMPP, outgoing: what an SMSC of another hand is sent, and what its answers and silences mean."""

import asyncio

import pytest
from smsc import gateway_at, smsc

from domain.channels import Channel
from domain.messages.outcomes import Accepted, GatewayDown, Refused, RetryLater, Unknown
from domain.text.segments import cut_segments
from gateways.config.problems import InvalidGatewayConfig
from gateways.registry import parse_config
from gateways.sms.smpp import gateway as smpp


async def test_a_text_message_arrives(listening_outside, make):
    message = make(to="+447911123456", body="Hi @Ann, 5 € for {you}?\n\\o/")
    async with smsc() as peer, gateway_at(listening_outside, peer.port, system_type="vma") as gateway:
        assert await gateway.send(message) == Accepted("1", receipts=True)
    assert peer.all("bind") == [
        {"what": "bind", "system_id": "user", "password": "secret", "system_type": "vma", "version": 0x34}
    ]
    assert peer.all("submit_sm") == [
        {
            "what": "submit_sm",
            "bind": 1,
            "source": [0, 0, ""],
            "destination": [1, 1, "447911123456"],
            "data_coding": 0,
            "esm_class": 0,
            "registered_delivery": 1,
            "text": message.body,
            "udh": None,
        }
    ]


@pytest.mark.parametrize(
    ("body", "forced", "coding"),
    [
        ("7" * 151 + "€" + "7" * 153, False, 0),  # the pair is the last thing that fits
        ("7" * 152 + "€" + "7" * 152, False, 0),  # the pair would be cut
        ("Á" * 66 + "😀" + "Á" * 66, False, 8),
        ("plain but forced " * 5, True, 8),
    ],
)
async def test_a_long_text_arrives_in_the_parts_that_are_charged_for(listening_outside, make, body, forced, coding):
    async with smsc() as peer, gateway_at(listening_outside, peer.port) as gateway:
        assert await gateway.send(make(body=body, unicode=forced)) == Accepted("1", receipts=True)
    parts = peer.all("submit_sm")
    assert [part["text"] for part in parts] == cut_segments(body, forced)
    assert {(part["data_coding"], part["esm_class"]) for part in parts} == {(coding, 0x40)}
    reference = parts[0]["udh"][0][4:6]
    assert [part["udh"] for part in parts] == [
        [f"0003{reference}{len(parts):02x}{number:02x}"] for number in range(1, len(parts) + 1)
    ]
    assert [part["registered_delivery"] for part in parts] == [1] + [0] * (len(parts) - 1)


async def test_two_long_texts_have_different_references(listening_outside, make):
    async with smsc() as peer, gateway_at(listening_outside, peer.port) as gateway:
        for _ in range(2):
            await gateway.send(make(body="x" * 161))
    assert len({part["udh"][0][4:6] for part in peer.all("submit_sm")}) == 2


@pytest.mark.parametrize(
    ("sender", "config", "declared"),
    [
        ("Shop", {}, [5, 0, "Shop"]),
        ("+15005550000", {}, [1, 1, "15005550000"]),
        ("60123", {}, [3, 0, "60123"]),
        (None, {"source_addr": "Shop"}, [5, 0, "Shop"]),
        ("60123", {"source_addr": "Shop", "source_ton": 0, "source_npi": 1}, [0, 1, "60123"]),
    ],
)
async def test_senders_are_declared_by_their_form(listening_outside, make, sender, config, declared):
    async with smsc() as peer, gateway_at(listening_outside, peer.port, **config) as gateway:
        await gateway.send(make(sender=sender))
    assert peer.all("submit_sm")[0]["source"] == declared


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"to": "ann@example.com"}, "invalid_recipient"),
        ({"to": "+1500\0005550006"}, "invalid_recipient"),
        ({"to": "+15005550006\n"}, "invalid_recipient"),
        ({"to": ""}, "invalid_recipient"),
        ({"sender": "Läden"}, "invalid_sender"),
        ({"sender": "Shop\0"}, "invalid_sender"),
        ({"sender": "x" * 21}, "invalid_sender"),
        ({"body": "x" * 153 * 256}, "too_long"),
        ({"body": "\ud800"}, "invalid_content"),
    ],
)
async def test_unfit_message_is_refused_without_connecting(listening_outside, make, fields, code):
    async with smsc() as peer, gateway_at(listening_outside, peer.port) as gateway:
        got = await gateway.send(make(**fields))
    assert (type(got), getattr(got, "code", None)) == (Refused, code)
    assert not peer.all("bind")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (0x58, RetryLater(None, "throttled (0x00000058)")),
        (0x14, RetryLater(None, "message queue full (0x00000014)")),
        (0x08, RetryLater(None, "system error (0x00000008)")),
        (0x0B, Refused("smpp_0x0b", "invalid destination address (0x0000000b)")),
        (0x0A, Refused("smpp_0x0a", "invalid source address (0x0000000a)")),
        (0x45, Refused("smpp_0x45", "submit failed (0x00000045)")),
        (0x4E1, Refused("smpp_0x4e1", "error (0x000004e1)")),
        (0x0D, GatewayDown("bind failed (0x0000000d)")),
        (0x04, GatewayDown("not bound for this (0x00000004)")),
    ],
)
async def test_what_a_status_means(listening_outside, make, status, expected):
    async with smsc() as peer, gateway_at(listening_outside, peer.port) as gateway:
        await peer.tell("answer", statuses=[status])
        assert await gateway.send(make(body="x" * 161)) == expected
        assert await gateway.send(make()) == Accepted("1", receipts=True)
    assert len(peer.all("submit_sm")) == 2


async def test_a_refused_part_after_others_leaves_the_message_unknown(listening_outside, make):
    async with smsc() as peer, gateway_at(listening_outside, peer.port) as gateway:
        await peer.tell("answer", statuses=[0, 0x45])
        got = await gateway.send(make(body="x" * 307))
    assert got == Unknown("part 2 of 3 failed, those before it left: submit failed (0x00000045)")
    assert len(peer.all("submit_sm")) == 2


async def test_a_throttled_part_after_others_is_tried_again(listening_outside, make, monkeypatch):
    monkeypatch.setattr(smpp, "AGAIN_SECONDS", 0.01)
    async with smsc() as peer, gateway_at(listening_outside, peer.port) as gateway:
        await peer.tell("answer", statuses=[0, 0x58, 0x14])
        assert await gateway.send(make(body="x" * 161)) == Accepted("1", receipts=True)
    assert [part["udh"][0][-2:] for part in peer.all("submit_sm")] == ["01", "02", "02", "02"]


async def test_a_part_that_is_throttled_for_too_long_leaves_the_message_unknown(listening_outside, make, monkeypatch):
    monkeypatch.setattr(smpp, "AGAIN_SECONDS", 1.5)
    async with smsc() as peer, gateway_at(listening_outside, peer.port, timeout=2) as gateway:
        await peer.tell("answer", statuses=[0, 0x58, 0x58])
        got = await gateway.send(make(body="x" * 161))
    assert got == Unknown("part 2 of 2 failed, those before it left: throttled (0x00000058)")


@pytest.mark.parametrize(
    ("base", "ids", "expected"),
    [(10, "same", "2748"), (16, "same", "abc"), (16, "decimal", "2748"), (10, "hexadecimal", "2748")],
)
async def test_ids_are_kept_in_the_form_that_receipts_will_have(listening_outside, make, base, ids, expected):
    async with smsc() as peer, gateway_at(listening_outside, peer.port, receipt_ids=ids) as gateway:
        await peer.tell("ids", next=0xABC, base=base)
        assert await gateway.send(make()) == Accepted(expected, receipts=True)


async def test_without_anybody_to_take_receipts_none_are_asked_for(outside, make):
    async with smsc() as peer, gateway_at(outside, peer.port) as gateway:
        assert await gateway.send(make()) == Accepted("1", receipts=False)
    assert peer.all("submit_sm")[0]["registered_delivery"] == 0


async def test_receipts_can_be_left_out(listening_outside, make):
    async with smsc() as peer, gateway_at(listening_outside, peer.port, receipts=False) as gateway:
        assert await gateway.send(make()) == Accepted("1", receipts=False)
    assert peer.all("submit_sm")[0]["registered_delivery"] == 0


async def test_many_messages_share_one_bind(listening_outside, make):
    async with smsc() as peer, gateway_at(listening_outside, peer.port, window=5) as gateway:
        outcomes = await asyncio.gather(*(gateway.send(make(body=str(n))) for n in range(100)))
    assert {outcome.provider_id for outcome in outcomes} == {str(n) for n in range(1, 101)}
    assert {event["text"] for event in peer.all("submit_sm")} == {str(n) for n in range(100)}
    assert len(peer.all("bind")) == 1


async def test_no_more_than_the_window_is_without_an_answer(listening_outside, make):
    async with smsc() as peer, gateway_at(listening_outside, peer.port, window=3, timeout=1) as gateway:
        await peer.tell("answer", statuses=["silence"] * 3)
        sends = [asyncio.create_task(gateway.send(make(body=str(n)))) for n in range(5)]
        await asyncio.wait(sends[:3])
        assert len(await peer.some("submit_sm", 3)) == 3
        outcomes = await asyncio.gather(*sends)
    assert outcomes[:3] == [Unknown("no answer within 1 s", silent=True)] * 3
    assert {type(outcome) for outcome in outcomes[3:]} <= {GatewayDown, Accepted}


async def test_a_connection_that_is_lost_after_the_submit_is_unknown(listening_outside, make):
    async with smsc() as peer, gateway_at(listening_outside, peer.port) as gateway:
        await peer.tell("answer", statuses=["hang up"])
        got = await gateway.send(make())
    assert isinstance(got, Unknown)
    assert not got.silent
    assert len(peer.all("submit_sm")) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"host": "a b"},
        {"port": 0},
        {"system_id": ""},
        {"system_id": "Jürgen"},
        {"password": "a\0b"},
        {"source_addr": "x" * 21},
        {"window": 0},
        {"keep_alive": 0},
        {"receipt_ids": "octal"},
    ],
)
def test_wrong_configuration(change):
    with pytest.raises(InvalidGatewayConfig):
        parse_config("smpp", Channel.SMS, {"host": "h", "system_id": "u", "password": "p"} | change)
