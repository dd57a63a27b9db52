"""Postmark: what is sent, what its answers mean; who may bring events, and what they say."""

import json
from base64 import b64encode
from functools import partial
from uuid import uuid4

import pytest
from configs import CONFIGS
from posts import post, webhook_of

from domain.channels import Channel
from domain.messages.outbound import Attachment
from domain.messages.outcomes import Accepted, GatewayDown, Refused, RetryLater, Unknown
from domain.messages.receipts import Receipt, ReceiptKind
from gateways.config.problems import InvalidGatewayConfig
from gateways.conformance.fake_provider import answer, hang
from gateways.registry import parse_config
from gateways.webhooks.webhook import UnreadablePost

_, CONFIG = CONFIGS["postmark"]
MESSAGE_ID = "883953f4-6105-42a2-a16a-77a8eac79483"
TAKEN = answer(
    200,
    b'{"To":"ann@example.com","SubmittedAt":"2026-02-17T07:25:01.4178645-05:00",'
    b'"MessageID":"883953f4-6105-42a2-a16a-77a8eac79483","ErrorCode":0,"Message":"OK"}',
)
SECRET = "gänse:füßchen"


@pytest.fixture
def exchange(send_through):
    return partial(send_through, "postmark", Channel.EMAIL, CONFIG)


async def test_a_mail(exchange):
    uid = uuid4()
    got, request = await exchange(TAKEN, {"webhook_secret": SECRET}, uid=uid, subject="Grüße")
    assert got == Accepted(MESSAGE_ID, receipts=True)
    assert (request.method, request.target) == ("POST", "/email")
    assert request.headers["x-postmark-server-token"] == "tok"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == {
        "From": "shop@example.org",
        "To": "ann@example.com",
        "Subject": "Grüße",
        "TextBody": "hello",
        "Metadata": {"uid": str(uid)},
    }


async def test_everything_that_a_mail_can_have(exchange):
    _, request = await exchange(
        TAKEN,
        {"message_stream": "news"},
        sender="ACME, Inc.",
        body="",
        html="<img src='cid:logo'>",
        cc=("bob@example.com", "eve@example.com"),
        reply_to="help@example.org",
        headers=(("X-Campaign", "may"),),
        unsubscribe_url="https://example.org/u/1",
        attachments=(
            Attachment("a.pdf", "application/pdf", b"%PDF"),
            Attachment("logo.png", "image/png", b"\x89PNG", content_id="logo"),
        ),
    )
    sent = json.loads(request.body)
    assert sent["From"] == '"ACME, Inc." <shop@example.org>'
    assert sent["MessageStream"] == "news"
    assert (sent.get("TextBody"), sent["HtmlBody"]) == (None, "<img src='cid:logo'>")
    assert (sent["Cc"], sent["ReplyTo"]) == ("bob@example.com, eve@example.com", "help@example.org")
    assert sent["Headers"] == [
        {"Name": "X-Campaign", "Value": "may"},
        {"Name": "List-Unsubscribe", "Value": "<https://example.org/u/1>"},
        {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
    ]
    assert sent["Attachments"] == [
        {"Name": "a.pdf", "Content": "JVBERg==", "ContentType": "application/pdf"},
        {"Name": "logo.png", "Content": "iVBORw==", "ContentType": "image/png", "ContentID": "cid:logo"},
    ]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"subject": "a\r\nBcc: x"}, "invalid_subject"),
        ({"to": "a@b.c, d@e.f"}, "invalid_recipient"),
        ({"headers": (("X-PM-Metadata-uid", "another"),)}, "invalid_header"),
        ({"sender": "\ud800"}, "invalid_content"),
    ],
)
async def test_an_unfit_message_is_refused_unsent(exchange, fields, code):
    got, request = await exchange(TAKEN, **fields)
    assert (got.code, request) == (code, None)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (422, 406, Refused("postmark_406", "406: words")),
        (422, 300, Refused("postmark_300", "300: words")),
        *[(422, code, GatewayDown(f"{code}: words")) for code in (10, 100, 400, 401, 405, 412, 413, 1235)],
        (401, 10, GatewayDown("10: words")),
        (429, 429, RetryLater(None, "answered 429: 429: words")),
        (500, 700, GatewayDown("answered 500: 700: words")),
        (200, 406, Unknown("answered 200 without the id of a message")),
    ],
)
async def test_error_codes(exchange, status, code, expected):
    got, _ = await exchange(answer(status, json.dumps({"ErrorCode": code, "Message": "words"}).encode()))
    assert got == expected


