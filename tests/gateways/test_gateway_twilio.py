"""Twilio's callbacks: who may bring them, and what they say. What is sent is in test_gateway_providers."""

import hmac
import json
from base64 import b64encode
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from posts import changed_bytes_believed, post, webhook_of
from sent import sent

from domain.channels import Channel
from domain.messages.receipts import Inbound, Receipt, decode_events, encode_events
from gateways.conformance.fake_provider import answer
from gateways.webhooks.webhook import UnreadablePost

CONFIG = {"account_sid": "AC0123", "auth_token": "12345", "from_number": "+15005550006"}
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
FORM = {
    "CallSid": "CA1234567890ABCDE",
    "Digits": "1234",
    "From": "+14158675309",
    "To": "+18005551212",
    "Caller": "+14158675309",
}
BODY = urlencode(FORM).encode()
GENUINE = post(BODY, {"X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}, url=URL)

JSON_URL = f"{URL}&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
GENUINE_JSON = post(
    b'{"property": "value", "boolean": true}', {"X-Twilio-Signature": "a9nBmqA0ju/hNViExpshrM61xv4="}, url=JSON_URL
)


def signed(fields: list[tuple[str, str]], url: str = URL, token: str = "12345"):
    """A post as Twilio signs it, by the rule written out once more."""
    what = url + "".join(name + value for name, value in sorted(set(fields)))
    signature = b64encode(hmac.digest(token.encode(), what.encode(), "sha1")).decode()
    return post(urlencode(fields).encode(), {"X-Twilio-Signature": signature}, url=url)


@pytest.fixture
def webhook(outside):
    return webhook_of("twilio", Channel.SMS, CONFIG, outside)


@pytest.mark.parametrize("genuine", [GENUINE, GENUINE_JSON], ids=["form", "json"])
async def test_the_published_vectors_verify_and_no_other_byte_does(webhook, genuine):
    assert await changed_bytes_believed(webhook, genuine) == []


@pytest.mark.parametrize(
    ("url", "signature"),
    [
        ("https://mycompany.com:1234/myapp.php?foo=1&bar=2", "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("https://mycompany.com/myapp.php?foo=1&bar=2", "kvajT1Ptam85bY51eRf/AJRuM3w="),
        ("http://mycompany.com/myapp.php?foo=1&bar=2", "0ZXoZLH/DfblKGATFgpif+LLRf4="),
    ],
    ids=["signed without the port", "signed with the port of https", "signed with the port of http"],
)
async def test_published_vectors_signed_with_or_without_a_port_verify(webhook, url, signature):
    assert await webhook.verify(post(BODY, {"X-Twilio-Signature": signature}, url=url))


async def test_several_values_of_a_field_are_signed_once_and_in_order(webhook):
    several = [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234"), ("Digits", "1234")]
    given = {"X-Twilio-Signature": "IK+Dwps556ElfBT0I3Rgjkr1wJU="}
    assert await webhook.verify(post(urlencode(several).encode(), given, url=URL))
    assert not await webhook.verify(post(urlencode(several[:3]).encode(), given, url=URL))


@pytest.mark.parametrize(
    "url",
    [
        "https://mycompany.com/myapp.php?foo=1&bar=3",
        "https://mycompany.com/myapp.php?bar=2&foo=1",
        "https://mycompany.org/myapp.php?foo=1&bar=2",
        "http://mycompany.com/myapp.php?foo=1&bar=2",
        "https://mycompany.com/myapp.php",
    ],
)
async def test_another_address_is_refused(webhook, url):
    assert not await webhook.verify(replace(GENUINE, url=url))


async def test_a_hash_of_the_body_is_not_enough(webhook):
    assert not await webhook.verify(replace(GENUINE_JSON, headers={}))
    assert not await webhook.verify(replace(GENUINE_JSON, url=JSON_URL + "0"))


@pytest.mark.parametrize("headers", [{}, {"X-Twilio-Signature": ""}, {"X-Twilio-Signature": "ÿ"}])
async def test_what_is_not_signed_is_refused(webhook, headers):
    assert not await webhook.verify(post(BODY, headers, url=URL))


async def test_the_token_of_another_account_is_refused(webhook):
    assert await webhook.verify(signed([("MessageSid", "SM1")]))
    assert not await webhook.verify(signed([("MessageSid", "SM1")], token="12346"))


async def test_a_body_that_is_no_form_is_refused(webhook):
    assert not await webhook.verify(replace(GENUINE, body=b"\xff=1"))


def read(webhook, url="https://hooks.example.com/twilio", **fields):
    return webhook.read(post(urlencode(fields).encode(), url=url, now=9.0))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("accepted", "sent"),
        ("scheduled", "sent"),
        ("queued", "sent"),
        ("sending", "sent"),
        ("sent", "sent"),
        ("delivered", "delivered"),
        ("read", "read"),
        ("undelivered", "undelivered"),
        ("failed", "failed"),
        ("canceled", "cancelled"),
    ],
)
async def test_every_status(webhook, status, kind):
    url = "https://hooks.example.com/twilio?a=1&uid=0198"
    found = read(webhook, url, MessageSid="SM1", SmsSid="SM1", MessageStatus=status, SmsStatus=status)
    assert found == [Receipt(kind, key=f"SM1|{status}", at=9.0, uid="0198", provider_id="SM1")]


@pytest.mark.parametrize(
    ("error", "code", "suppression"),
    [("30005", "twilio_30005", None), ("30007", "twilio_30007", None), ("21610", "opted_out", "opted_out")],
)
async def test_why_a_message_failed(webhook, error, code, suppression):
    (receipt,) = read(webhook, MessageSid="SM1", MessageStatus="undelivered", ErrorCode=error)
    assert (receipt.kind, receipt.code, receipt.suppression) == ("undelivered", code, suppression)


async def test_a_status_we_do_not_know_is_left_out(webhook):
    assert read(webhook, MessageSid="SM1", MessageStatus="teleported") == []
    assert read(webhook, MessageSid="SM1") == []


@pytest.mark.parametrize(("told", "says"), [("STOP", "stop"), ("START", "start"), ("HELP", "help"), ("X", None)])
async def test_what_twilio_takes_a_message_for(webhook, told, says):
    fields = {"MessageSid": "SM2", "SmsStatus": "received", "From": "+15005550001", "To": "+15005550006"}
    (message,) = read(webhook, **fields, Body="genug", OptOutType=told)
    assert message.says == says
    assert decode_events(encode_events([message])) == [message]


async def test_a_message_from_a_person(webhook):
    found = read(
        webhook,
        MessageSid="SM2",
        SmsStatus="received",
        From="+15551234567",
        To="+15005550006",
        Body="  Grüße\n& ä\0 ",
        NumMedia="2",
        MediaUrl1="https://example.com/b",
        MediaUrl0="https://example.com/a",
        MediaContentType0="image/png",
    )
    media = ("https://example.com/a", "https://example.com/b")
    sender, recipient = "+15551234567", "+15005550006"
    assert [replace(one, kind=None, content=None) for one in found] == [
        Inbound("SM2", 9.0, sender, recipient, body="  Grüße\n& ä ", media=media)
    ]


async def test_a_message_from_a_short_code_keeps_it(webhook):
    (message,) = read(webhook, MessageSid="SM2", SmsStatus="received", From="72345", To="+15005550006", Body="")
    assert message.sender == "72345"


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b"MessageStatus=sent", b"MessageSid=SM2&SmsStatus=received"])
async def test_what_is_no_event_is_unreadable(webhook, body):
    with pytest.raises(UnreadablePost):
        webhook.read(post(body))


