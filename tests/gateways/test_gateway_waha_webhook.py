"""What a WAHA server posts: who may bring it, and what it says."""

import hashlib
import hmac
import json
from dataclasses import replace

import pytest
from posts import changed_bytes_believed, post, webhook_of

from domain.channels import Channel
from domain.messages.receipts import Inbound, Receipt, ReceiptKind
from gateways.config.problems import InvalidGatewayConfig
from gateways.webhooks.webhook import UnreadablePost

KEY = "my-secret-key"
CONFIG = {"base_url": "https://waha.example.com", "api_key": "waha", "hmac_key": KEY}
NOW = 1_730_000_000.0
BODY = b'{"event":"message","session":"default","engine":"WEBJS"}'
SIGNATURE = (
    "208f8a55dde9e05519e898b10b89bf0d0b3b0fdf11fdbf09b6b90476301b98d8"
    "097c462b2b17a6ce93b6b47a136cf2e78a33a63f6752c2c1631777076153fa89"
)
HEADERS = {
    "X-Webhook-Request-Id": "r1",
    "X-Webhook-Timestamp": "1730000000000",
    "X-Webhook-Hmac": SIGNATURE,
    "X-Webhook-Hmac-Algorithm": "sha512",
}
GENUINE = post(BODY, HEADERS, now=NOW)


@pytest.mark.parametrize(
    "change", [{"session": "../x"}, {"session": ""}, {"base_url": None}, {"api_key": "a\nb"}, {"receipts": True}]
)
async def test_a_wrong_configuration_is_refused(outside, change):
    with pytest.raises(InvalidGatewayConfig):
        webhook_of("waha", Channel.WHATSAPP, CONFIG | {"hmac_key": None} | change, outside)


@pytest.fixture
def webhook(outside):
    return webhook_of("waha", Channel.WHATSAPP, CONFIG, outside)


async def test_the_published_vector_verifies_and_no_other_byte_does(webhook):
    assert await changed_bytes_believed(webhook, GENUINE) == []


@pytest.mark.parametrize("seconds", [-301, 301])
async def test_a_post_that_comes_late_is_refused(webhook, seconds):
    assert not await webhook.verify(replace(GENUINE, now=NOW + seconds))


@pytest.mark.parametrize(
    "change",
    [
        {"X-Webhook-Hmac": ""},
        {"X-Webhook-Hmac": SIGNATURE[:-1]},
        {"X-Webhook-Hmac": hmac.new(KEY.encode(), BODY, hashlib.sha256).hexdigest()},
        {"X-Webhook-Hmac-Algorithm": "sha256"},
        {"X-Webhook-Hmac-Algorithm": ""},
        {"X-Webhook-Timestamp": ""},
        {"X-Webhook-Timestamp": "soon"},
        {"X-Webhook-Timestamp": "²"},
        {"X-Webhook-Timestamp": "nan"},
    ],
)
async def test_what_is_not_signed_is_refused(webhook, change):
    assert not await webhook.verify(post(BODY, HEADERS | change, now=NOW))
    assert not await webhook.verify(post(BODY, {}, now=NOW))


async def test_another_key_is_refused(outside):
    webhook = webhook_of("waha", Channel.WHATSAPP, CONFIG | {"hmac_key": "another"}, outside)
    assert not await webhook.verify(GENUINE)


async def test_without_a_key_nothing_is_believed(outside):
    webhook = webhook_of("waha", Channel.WHATSAPP, CONFIG | {"hmac_key": None}, outside)
    assert not webhook.is_configured
    assert not await webhook.verify(GENUINE)


def read(webhook, event, payload, session="default", **more):
    envelope = {"event": event, "session": session, "payload": payload, "timestamp": 1729999995000}
    return webhook.read(post(json.dumps(envelope | more).encode(), now=NOW))


ACK = {"id": "true_15551234567@c.us_3EB0A1", "from": "15551234567@c.us", "fromMe": True}


