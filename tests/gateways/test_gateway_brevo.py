"""Brevo: what is sent, what its answers mean; who may bring events, and what they say."""

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

_, CONFIG = CONFIGS["brevo"]
TAKEN = answer(201, b'{"messageId":"<2026.1@smtp-relay.mailin.fr>"}')
SECRET = "s3cret"


@pytest.fixture
def exchange(send_through):
    return partial(send_through, "brevo", Channel.EMAIL, CONFIG)


async def test_a_mail(exchange):
    uid = uuid4()
    got, request = await exchange(TAKEN, {"webhook_secret": SECRET, "from_name": "Shop"}, uid=uid, subject="Grüße")
    assert got == Accepted("2026.1@smtp-relay.mailin.fr", receipts=True)
    assert (request.method, request.target) == ("POST", "/v3/smtp/email")
    assert request.headers["api-key"] == "xkeysib-1"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == {
        "sender": {"email": "shop@example.org", "name": "Shop"},
        "to": [{"email": "ann@example.com"}],
        "subject": "Grüße",
        "textContent": "hello",
        "headers": {"X-Mailin-custom": str(uid)},
    }


async def test_everything_that_a_mail_can_have(exchange):
    uid = uuid4()
    _, request = await exchange(
        TAKEN,
        uid=uid,
        html="<p>x</p>",
        cc=("bob@example.com", "eve@example.com"),
        reply_to="help@example.org",
        headers=(("X-Campaign", "may"),),
        unsubscribe_url="https://example.org/u/1",
        attachments=(Attachment("a.pdf", "application/pdf", b"%PDF"),),
    )
    sent = json.loads(request.body)
    assert (sent["textContent"], sent["htmlContent"]) == ("hello", "<p>x</p>")
    assert sent["cc"] == [{"email": "bob@example.com"}, {"email": "eve@example.com"}]
    assert sent["replyTo"] == {"email": "help@example.org"}
    assert sent["headers"] == {
        "X-Campaign": "may",
        "List-Unsubscribe": "<https://example.org/u/1>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "X-Mailin-custom": str(uid),
    }
    assert sent["attachment"] == [{"name": "a.pdf", "content": "JVBERg=="}]


async def test_a_name_beyond_ascii_is_encoded(exchange):
    _, request = await exchange(TAKEN, sender="Grüße, AG")
    assert json.loads(request.body)["sender"]["name"] == "=?utf-8?b?R3LDvMOfZSwgQUc=?="


async def test_only_html_goes_without_text(exchange):
    _, request = await exchange(TAKEN, body="", html="<p>x</p>")
    assert "textContent" not in json.loads(request.body)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"subject": "a\r\nBcc: x"}, "invalid_subject"),
        ({"to": "a@b.c, d@e.f"}, "invalid_recipient"),
        ({"headers": (("x-mailin-custom", "another"),)}, "invalid_header"),
        ({"headers": (("Sender.IP", "192.0.2.1"),)}, "invalid_header"),
        ({"attachments": (Attachment("a.png", "image/png", b"", content_id="a"),)}, "invalid_attachment"),
        ({"sender": "\ud800"}, "invalid_content"),
    ],
)
async def test_an_unfit_message_is_refused_unsent(exchange, fields, code):
    got, request = await exchange(TAKEN, **fields)
    assert (got.code, request) == (code, None)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "invalid_parameter", Refused("brevo_invalid_parameter", "invalid_parameter: words")),
        (402, "not_enough_credits", GatewayDown("not_enough_credits: words")),
        (400, "account_under_validation", GatewayDown("account_under_validation: words")),
        (403, "permission_denied", GatewayDown("permission_denied: words")),
        (401, "unauthorized", GatewayDown("unauthorized: words")),
        (429, "too_many_requests", RetryLater(None, "answered 429: too_many_requests: words")),
        (500, "internal", GatewayDown("answered 500: internal: words")),
    ],
)
async def test_error_codes(exchange, status, code, expected):
    got, _ = await exchange(answer(status, json.dumps({"code": code, "message": "words"}).encode()))
    assert got == expected


@pytest.mark.parametrize(
    "reply",
    [
        answer(200, b'{"messageId":"<a@b>"}'),
        answer(201, b'{"messageIds":["<a@b>"]}'),
        answer(201, b'{"messageId":null}'),
        answer(202, b'{"messageId":"<a@b>","batchId":"x"}'),
    ],
)
async def test_a_success_that_is_not_brevos_own_is_unknown(exchange, reply):
    got, _ = await exchange(reply)
    assert isinstance(got, Unknown)


async def test_a_hang_is_unknown_and_silent(exchange):
    got, _ = await exchange(hang, {"timeout": 0.2})
    assert got == Unknown("no full answer in time", silent=True)


