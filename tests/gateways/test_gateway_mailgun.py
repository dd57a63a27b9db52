"""Mailgun: what is sent, what its answers mean; who may bring events, and what they say."""

import hmac
import json
from base64 import b64decode
from email.parser import BytesParser
from functools import partial
from urllib.parse import parse_qs
from uuid import uuid4

import pytest
from fake_http import answer, hang
from posts import post, webhook_of
from test_gateway_providers import CONFIGS

from domain.channels import Channel
from domain.outbound import Attachment
from domain.outcomes import Accepted, GatewayDown, Refused, RetryLater, Unknown
from domain.receipts import OPTED_OUT, Receipt, ReceiptKind
from gateways.email import mailgun
from gateways.problems import InvalidGatewayConfig
from gateways.registry import parse_config
from gateways.webhook import UnreadablePost

_, CONFIG = CONFIGS["mailgun"]
TAKEN = answer(200, b'{"id":"<2026.1@mg.example.org>","message":"Queued. Thank you."}')
KEY = "signing-key"
NOW = 1770920772
TOKEN = "e0b5477167110d68991efc6b9f89f0a11066af27834600e123"


@pytest.fixture
def exchange(send_through):
    return partial(send_through, "mailgun", Channel.EMAIL, CONFIG)


async def test_a_mail_is_a_form(exchange):
    uid = uuid4()
    got, request = await exchange(TAKEN, {"webhook_signing_key": KEY}, uid=uid, subject="Grüße & so", body="hällo")
    assert got == Accepted("2026.1@mg.example.org", receipts=True)
    assert (request.method, request.target) == ("POST", "/v3/mg.example.org/messages")
    assert b64decode(request.headers["authorization"].removeprefix("Basic ")) == b"api:key-1"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(request.body.decode(), strict_parsing=True) == {
        "from": ["shop@example.org"],
        "to": ["ann@example.com"],
        "subject": ["Grüße & so"],
        "text": ["hällo"],
        "v:uid": [str(uid)],
    }


async def test_everything_that_a_mail_can_have(exchange):
    _, request = await exchange(
        TAKEN,
        sender="ACME, Inc.",
        html="<p>x</p>",
        cc=("bob@example.com", "eve@example.com"),
        reply_to="help@example.org",
        headers=(("X-Campaign", "may"),),
        unsubscribe_url="https://example.org/u/1",
    )
    form = parse_qs(request.body.decode())
    assert form["from"] == ['"ACME, Inc." <shop@example.org>']
    assert (form["text"], form["html"]) == (["hello"], ["<p>x</p>"])
    assert form["cc"] == ["bob@example.com", "eve@example.com"]
    assert form["h:Reply-To"] == ["help@example.org"]
    assert form["h:X-Campaign"] == ["may"]
    assert form["h:List-Unsubscribe"] == ["<https://example.org/u/1>"]
    assert form["h:List-Unsubscribe-Post"] == ["List-Unsubscribe=One-Click"]


async def test_a_name_beyond_ascii_is_encoded(exchange):
    _, request = await exchange(TAKEN, sender="Grüße, AG")
    assert parse_qs(request.body.decode())["from"] == ["=?utf-8?b?R3LDvMOfZSwgQUc=?= <shop@example.org>"]


async def test_only_html_goes_without_text(exchange):
    _, request = await exchange(TAKEN, body="", html="<p>x</p>")
    assert "text" not in parse_qs(request.body.decode(), keep_blank_values=True)


async def test_files_go_as_multipart_and_images_inside_by_their_content_id(exchange):
    files = (
        Attachment("Rechnung 1 ü.pdf", "application/pdf", b"%PDF\r\n--\0"),
        Attachment("logo.png", "image/png", b"\x89PNG", content_id="logo"),
    )
    got, request = await exchange(TAKEN, cc=("bob@example.com", "eve@example.com"), attachments=files)
    assert isinstance(got, Accepted)
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    parts = BytesParser().parsebytes(head + request.body).get_payload()
    sent = [(part.get_param("name", header="content-disposition"), part.get_payload(decode=True)) for part in parts]
    assert sent[0] == ("from", b"shop@example.org")
    assert [value for name, value in sent if name == "cc"] == [b"bob@example.com", b"eve@example.com"]
    assert sent[-2:] == [("attachment", b"%PDF\r\n--\0"), ("inline", b"\x89PNG")]
    assert 'filename="Rechnung 1 ü.pdf"\r\nContent-Type: application/pdf'.encode() in request.body
    assert b'filename="logo"\r\nContent-Type: image/png' in request.body


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"subject": "a\r\nBcc: x"}, "invalid_subject"),
        ({"to": "a@b.c, d@e.f"}, "invalid_recipient"),
        ({"headers": (("x-mailgun-variables", '{"uid":"another"}'),)}, "invalid_header"),
        ({"attachments": (Attachment("a", "text/plain\r\nX: y", b""),)}, "invalid_attachment"),
        ({"attachments": (Attachment("\ud800", "text/plain", b""),)}, "invalid_content"),
        ({"sender": "\ud800"}, "invalid_content"),
    ],
)
async def test_an_unfit_message_is_refused_unsent(exchange, fields, code):
    got, request = await exchange(TAKEN, **fields)
    assert (got.code, request) == (code, None)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (
            answer(200, b"Mailgun Magnificent API"),
            GatewayDown("base_url leads to Mailgun's front page, not to its messages"),
        ),
        (answer(401, b"Forbidden"), GatewayDown("answered 401: Forbidden")),
        (answer(404, b'{"message":"Domain not found: mg"}'), GatewayDown("Domain not found: mg")),
        (answer(404), GatewayDown("answered 404: the domain was not found")),
        (answer(400, b'{"message":"\'to\' is bad"}'), Refused("http_400", "answered 400: 'to' is bad")),
        (answer(200, b'{"id":5}'), Unknown("answered 200 without the id of a message")),
        (answer(202, b'{"id":"<a@b>"}'), Unknown("answered 202 without the id of a message")),
        (answer(429), RetryLater(None, "answered 429")),
        (hang, Unknown("no full answer in time", silent=True)),
    ],
)
async def test_what_an_answer_means(exchange, reply, expected):
    got, _ = await exchange(reply, {"timeout": 0.3})
    assert got == expected


@pytest.mark.parametrize("domain", ["", "..", "../x", "a/b", "a b.c", "localhost", "a.b?c=d"])
def test_a_wrong_domain_is_refused(domain):
    with pytest.raises(InvalidGatewayConfig):
        parse_config("mailgun", Channel.EMAIL, CONFIG | {"domain": domain})


def test_receipts_need_the_signing_key():
    with pytest.raises(InvalidGatewayConfig, match="receipts need"):
        parse_config("mailgun", Channel.EMAIL, CONFIG | {"receipts": True})


@pytest.fixture
def webhook(outside):
    return webhook_of("mailgun", Channel.EMAIL, {**CONFIG, "webhook_signing_key": KEY}, outside)


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


async def test_only_so_many_tokens_are_remembered(webhook, monkeypatch):
    monkeypatch.setattr(mailgun, "TOKENS", 2)
    tokens = ["a", "b", "c"]
    assert all([await webhook.verify(posted(signature=sign(token))) for token in tokens])
    other = EVENT | {"event": "unsubscribed"}
    believed = [await webhook.verify(posted(other, sign(token))) for token in reversed(tokens)]
    assert believed == [False, False, True]


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
