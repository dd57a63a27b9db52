"""Mailgun's events: who may bring them, and what they say. What is sent is in test_gateway_mailgun."""

import hmac
import json
from dataclasses import replace

import pytest
from configs import CONFIGS
from posts import post, webhook_of

from domain.channels import Channel
from domain.messages.receipts import OPTED_OUT, Receipt, ReceiptKind
from gateways.email import mailgun
from gateways.webhooks.webhook import UnreadablePost
from store.gateways.webhook_signatures import Signatures

_, CONFIG = CONFIGS["mailgun"]
KEY = "signing-key"
NOW = 1770920772
TOKEN = "e0b5477167110d68991efc6b9f89f0a11066af27834600e123"


@pytest.fixture
async def make_webhook(outside, pool):
    """The same gateway's end in one process or another. All remember nothing of other tests."""
    async with pool.connection() as conn:
        await conn.execute("truncate webhook_signatures")
    outside = replace(outside, signatures=Signatures(pool))
    return lambda: webhook_of("mailgun", Channel.EMAIL, {**CONFIG, "webhook_signing_key": KEY}, outside)


@pytest.fixture
def webhook(make_webhook):
    return make_webhook()


EVENT = {"event": "delivered", "id": "e", "timestamp": 1770920770.5, "user-variables": {"uid": "u-1"}}


def sign(token=TOKEN, stamp=str(NOW), key=KEY):
    signature = hmac.new(key.encode(), f"{stamp}{token}".encode(), "sha256").hexdigest()
    return {"timestamp": stamp, "token": token, "signature": signature}


def posted(event=EVENT, signature=None, now=NOW + 3.0):
    return post(json.dumps({"signature": signature or sign(), "event-data": event}).encode(), now=now)


async def test_what_is_signed_is_believed(webhook):
    assert await webhook.verify(posted())


@pytest.mark.parametrize("field", ["timestamp", "token", "signature"])
async def test_no_other_byte_of_a_signature_is_believed(webhook, field):
    signature = sign()
    value = signature[field]
    for place in range(len(value)):
        forged = value[:place] + chr(ord(value[place]) ^ 1) + value[place + 1 :]
        assert not await webhook.verify(posted(signature=signature | {field: forged}))


@pytest.mark.parametrize(
    "signature",
    [
        {"timestamp": str(NOW), "token": TOKEN},
        sign() | {"signature": sign()["signature"].upper()},
        sign() | {"signature": sign()["signature"][:-2]},
        sign() | {"signature": None},
        sign(key="key-1"),
        [sign()],
        "signature",
    ],
)
async def test_what_is_not_signed_is_refused(webhook, signature):
    assert not await webhook.verify(posted(signature=signature))


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b"<html>", b'{"signature":{}}'])
async def test_what_carries_no_signature_is_refused(webhook, body):
    assert not await webhook.verify(post(body, now=NOW))


async def test_without_a_key_nothing_is_believed(outside):
    webhook = webhook_of("mailgun", Channel.EMAIL, CONFIG, outside)
    assert not webhook.is_configured
    assert not await webhook.verify(posted(signature=sign(key="")))


@pytest.mark.parametrize(
    ("age", "believed"),
    [(mailgun.RETRY_SECONDS, True), (mailgun.RETRY_SECONDS + 301, False), (-mailgun.RETRY_SECONDS - 301, False)],
)
async def test_a_post_is_believed_as_long_as_mailgun_repeats_it(webhook, age, believed):
    assert await webhook.verify(posted(now=NOW + age)) is believed


async def test_a_repeat_is_believed_and_the_same_signature_over_other_data_is_not(webhook):
    assert await webhook.verify(posted())
    assert await webhook.verify(posted(dict(reversed(EVENT.items())), now=NOW + 600.0))
    assert not await webhook.verify(posted(EVENT | {"event": "unsubscribed"}))
    assert not await webhook.verify(posted(EVENT | {"user-variables": {"uid": "u-2"}}))


async def test_the_token_cannot_be_changed_by_moving_its_beginning_into_the_time(webhook):
    assert await webhook.verify(posted())
    moved = sign() | {"timestamp": f"{NOW}{TOKEN[:2]}", "token": TOKEN[2:]}
    assert float(moved["timestamp"]) == NOW
    assert not await webhook.verify(posted(EVENT | {"event": "unsubscribed"}, moved))