INACTIVE = "Message OK, but will not deliver to these inactive addresses: {}. Inactive recipients are ones that have"


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        ("OK", 0, Accepted("M1")),
        ("Message accepted, but delivery may be delayed.", 0, Accepted("M1")),
        ("Message accepted, but delivery may be delayed.", 701, Accepted("M1")),
        (INACTIVE.format("bob@example.com"), 0, Accepted("M1")),
        (INACTIVE.format("bob@example.com, Ann@Example.com"), 0, Refused),
        (INACTIVE.format("ann@example.com"), 0, Refused),
    ],
)
async def test_words_that_come_with_an_id(exchange, words, code, expected):
    body = {"ErrorCode": code, "Message": words, "MessageID": "M1"}
    got, _ = await exchange(answer(200, json.dumps(body).encode()), to="ann@example.com")
    assert got == expected or (expected is Refused and got.code == "postmark_406")


async def test_a_success_without_an_id_is_unknown(exchange):
    got, _ = await exchange(answer(200, b'{"ErrorCode":0,"Message":"OK","MessageID":null}'))
    assert got == Unknown("answered 200 without the id of a message")


async def test_a_hang_is_unknown_and_silent(exchange):
    got, _ = await exchange(hang, {"timeout": 0.2})
    assert got == Unknown("no full answer in time", silent=True)


def test_receipts_need_a_secret():
    with pytest.raises(InvalidGatewayConfig, match="receipts need"):
        parse_config("postmark", Channel.EMAIL, CONFIG | {"receipts": True})


@pytest.fixture
def webhook(outside):
    return webhook_of("postmark", Channel.EMAIL, {**CONFIG, "webhook_secret": SECRET}, outside)


def basic(password):
    return {"Authorization": "Basic " + b64encode(f"any:{password}".encode()).decode()}


async def test_a_shared_secret_is_believed(webhook):
    assert await webhook.verify(post(b"{}", basic(SECRET)))
    assert await webhook.verify(post(b"{}", url="https://h.example.com/x?secret=g%C3%A4nse%3Af%C3%BC%C3%9Fchen"))


@pytest.mark.parametrize("headers", [{}, basic(""), basic("x"), basic(SECRET + "x"), {"Authorization": "Basic !"}])
async def test_without_the_secret_a_post_is_refused_and_stopped(webhook, headers):
    assert not await webhook.verify(post(b"{}", headers))
    assert (webhook.REFUSED.status, webhook.UNREADABLE) == (403, 403)


@pytest.mark.parametrize("headers", [{}, basic(""), basic("None"), basic(SECRET)])
async def test_without_a_configured_secret_nothing_is_believed(outside, headers):
    webhook = webhook_of("postmark", Channel.EMAIL, CONFIG, outside)
    assert not webhook.is_configured
    assert not await webhook.verify(post(b"{}", headers))


def read(webhook, event):
    return webhook.read(post(json.dumps(event).encode(), now=1.0))


BOUNCE = {
    "RecordType": "Bounce",
    "ID": 692560173,
    "Type": "HardBounce",
    "TypeCode": 1,
    "Name": "Hard bounce",
    "MessageID": MESSAGE_ID,
    "Metadata": {"uid": "u-1"},
    "Description": "The server was unable to deliver your message",
    "Details": "smtp;550 5.1.1 no such user",
    "Email": "ann@example.com",
    "BouncedAt": "2016-04-27T16:28:50.3963933-04:00",
    "Inactive": True,
}


