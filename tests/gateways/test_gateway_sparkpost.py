"""SparkPost: what is sent, what each answer means, and its events."""

import json
from base64 import b64encode

import pytest
from posts import post, webhook_of

from domain.channels import Channel
from domain.messages.outbound import Attachment
from domain.messages.outcomes import Accepted, GatewayDown, Refused, RetryLater, Unknown
from domain.messages.receipts import Receipt, ReceiptKind
from gateways.conformance.fake_provider import answer, hang, reset
from gateways.webhooks.webhook import UnreadablePost

CONFIG = {"api_key": "14ac5499", "from_address": "shop@example.org", "from_name": "Shop", "webhook_secret": "s3cret"}


def results(accepted, rejected, transmission="11668787484950529"):
    counts = {"total_accepted_recipients": accepted, "total_rejected_recipients": rejected, "id": transmission}
    return json.dumps({"results": counts}).encode()


TAKEN = answer(200, results(1, 0))


@pytest.fixture
def send(send_through):
    def send(reply, **fields):
        return send_through("sparkpost", Channel.EMAIL, CONFIG, reply, **({"subject": "Hi"} | fields))

    return send


@pytest.fixture
def webhook(outside):
    return webhook_of("sparkpost", Channel.EMAIL, CONFIG, outside)


async def test_what_is_sent(send, make):
    uid = make().uid
    got, request = await send(
        TAKEN,
        uid=uid,
        body="{{ stays }}",
        html="<img src='cid:logo'>",
        reply_to="help@example.org",
        cc=("bob@example.com", "eve@example.com"),
        headers=(("X-Order", "7"),),
        unsubscribe_url="https://example.org/u/1",
        attachments=(Attachment("a.txt", "text/plain", b"hi"), Attachment("l.png", "image/png", b"P", "logo")),
    )
    assert got == Accepted("11668787484950529", receipts=True)
    assert (request.method, request.target) == ("POST", "/api/v1/transmissions")
    assert request.headers["authorization"] == "14ac5499"
    ours = {"metadata": {"uid": str(uid)}}
    assert json.loads(request.body) == {
        "options": {"transactional": True, "perform_substitutions": False},
        "recipients": [
            {"address": {"email": "ann@example.com"}, **ours},
            {"address": {"email": "bob@example.com", "header_to": "ann@example.com"}, **ours},
            {"address": {"email": "eve@example.com", "header_to": "ann@example.com"}, **ours},
        ],
        "content": {
            "from": {"email": "shop@example.org", "name": "Shop"},
            "subject": "Hi",
            "text": "{{ stays }}",
            "html": "<img src='cid:logo'>",
            "reply_to": "help@example.org",
            "headers": {
                "X-Order": "7",
                "List-Unsubscribe": "<https://example.org/u/1>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                "CC": "bob@example.com, eve@example.com",
            },
            "attachments": [{"name": "a.txt", "type": "text/plain", "data": "aGk="}],
            "inline_images": [{"name": "logo", "type": "image/png", "data": "UA=="}],
        },
    }


async def test_an_empty_mail_has_a_text_all_the_same(send):
    _, request = await send(TAKEN, body="")
    assert json.loads(request.body)["content"]["text"] == " "


async def test_a_transmission_to_nobody_is_refused(send):
    got, _ = await send(answer(200, results(0, 1)))
    assert got.code == "sparkpost_no_recipients"


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (422, "1902", Refused("sparkpost_1902", "1902: words: more")),
        (400, 7001, GatewayDown("7001: words: more")),
        (420, "2102", GatewayDown("2102: words: more")),
        (403, "1100", GatewayDown("answered 403: 1100: words: more")),
        (401, None, GatewayDown("answered 401: words: more")),
        (429, None, RetryLater(None, "answered 429: words: more")),
        (400, None, Refused("http_400", "answered 400: words: more")),
        (503, "1603", GatewayDown("answered 503: 1603: words: more")),
    ],
)
async def test_errors(send, status, code, expected):
    error = {"message": "words", "description": "more"} | ({"code": code} if code else {})
    got, _ = await send(answer(status, json.dumps({"errors": [error]}).encode()))
    assert got == expected


async def test_over_the_limit_without_words_and_throttled_with_a_time(send):
    got, _ = await send(answer(420))
    assert got == GatewayDown("over the sending limit")
    got, _ = await send(answer(429, Retry_After="3"))
    assert (type(got), got.after) == (RetryLater, 3.0)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"{}", b'{"results":{}}', b'{"results":{"id":"1"}}', b'{"errors":[{"message":"odd"}]}'],
)
async def test_a_success_that_is_not_sparkposts_is_unknown(send, body):
    got, _ = await send(answer(200, body))
    assert isinstance(got, Unknown)