async def test_a_repeat_at_another_process_is_believed_and_other_data_is_not(make_webhook):
    here, there, signature = make_webhook(), make_webhook(), sign("at two")
    assert await here.verify(posted(signature=signature))
    assert await there.verify(posted(signature=signature))
    assert not await there.verify(posted(EVENT | {"event": "unsubscribed"}, signature))


async def test_without_a_memory_nothing_is_believed(outside):
    webhook = webhook_of("mailgun", Channel.EMAIL, {**CONFIG, "webhook_signing_key": KEY}, outside)
    assert not await webhook.verify(posted())


def test_unreadable_posts_are_dropped_by_mailgun(webhook):
    assert webhook.UNREADABLE == 406


def read(webhook, event):
    return webhook.read(posted(event))


def test_what_an_event_tells(webhook):
    event = {
        "event": "failed",
        "severity": "permanent",
        "reason": "bounce",
        "timestamp": 1521472262.908181,
        "user-variables": {"uid": "u-1"},
        "delivery-status": {"attempt-no": 1, "code": 550, "message": "5.1.1 no such\r\nuser", "description": ""},
        "message": {"headers": {"message-id": "2026.1@mg.example.org", "to": "ann@example.com"}},
        "recipient": "ann@example.com",
    }
    assert read(webhook, event) == [
        Receipt(
            ReceiptKind.BOUNCED,
            key=TOKEN,
            at=1521472262.908181,
            uid="u-1",
            provider_id="2026.1@mg.example.org",
            code="mailgun_550",
            reason="5.1.1 no such user",
            recipient="ann@example.com",
        )
    ]


def failed(severity, reason):
    return {"event": "failed", "severity": severity, "reason": reason}


@pytest.mark.parametrize(
    ("event", "kind", "code"),
    [
        ({"event": "accepted"}, "sent", None),
        ({"event": "delivered"}, "delivered", None),
        (failed("temporary", "generic"), "deferred", "mailgun_599"),
        (failed("permanent", "bounce"), "bounced", "mailgun_599"),
        (failed("permanent", "generic"), "bounced", "mailgun_599"),
        (failed("permanent", "old"), "undelivered", "mailgun_599"),
        (failed("permanent", "espblock"), "undelivered", "mailgun_599"),
        (failed("permanent", "suppress-bounce"), "rejected", "mailgun_599"),
        (failed("permanent", "suppress-unsubscribe"), "rejected", OPTED_OUT),
        (failed("permanent", "suppress-complaint"), "rejected", OPTED_OUT),
        ({"event": "rejected", "reject": {"reason": "spam"}}, "rejected", None),
        ({"event": "opened"}, "opened", None),
        ({"event": "clicked", "url": "https://example.com/a"}, "clicked", None),
        ({"event": "unsubscribed"}, "unsubscribed", None),
        ({"event": "complained"}, "complained", None),
    ],
)
def test_every_kind_of_event(webhook, event, kind, code):
    more = {"timestamp": 5, "user-variables": {"uid": "u"}, "delivery-status": {"code": 599}}
    (receipt,) = read(webhook, event | more)
    assert (receipt.kind, receipt.at, receipt.uid, receipt.code) == (kind, 5.0, "u", code)
    assert receipt.url == event.get("url")
    assert receipt.reason == (event.get("reason") or event.get("reject", {}).get("reason"))


@pytest.mark.parametrize(
    "event",
    [
        EVENT | {"event": "stored"},
        EVENT | {"event": "list_member_uploaded"},
        EVENT | {"event": ["delivered"]},
        EVENT | failed("dreadful", "bounce"),
        EVENT | {"user-variables": []},
        EVENT | {"user-variables": [], "message": {"headers": "none"}},
    ],
)
def test_what_we_do_not_know_or_cannot_place_is_left_out(webhook, event):
    assert read(webhook, event) == []


@pytest.mark.parametrize("reason", [["bounce"], {"a": 1}, None, 5])
async def test_surprises_in_the_fields_we_use_are_survived(webhook, reason):
    event = EVENT | failed("permanent", reason) | {"timestamp": "soon", "delivery-status": "none"}
    assert await webhook.verify(posted(event))
    assert read(webhook, event)[0].at == NOW + 3.0


@pytest.mark.parametrize("body", [b"", b"[1]", b'"x"', b"<html>", b"null", b"{}", b'{"event-data":5}'])
def test_what_is_no_event_is_unreadable(webhook, body):
    with pytest.raises(UnreadablePost):
        webhook.read(post(body))