async def test_twilio_is_answered_in_its_own_language(webhook):
    assert webhook.is_configured
    assert (webhook.ACCEPTED.body, webhook.ACCEPTED.content_type) == (b"<Response/>", "text/xml")


@pytest.mark.parametrize(
    ("callback", "expected"),
    [
        ("https://hooks.example.com/twilio", "https://hooks.example.com/twilio?uid={}"),
        ("https://hooks.example.com/twilio?a=1&b=%2F", "https://hooks.example.com/twilio?a=1&b=%2F&uid={}"),
    ],
)
async def test_the_callback_carries_our_reference(outside, make, callback, expected):
    message = make()
    taken = answer(201, b'{"sid":"SM1","status":"queued"}')
    _, request = await sent("twilio", CONFIG | {"status_callback": callback}, taken, message, outside)
    wanted = urlencode({"StatusCallback": expected.format(message.uid)})
    assert wanted in request.body.decode()


PLACE = {"latitude": 41.0, "longitude": 29.0, "name": "Tower", "address": "Galata"}


@pytest.mark.parametrize(
    ("fields", "kind", "body", "content"),
    [
        ({"Latitude": "41.0", "Longitude": "29.0", "Label": "Tower", "Address": "Galata"}, "location", "", PLACE),
        (
            {"Body": "Yes", "ButtonText": "Yes", "ButtonPayload": "b"},
            "button_reply",
            "Yes",
            {"id": "b", "title": "Yes"},
        ),
        ({"ButtonText": "Stop", "ButtonPayload": "b"}, "button_reply", "Stop", {"id": "b", "title": "Stop"}),
        ({"Body": "Two", "ListId": "r", "ListTitle": "Two"}, "list_reply", "Two", {"id": "r", "title": "Two"}),
        ({"InteractiveData": '{"a":1}'}, "form_reply", "", {"response": {"a": 1}}),
        (
            {"MediaUrl0": "https://t/a", "MediaContentType0": "image/jpeg"},
            "image",
            "",
            {"files": [{"url": "https://t/a", "mime_type": "image/jpeg"}]},
        ),
        (
            {"MediaUrl0": "https://t/a", "MediaContentType0": "text/vcard", "MessageType": "contacts"},
            "contacts",
            "",
            {"files": [{"url": "https://t/a", "mime_type": "text/vcard"}]},
        ),
        ({"MessageType": "hologram", "Hologram": "x"}, "hologram", "", {"Hologram": "x"}),
        ({"MessageType": "text", "Body": "hi"}, None, "hi", None),
        ({"Body": "hi"}, None, "hi", None),
    ],
)
async def test_what_a_message_holds_besides_text_is_kept(webhook, fields, kind, body, content):
    head = {
        "MessageSid": "SM1",
        "SmsStatus": "received",
        "From": "whatsapp:+14155550123",
        "To": "whatsapp:+15005550006",
    }
    (found,) = webhook.read(post(urlencode(head | fields).encode(), url=URL))
    assert (found.kind, found.body, found.sender) == (kind, body, "+14155550123")
    assert json.loads(found.content or "null") == content