def test_what_a_bounce_tells(webhook):
    assert read(webhook, BOUNCE) == [
        Receipt(
            ReceiptKind.BOUNCED,
            key="692560173",
            at=1461788930.396393,
            uid="u-1",
            provider_id=MESSAGE_ID,
            code="postmark_HardBounce",
            reason="smtp;550 5.1.1 no such user",
            recipient="ann@example.com",
        )
    ]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("HardBounce", "bounced"),
        ("SoftBounce", "undelivered"),
        ("VirusNotification", "undelivered"),
        ("Transient", "deferred"),
        ("DnsError", "deferred"),
        ("OpenRelayTest", "deferred"),
        ("AutoResponder", "autoresponded"),
        ("AddressChange", "autoresponded"),
        ("ChallengeVerification", "autoresponded"),
        ("BadEmailAddress", "rejected"),
        ("ManuallyDeactivated", "rejected"),
        ("Blocked", "rejected"),
        ("DMARCPolicy", "rejected"),
        ("Unconfirmed", "rejected"),
        ("SMTPApiError", "failed"),
        ("TemplateRenderingFailed", "failed"),
        ("SpamNotification", "complained"),
        ("ManualSuppression", "unsubscribed"),
        ("Unsubscribe", "unsubscribed"),
        ("Subscribe", "subscribed"),
    ],
)
def test_every_type_of_bounce(webhook, name, kind):
    (receipt,) = read(webhook, BOUNCE | {"Type": name})
    assert (receipt.kind, receipt.code) == (kind, f"postmark_{name}")


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"RecordType": "Delivery", "DeliveredAt": "2019-11-05T16:33:54.9070259Z"}, "delivered"),
        ({"RecordType": "Open", "ReceivedAt": "2019-11-05T16:33:54.9070259Z"}, "opened"),
        (
            {"RecordType": "Click", "ReceivedAt": "2019-11-05T16:33:54.9070259Z", "OriginalLink": "https://a/"},
            "clicked",
        ),
        ({"RecordType": "SpamComplaint", "BouncedAt": "2019-11-05T16:33:54.9070259Z"}, "complained"),
        *[
            ({"RecordType": "SubscriptionChange", "ChangedAt": "2019-11-05T16:33:54.9070259Z"} | change, kind)
            for change, kind in [
                ({"SuppressSending": True, "SuppressionReason": "ManualSuppression"}, "unsubscribed"),
                ({"SuppressSending": True, "SuppressionReason": "HardBounce"}, "bounced"),
                ({"SuppressSending": True, "SuppressionReason": "SpamComplaint"}, "complained"),
                ({"SuppressSending": False, "SuppressionReason": None}, "subscribed"),
            ]
        ],
    ],
)
def test_every_kind_of_event(webhook, event, kind):
    (receipt,) = read(webhook, event | {"MessageID": MESSAGE_ID, "Metadata": {"uid": "u"}})
    assert (receipt.kind, receipt.uid, receipt.provider_id) == (kind, "u", MESSAGE_ID)
    assert receipt.at == pytest.approx(1572971634.907025, abs=1e-5)
    assert receipt.url == event.get("OriginalLink")


def test_events_without_an_id_have_a_key_that_a_repeat_has_and_others_have_not(webhook):
    common = {"MessageID": MESSAGE_ID, "Recipient": "ann@example.com"}
    events = [
        {"RecordType": "Delivery", "DeliveredAt": "2019-11-05T16:33:54.9070259Z"},
        {"RecordType": "Open", "ReceivedAt": "2019-11-05T16:33:54.9070259Z"},
        {"RecordType": "Open", "ReceivedAt": "2019-11-05T16:33:54.9070260Z"},
        {"RecordType": "Click", "ReceivedAt": "2019-11-05T16:33:54.9070259Z", "OriginalLink": "https://a/"},
        {"RecordType": "Click", "ReceivedAt": "2019-11-05T16:33:54.9070259Z", "OriginalLink": "https://b/"},
    ]
    keys, again = [[read(webhook, common | event)[0].key for event in events] for _ in range(2)]
    assert keys == again
    assert len(set(keys)) == len(events)
    assert {read(webhook, common | event)[0].recipient for event in events} == {"ann@example.com"}


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"RecordType": "Inbound", "MessageID": MESSAGE_ID},
        {"RecordType": ["Delivery"], "MessageID": MESSAGE_ID},
        BOUNCE | {"Type": "Unknown"},
        BOUNCE | {"Type": None},
        {"RecordType": "SubscriptionChange", "SuppressSending": True, "MessageID": None, "Metadata": None},
    ],
)
def test_what_we_do_not_know_or_cannot_place_is_left_out(webhook, event):
    assert read(webhook, event) == []


@pytest.mark.parametrize("body", [b"", b"[1]", b'"x"', b"<html>", b"null"])
def test_what_is_no_event_is_unreadable(webhook, body):
    with pytest.raises(UnreadablePost):
        webhook.read(post(body))
