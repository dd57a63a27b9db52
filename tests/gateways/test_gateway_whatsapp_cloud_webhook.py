"""What Meta posts about WhatsApp: who may bring it, and what it says."""

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

SECRET = "1222e786b144d0e85b9f365372d93676"
SIGNATURE = "sha256=54edfa1d7259e0eb13c677cc7d73d1b5c86cfa12433d19156e058ab9251bc441"
BODY = (
    b'{"object":"whatsapp_business_account","entry":[{"id":"264937493375603","changes":[{"value":'
    b'{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550953877","phone_number_id":'
    b'"277321005464405"},"contacts":[{"profile":{"name":"PyWa Tests"},"wa_id":"972544401243"}],"messages":'
    b'[{"from":"972544401243","id":"wamid.HBgMOTcyNTQ0NDAxMjQzFQIAEhggM0RFQTNCMEEwRTY3QzUwODYzMDc4NjQ4QzM4ODAxM0YA",'
    b'"timestamp":"1730231903","text":{"body":"Hey there! I am using PyWa."},"type":"text"}]},"field":"messages"}]}]}'
)
GENUINE = post(BODY, {"X-Hub-Signature-256": SIGNATURE}, now=1730231910.0)
CONFIG = {"phone_number_id": "277321005464405", "access_token": "EAAG"}


@pytest.fixture
def webhook(outside):
    config = {**CONFIG, "app_secret": SECRET, "verify_token": "our word"}
    return webhook_of("whatsapp_cloud", Channel.WHATSAPP, config, outside)


async def test_the_published_vector_verifies_and_no_other_byte_does(webhook):
    assert await changed_bytes_believed(webhook, GENUINE) == []


async def test_an_emoji_verifies_as_it_was_written_and_not_otherwise(webhook):
    escaped = b'{"body":"\\ud83d\\ude00 caf\\u00e9"}'
    plain = json.dumps(json.loads(escaped), ensure_ascii=False, separators=(",", ":")).encode()
    assert plain != escaped
    for body, other in [(escaped, plain), (plain, escaped)]:
        signed = {"X-Hub-Signature-256": "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}
        assert await webhook.verify(post(body, signed))
        assert not await webhook.verify(post(other, signed))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Hub-Signature-256": ""},
        {"X-Hub-Signature-256": SIGNATURE.removeprefix("sha256=")},
        {"X-Hub-Signature-256": SIGNATURE.replace("sha256", "sha1")},
        {"X-Hub-Signature-256": SIGNATURE[:-1]},
        {"X-Hub-Signature-256": "sha256=\udcff"},
        {"X-Hub-Signature": SIGNATURE},
    ],
)
async def test_what_is_not_signed_is_refused(webhook, headers):
    assert not await webhook.verify(post(BODY, headers))


async def test_another_apps_signature_is_refused(outside):
    webhook = webhook_of("whatsapp_cloud", Channel.WHATSAPP, {**CONFIG, "app_secret": "another"}, outside)
    assert not await webhook.verify(GENUINE)


async def test_without_a_secret_nothing_is_believed(outside):
    webhook = webhook_of("whatsapp_cloud", Channel.WHATSAPP, {**CONFIG, "verify_token": "our word"}, outside)
    assert not webhook.is_configured
    assert not await webhook.verify(GENUINE)
    with pytest.raises(InvalidGatewayConfig, match="receipts need"):
        webhook_of("whatsapp_cloud", Channel.WHATSAPP, {**CONFIG, "receipts": True}, outside)


def check(**query):
    asked = {"hub.mode": "subscribe", "hub.verify_token": "our+word", "hub.challenge": "1158201444"} | query
    joined = "&".join(f"{name}={value}" for name, value in asked.items() if value is not None)
    return post(method="GET", url=f"https://hooks.example.com/api/webhook/whatsapp/meta?{joined}")


async def test_metas_check_gets_its_challenge_back(webhook):
    reply = await webhook.handshake(check())
    assert (reply.status, reply.body, reply.content_type) == (200, b"1158201444", "text/plain")


@pytest.mark.parametrize(
    "query",
    [
        {"hub.verify_token": "another"},
        {"hub.verify_token": None},
        {"hub.mode": "unsubscribe"},
        {"hub.mode": None},
        {"hub.challenge": None},
        {"hub.challenge": "1" * 257},
    ],
)
async def test_any_other_check_is_refused(webhook, query):
    reply = await webhook.handshake(check(**query))
    assert reply.status == 403
    assert b"111" not in reply.body


async def test_without_a_word_of_ours_every_check_is_refused(outside):
    webhook = webhook_of("whatsapp_cloud", Channel.WHATSAPP, {**CONFIG, "app_secret": SECRET}, outside)
    for token in [None, "", "None"]:
        assert (await webhook.handshake(check(**{"hub.verify_token": token}))).status == 403


async def test_a_check_is_no_post_and_a_post_no_check(webhook):
    assert await webhook.handshake(GENUINE) is None
    assert not await webhook.verify(replace(GENUINE, method="GET"))


