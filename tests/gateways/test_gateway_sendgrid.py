"""SendGrid's events: who may bring them, and what they say. What is sent is in test_gateway_providers."""

import json
from dataclasses import replace

import pytest
from posts import changed_bytes_believed, post, webhook_of

from domain.channels import Channel
from domain.messages.receipts import Receipt, ReceiptKind
from gateways.config.problems import InvalidGatewayConfig
from gateways.webhooks.webhook import UnreadablePost

KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe"
    "62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g=="
)
SIGNATURE = "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
BODY = (
    b'[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address",'
    b'"sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",'
    b'"sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",'
    b'"smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]\r\n'
)
HEADERS = {
    "X-Twilio-Email-Event-Webhook-Signature": SIGNATURE,
    "X-Twilio-Email-Event-Webhook-Timestamp": "1600112502",
}
GENUINE = post(BODY, HEADERS, now=1600112510.0)
CONFIG = {"api_key": "SG.key", "from_address": "shop@example.org"}


@pytest.fixture
def webhook(outside):
    return webhook_of("sendgrid", Channel.EMAIL, {**CONFIG, "webhook_public_key": KEY}, outside)


async def test_the_published_vector_verifies_and_no_other_byte_does(webhook):
    assert await changed_bytes_believed(webhook, GENUINE) == []


@pytest.mark.parametrize("seconds", [301, 24 * 3600])
async def test_a_post_that_is_tried_again_for_a_day_is_believed(webhook, seconds):
    assert await webhook.verify(replace(GENUINE, now=1600112502.0 + seconds))


@pytest.mark.parametrize("seconds", [-90001, 90001])
async def test_a_signed_time_too_far_from_now_is_refused(webhook, seconds):
    assert not await webhook.verify(replace(GENUINE, now=1600112502.0 + seconds))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {**HEADERS, "X-Twilio-Email-Event-Webhook-Signature": ""},
        {**HEADERS, "X-Twilio-Email-Event-Webhook-Signature": "not base64!"},
        {**HEADERS, "X-Twilio-Email-Event-Webhook-Timestamp": "1600112503"},
        {**HEADERS, "X-Twilio-Email-Event-Webhook-Timestamp": "soon"},
    ],
)
async def test_what_is_not_signed_is_refused(webhook, headers):
    assert not await webhook.verify(post(BODY, headers, now=GENUINE.now))


async def test_without_a_key_nothing_is_believed(outside):
    webhook = webhook_of("sendgrid", Channel.EMAIL, CONFIG, outside)
    assert not webhook.is_configured
    assert not await webhook.verify(GENUINE)


def read(webhook, *events):
    return webhook.read(post(json.dumps(events).encode(), now=1.0))


async def test_what_an_event_tells(webhook):
    assert webhook.read(GENUINE) == [
        Receipt(
            ReceiptKind.REJECTED,
            key="ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",
            at=1600112492.0,
            provider_id="LRzXl_NHStOGhQ4kofSm_A",
            reason="Bounced Address",
            recipient="hello@world.com",
        )
    ]


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"event": "processed"}, "sent"),
        ({"event": "deferred"}, "deferred"),
        ({"event": "delivered"}, "delivered"),
        ({"event": "bounce", "type": "bounce"}, "bounced"),
        ({"event": "bounce", "type": "blocked"}, "undelivered"),
        ({"event": "dropped"}, "rejected"),
        ({"event": "open"}, "opened"),
        ({"event": "click", "url": "https://example.com/a"}, "clicked"),
        ({"event": "spamreport"}, "complained"),
        ({"event": "unsubscribe"}, "unsubscribed"),
        ({"event": "group_unsubscribe"}, "unsubscribed"),
        ({"event": "group_resubscribe"}, "subscribed"),
    ],
)
async def test_every_kind_of_event(webhook, event, kind):
    (receipt,) = read(webhook, {**event, "timestamp": 5, "sg_event_id": "e1", "uid": "u", "status": "5.1.1"})
    assert (receipt.kind, receipt.at, receipt.uid) == (kind, 5.0, "u")
    assert receipt.url == event.get("url")
    assert receipt.code == "sendgrid_5.1.1"


async def test_what_was_dropped_because_of_an_unsubscription_is_an_opt_out(webhook):
    dropped = {"event": "dropped", "timestamp": 5, "sg_event_id": "e1", "uid": "u"}
    (receipt,) = read(webhook, dropped | {"reason": "Unsubscribed Address"})
    assert (receipt.kind, receipt.code, receipt.suppression) == ("rejected", "opted_out", "opted_out")
    (receipt,) = read(webhook, dropped | {"reason": "Invalid SMTPAPI header"})
    assert (receipt.kind, receipt.suppression) == ("rejected", None)


async def test_events_we_do_not_know_are_left_out(webhook):
    assert read(webhook, {"event": "account_status_change"}, {"event": None}, {}) == []


@pytest.mark.parametrize("body", [b"", b"[1]", b'"x"', b"<html>", b"null"])
async def test_what_is_no_list_of_events_is_unreadable(webhook, body):
    with pytest.raises(UnreadablePost):
        webhook.read(post(body))


@pytest.mark.parametrize("key", ["", "abc", "bm90IGEga2V5"])
async def test_a_wrong_key_is_refused_when_it_is_configured(key, outside):
    with pytest.raises(InvalidGatewayConfig):
        webhook_of("sendgrid", Channel.EMAIL, {**CONFIG, "webhook_public_key": key}, outside)


async def test_receipts_need_a_key(outside):
    with pytest.raises(InvalidGatewayConfig, match="receipts need"):
        webhook_of("sendgrid", Channel.EMAIL, {**CONFIG, "receipts": True}, outside)