def test_receipts_need_a_secret():
    with pytest.raises(InvalidGatewayConfig, match="receipts need"):
        parse_config("brevo", Channel.EMAIL, CONFIG | {"receipts": True})


@pytest.fixture
def webhook(outside):
    return webhook_of("brevo", Channel.EMAIL, {**CONFIG, "webhook_secret": SECRET}, outside)


def basic(password):
    return {"Authorization": "Basic " + b64encode(f"any:{password}".encode()).decode()}


@pytest.mark.parametrize("headers", [basic(SECRET), {"Authorization": f"Bearer {SECRET}"}])
async def test_a_shared_secret_is_believed(webhook, headers):
    assert await webhook.verify(post(b"{}", headers))


@pytest.mark.parametrize("headers", [{}, basic(""), basic("S3cret"), {"Authorization": "Bearer s3cret0"}])
async def test_without_the_secret_a_post_is_refused(webhook, headers):
    assert not await webhook.verify(post(b"{}", headers))
    assert webhook.REFUSED.status == 403


@pytest.mark.parametrize("headers", [{}, basic(""), basic("None"), basic(SECRET)])
async def test_without_a_configured_secret_nothing_is_believed(outside, headers):
    webhook = webhook_of("brevo", Channel.EMAIL, CONFIG, outside)
    assert not webhook.is_configured
    assert not await webhook.verify(post(b"{}", headers))


def test_brevo_is_answered_with_nothing_that_loses_events(webhook):
    assert (webhook.ACCEPTED.status, webhook.BUSY, webhook.UNREADABLE) == (200, 429, 200)


def read(webhook, events):
    return webhook.read(post(json.dumps(events).encode(), now=1.0))


EVENT = {
    "event": "hard_bounce",
    "id": 26224,
    "email": "ann@example.com",
    "message-id": "<2026.1@smtp-relay.mailin.fr>",
    "date": "2020-10-09 00:00:00",
    "ts": 1604933619,
    "ts_event": 1604933654,
    "ts_epoch": 1604933623123,
    "X-Mailin-custom": "u-1",
    "tag": '["a"]',
    "tags": ["a"],
    "reason": "550 no such\r\nuser",
}


def test_what_an_event_tells(webhook):
    assert read(webhook, EVENT) == [
        Receipt(
            ReceiptKind.BOUNCED,
            key="hard_bounce|ann@example.com|1604933623123|2020-10-09 00:00:00|None",
            at=1604933623.123,
            uid="u-1",
            provider_id="2026.1@smtp-relay.mailin.fr",
            reason="550 no such user",
            recipient="ann@example.com",
        )
    ]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("request", "sent"),
        ("delivered", "delivered"),
        ("deferred", "deferred"),
        ("soft_bounce", "undelivered"),
        ("hard_bounce", "bounced"),
        ("invalid_email", "bounced"),
        ("blocked", "rejected"),
        ("error", "failed"),
        ("spam", "complained"),
        ("complaint", "complained"),
        ("unsubscribe", "unsubscribed"),
        ("unsubscribed", "unsubscribed"),
        ("opened", "opened"),
        ("unique_opened", "opened"),
        ("proxy_open", "opened"),
        ("unique_proxy_open", "opened"),
        ("click", "clicked"),
    ],
)
def test_every_kind_of_event(webhook, name, kind):
    (receipt,) = read(webhook, EVENT | {"event": name, "link": "https://a/"})
    assert (receipt.kind, receipt.url) == (kind, "https://a/")


def test_a_batch_keeps_its_order_and_every_event_its_own_key(webhook):
    other_time = EVENT | {"ts_epoch": 1604933623124}
    other_link = EVENT | {"event": "click", "link": "https://a/"}
    one_more = EVENT | {"event": "click", "link": "https://b/"}
    receipts = read(webhook, [EVENT, other_time, other_link, one_more] * 125)
    assert [receipt.kind for receipt in receipts[:4]] == ["bounced", "bounced", "clicked", "clicked"]
    assert (len(receipts), len({receipt.key for receipt in receipts})) == (500, 4)


@pytest.mark.parametrize("stamp", [None, "soon", "12²", -1, [1604933623123]])
def test_without_a_time_that_can_be_read_it_happened_now(webhook, stamp):
    (receipt,) = read(webhook, EVENT | {"ts_epoch": stamp})
    assert receipt.at == 1.0


def test_what_we_do_not_know_or_cannot_place_is_left_out(webhook):
    nobodys = {"event": "delivered", "email": "ann@example.com", "message-id": None}
    assert read(webhook, [EVENT | {"event": "list_addition"}, EVENT | {"event": ["click"]}, {}, nobodys]) == []


@pytest.mark.parametrize("body", [b"", b"[1]", b'"x"', b"<html>", b"null"])
def test_what_is_no_list_of_events_is_unreadable(webhook, body):
    with pytest.raises(UnreadablePost):
        webhook.read(post(body))