@pytest.mark.parametrize(
    ("ack", "kind", "code"),
    [
        (-1, "failed", "waha_error"),
        (0, "sent", None),
        (1, "sent", None),
        (2, "delivered", None),
        (3, "read", None),
        (4, "read", None),
    ],
)
async def test_every_acknowledgement(webhook, ack, kind, code):
    assert read(webhook, "message.ack", ACK | {"ack": ack, "ackName": "X"}) == [
        Receipt(ReceiptKind(kind), key=f"3EB0A1|{ack}", at=1729999995.0, provider_id="3EB0A1", code=code)
    ]


async def test_a_receipt_finds_its_message_whatever_the_chat_is_called(webhook):
    (receipt,) = read(webhook, "message.ack", ACK | {"id": "true_128999376343081@lid_3EB0A1", "ack": 2})
    assert receipt.provider_id == "3EB0A1"


MESSAGE = {
    "id": "false_15551234567@c.us_AAAA",
    "timestamp": 1729999990,
    "from": "15551234567@c.us",
    "fromMe": False,
    "to": "15550953877@c.us",
    "body": "two\nlines 😀",
    "hasMedia": False,
    "_data": {"notifyName": "Ann"},
}


async def test_what_a_message_from_a_person_tells(webhook):
    assert read(webhook, "message", MESSAGE | {"replyTo": {"id": "3EB0A1", "body": "hello"}}) == [
        Inbound(
            key="false_15551234567@c.us_AAAA",
            at=1729999990.0,
            sender="+15551234567",
            recipient="+15550953877",
            body="two\nlines 😀",
            name="Ann",
            answers="3EB0A1",
        )
    ]


@pytest.mark.parametrize("time", [None, "soon", "²", "0001-01-01T00:00:00", -5, True, 1e300])
async def test_a_time_that_cannot_be_is_that_of_the_post(webhook, time):
    (inbound,) = read(webhook, "message", MESSAGE | {"timestamp": time})
    assert inbound.at == 1729999995.0


async def test_our_own_number_may_stand_beside_the_message(webhook):
    (inbound,) = read(webhook, "message", MESSAGE | {"to": None}, me={"id": "15550953877@c.us"})
    assert inbound.recipient == "+15550953877"


@pytest.mark.parametrize(
    ("media", "expected"),
    [({"url": "http://waha/api/files/a.jpg"}, "http://waha/api/files/a.jpg"), (None, "false_15551234567@c.us_AAAA")],
)
async def test_a_file_from_a_person(webhook, media, expected):
    (inbound,) = read(webhook, "message", MESSAGE | {"body": None, "hasMedia": True, "media": media})
    assert (inbound.body, inbound.media) == ("", (expected,))


@pytest.mark.parametrize(
    "data",
    [
        {"key": {"remoteJidAlt": "15551234567@s.whatsapp.net"}},
        {"Info": {"SenderAlt": "15551234567:3@s.whatsapp.net"}},
    ],
)
async def test_a_hidden_number_is_read_beside_the_chat(webhook, data):
    (inbound,) = read(webhook, "message", MESSAGE | {"from": "128999376343081@lid", "_data": data})
    assert inbound.sender == "+15551234567"


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("message.ack", ACK | {"ack": 9}),
        ("message.ack", ACK | {"ack": "3"}),
        ("message.ack", ACK | {"ack": 3, "fromMe": False}),
        ("message.ack", ACK | {"ack": 3, "id": None}),
        ("message", MESSAGE | {"fromMe": True}),
        ("message", MESSAGE | {"from": "1203630419678@g.us", "participant": "15551234567@c.us"}),
        ("message", MESSAGE | {"from": "status@broadcast"}),
        ("message", MESSAGE | {"body": "", "hasMedia": False}),
        ("message", MESSAGE | {"id": {}}),
        ("message.any", MESSAGE),
        ("session.status", {"name": "default", "status": "WORKING"}),
        ("message", "text"),
        (["message"], MESSAGE),
    ],
)
async def test_what_we_have_no_use_for_is_left_out(webhook, event, payload):
    assert read(webhook, event, payload) == []


async def test_another_sessions_events_are_left_out(webhook):
    assert read(webhook, "message", MESSAGE, session="other") == []


@pytest.mark.parametrize("body", [b"", b"[1]", b'"x"', b"null", b"<html>"])
async def test_what_is_no_event_is_unreadable(webhook, body):
    with pytest.raises(UnreadablePost):
        webhook.read(post(body))