async def test_what_a_message_from_a_person_tells(webhook):
    assert webhook.read(GENUINE) == [
        Inbound(
            key="wamid.HBgMOTcyNTQ0NDAxMjQzFQIAEhggM0RFQTNCMEEwRTY3QzUwODYzMDc4NjQ4QzM4ODAxM0YA",
            at=1730231903.0,
            sender="+972544401243",
            recipient="15550953877",
            body="Hey there! I am using PyWa.",
            name="PyWa Tests",
        )
    ]


def read(webhook, number="277321005464405", field="messages", **value):
    metadata = {"display_phone_number": "15550953877", "phone_number_id": number}
    change = {"field": field, "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
    body = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
    return webhook.read(post(json.dumps(body).encode(), now=1.0))


STATUS = {"id": "wamid.X", "timestamp": "1689380458", "recipient_id": "15551234567", "biz_opaque_callback_data": "u1"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [("sent", "sent"), ("delivered", "delivered"), ("read", "read"), ("played", "read"), ("failed", "failed")],
)
async def test_every_status(webhook, status, kind):
    assert read(webhook, statuses=[STATUS | {"status": status}]) == [
        Receipt(ReceiptKind(kind), key=f"wamid.X|{status}", at=1689380458.0, uid="u1", provider_id="wamid.X")
    ]


@pytest.mark.parametrize(
    ("code", "word", "suppression"),
    [(131050, "marketing_opted_out", None), (131047, "outside_window", None), (131026, "meta_131026", None)],
)
async def test_why_a_message_failed(webhook, code, word, suppression):
    error = {"code": code, "title": "Title", "message": "Message", "error_data": {"details": "Details"}, "href": "x"}
    (receipt,) = read(webhook, statuses=[STATUS | {"status": "failed", "errors": [error]}])
    assert (receipt.kind, receipt.code, receipt.suppression) == (ReceiptKind.FAILED, word, suppression)
    assert receipt.reason.startswith("Message: Details")


@pytest.mark.parametrize("errors", [None, [], ["x"], {}, [{"code": "5"}]])
async def test_a_failure_that_does_not_say_why(webhook, errors):
    (receipt,) = read(webhook, statuses=[STATUS | {"status": "failed", "errors": errors}])
    assert (receipt.kind, receipt.code, receipt.reason) == (ReceiptKind.FAILED, None, None)


MESSAGE = {"from": "15551234567", "id": "wamid.Y", "timestamp": "1689380458"}


@pytest.mark.parametrize(
    ("message", "body", "media"),
    [
        ({"type": "text", "text": {"body": "two\nlines 😀"}}, "two\nlines 😀", ()),
        ({"type": "image", "image": {"id": "77", "mime_type": "image/png", "caption": "look"}}, "look", ("77",)),
        ({"type": "video", "video": {"id": "78"}}, "", ("78",)),
        ({"type": "audio", "audio": {"id": "79", "voice": True}}, "", ("79",)),
        ({"type": "document", "document": {"id": "80", "filename": "a.pdf"}}, "", ("80",)),
        ({"type": "sticker", "sticker": {"id": "81"}}, "", ("81",)),
        ({"type": "button", "button": {"text": "Stop", "payload": "p"}}, "Stop", ()),
        ({"type": "interactive", "interactive": {"button_reply": {"id": "1", "title": "Yes"}}}, "Yes", ()),
        ({"type": "interactive", "interactive": {"list_reply": {"id": "1", "title": "Two"}}}, "Two", ()),
        ({"type": "interactive", "interactive": {"nfm_reply": {"body": "Sent", "response_json": "{}"}}}, "Sent", ()),
        ({"type": "location", "location": {"latitude": 1, "longitude": 2}}, "", ()),
    ],
)
async def test_every_kind_of_message_from_a_person(webhook, message, body, media):
    (inbound,) = read(webhook, messages=[MESSAGE | message | {"context": {"from": "1", "id": "wamid.Z"}}])
    assert (inbound.body, inbound.media) == (body, media)
    assert (inbound.key, inbound.sender, inbound.answers, inbound.name) == ("wamid.Y", "+15551234567", "wamid.Z", None)


async def test_many_events_come_in_one_post(webhook):
    found = read(webhook, statuses=[STATUS | {"status": "sent"}, STATUS | {"status": "read"}], messages=[MESSAGE])
    assert [event.key for event in found] == ["wamid.X|sent", "wamid.X|read", "wamid.Y"]


@pytest.mark.parametrize(
    "value",
    [
        {"statuses": [STATUS | {"status": "warning"}, STATUS, {"status": "sent"}]},
        {"messages": [MESSAGE | {"type": "text", "group_id": "g1"}]},
        {"messages": [{"id": "wamid.Y"}, {"from": "15551234567"}]},
        {"number": "999", "statuses": [STATUS | {"status": "sent"}], "messages": [MESSAGE]},
        {"field": "calls", "statuses": [STATUS | {"status": "sent"}]},
        {},
    ],
)
async def test_what_we_have_no_use_for_is_left_out(webhook, value):
    assert read(webhook, **value) == []


@pytest.mark.parametrize("body", [b"", b"[1]", b'"x"', b"<html>", b"null", b'{"entry":[5]}', b'{"entry":"x"}'])
async def test_what_is_no_notification_is_unreadable(webhook, body):
    with pytest.raises(UnreadablePost):
        webhook.read(post(body))