@pytest.mark.parametrize(("reply", "silent"), [(hang, True), (reset, False)])
async def test_a_lost_answer_is_unknown(send, reply, silent):
    got, _ = await send(reply)
    assert (type(got), got.silent) == (Unknown, silent)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"to": "a@b.c, d@e.f"}, "invalid_recipient"),
        ({"subject": "a\r\nBcc: x@y.z"}, "invalid_subject"),
        ({"headers": (("X-MSYS-API", "x"),)}, "invalid_header"),
        ({"body": "\ud800"}, "invalid_content"),
    ],
)
async def test_unfit_messages_are_refused_unsent(send, fields, code):
    got, request = await send(TAKEN, **fields)
    assert (got.code, request) == (code, None)


BASIC = {"Authorization": "Basic " + b64encode(b"any:s3cret").decode()}


@pytest.mark.parametrize(
    ("headers", "believed"),
    [
        (BASIC, True),
        ({"Authorization": "Bearer s3cret"}, True),
        ({"Authorization": "Bearer other"}, False),
        ({"Authorization": "Basic " + b64encode(b"s3cret:").decode()}, False),
        ({}, False),
    ],
)
async def test_whoever_knows_the_secret_is_believed(webhook, headers, believed):
    assert await webhook.verify(post(b"[]", headers)) is believed


async def test_without_a_secret_nothing_is_believed(outside):
    webhook = webhook_of("sparkpost", Channel.EMAIL, {**CONFIG, "webhook_secret": None}, outside)
    assert not webhook.is_configured
    assert not await webhook.verify(post(b"[]", BASIC))


def read(webhook, *events, group="message_event"):
    return webhook.read(post(json.dumps([{"msys": {group: event}} for event in events]).encode(), now=1.0))


EVENT = {
    "event_id": "92356927693813856",
    "transmission_id": "65832150921904138",
    "timestamp": "1460989507",
    "rcpt_meta": {"uid": "u-1"},
    "rcpt_to": "ann@example.com",
    "raw_rcpt_to": "Ann@example.com",
}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("injection", "sent"),
        ("delivery", "delivered"),
        ("delay", "deferred"),
        ("policy_rejection", "rejected"),
        ("generation_rejection", "rejected"),
        ("generation_failure", "failed"),
        ("spam_complaint", "complained"),
        ("open", "opened"),
        ("amp_open", "opened"),
        ("click", "clicked"),
        ("amp_click", "clicked"),
        ("list_unsubscribe", "unsubscribed"),
        ("link_unsubscribe", "unsubscribed"),
    ],
)
async def test_every_kind_of_event(webhook, kind, expected):
    (receipt,) = read(webhook, EVENT | {"type": kind})
    assert receipt == Receipt(
        ReceiptKind(expected),
        "92356927693813856",
        1460989507.0,
        "u-1",
        provider_id="65832150921904138",
        recipient="Ann@example.com",
    )


@pytest.mark.parametrize("kind", ["bounce", "out_of_band"])
@pytest.mark.parametrize(
    ("bounce_class", "expected"),
    [
        *[(code, "bounced") for code in ("10", "30", 10)],
        *[
            (code, "undelivered")
            for code in ("1", "20", "21", "22", "23", "24", "25", "40", "50", "51", "54", "70", None)
        ],
        *[(code, "autoresponded") for code in ("60", "100")],
        ("90", "unsubscribed"),
    ],
)
async def test_bounces_by_their_class(webhook, kind, bounce_class, expected):
    (receipt,) = read(webhook, EVENT | {"type": kind, "bounce_class": bounce_class, "raw_reason": "550 5.1.1 no"})
    assert (receipt.kind, receipt.reason) == (expected, "550 5.1.1 no")
    assert receipt.code == (f"sparkpost_{bounce_class}" if bounce_class else None)


async def test_what_was_clicked(webhook):
    event = EVENT | {"type": "click", "target_link_url": "https://example.com/a"}
    (receipt,) = read(webhook, event, group="track_event")
    assert receipt.url == "https://example.com/a"


async def test_pings_and_unknown_events_are_left_out(webhook):
    assert webhook.read(post(b'[{"msys":{}}]')) == []
    assert webhook.read(post(b"[]")) == []
    assert read(webhook, {"type": "sms_status"}, {"type": None}, {}) == []
    assert webhook.read(post(b'[{"msys":7},{"msys":{"message_event":[]}},{}]')) == []


@pytest.mark.parametrize("body", [b"", b"[1]", b'"x"', b"<html>", b"null"])
async def test_what_is_no_batch_is_unreadable(webhook, body):
    with pytest.raises(UnreadablePost):
        webhook.read(post(body))
