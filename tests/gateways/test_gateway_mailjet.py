"""Mailjet: what is sent, what each answer means, and its events."""

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

CONFIG = {
    "api_key": "pub",
    "secret_key": "prv",
    "from_address": "shop@example.org",
    "from_name": "Shop",
    "webhook_secret": "s3cret",
}
BIG = 1152921526316198241  # beyond 2^53: a float would lose its last digits
TAKEN = answer(
    200, b'{"Messages":[{"Status":"success","To":[{"Email":"a@b.c","MessageUUID":"u","MessageID":%d}]}]}' % BIG
)


@pytest.fixture
def send(send_through):
    def send(reply, **fields):
        return send_through("mailjet", Channel.EMAIL, CONFIG, reply, **({"subject": "Hi"} | fields))

    return send


@pytest.fixture
def webhook(outside):
    return webhook_of("mailjet", Channel.EMAIL, CONFIG, outside)


async def test_what_is_sent(send, make):
    uid = make().uid
    got, request = await send(
        TAKEN,
        uid=uid,
        html="<img src='cid:logo'>",
        reply_to="help@example.org",
        cc=("bob@example.com",),
        headers=(("X-Order", "7"),),
        unsubscribe_url="https://example.org/u/1",
        attachments=(Attachment("a.txt", "text/plain", b"hi"), Attachment("l.png", "image/png", b"P", "logo")),
    )
    assert got == Accepted(str(BIG), receipts=True)
    assert (request.method, request.target) == ("POST", "/v3.1/send")
    assert request.headers["authorization"] == "Basic " + b64encode(b"pub:prv").decode()
    assert json.loads(request.body) == {
        "Messages": [
            {
                "From": {"Email": "shop@example.org", "Name": "Shop"},
                "To": [{"Email": "ann@example.com"}],
                "Cc": [{"Email": "bob@example.com"}],
                "Subject": "Hi",
                "CustomID": str(uid),
                "TextPart": "hello",
                "HTMLPart": "<img src='cid:logo'>",
                "ReplyTo": {"Email": "help@example.org"},
                "Headers": {
                    "X-Order": "7",
                    "List-Unsubscribe": "<https://example.org/u/1>",
                    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                },
                "Attachments": [{"ContentType": "text/plain", "Filename": "a.txt", "Base64Content": "aGk="}],
                "InlinedAttachments": [
                    {"ContentType": "image/png", "Filename": "l.png", "Base64Content": "UA==", "ContentID": "logo"}
                ],
            }
        ]
    }


async def test_an_empty_mail_has_a_text_all_the_same(send):
    _, request = await send(TAKEN, body="")
    assert json.loads(request.body)["Messages"][0]["TextPart"] == " "


def errors(status, code="mj-0013", *, related=()):
    error = {"ErrorIdentifier": "i", "ErrorCode": code, "StatusCode": status, "ErrorMessage": "words"}
    item = {"Status": "error", "Errors": [error | ({"ErrorRelatedTo": related} if related else {})]}
    return json.dumps({"Messages": [item]}).encode()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            errors(400, related=["To[0].Email"]),
            Refused("mailjet_mj-0013", "mj-0013: words (To[0].Email)"),
        ),
        (errors(403, "send-0008"), GatewayDown("answered 403: send-0008: words")),
        (errors(401, "mj-0002"), GatewayDown("answered 401: mj-0002: words")),
        (errors(429, "mj-0020"), RetryLater(None, "answered 429: mj-0020: words")),
        (errors(500, "mj-0001"), GatewayDown("answered 500: mj-0001: words")),
        (errors(None), Refused("mailjet_mj-0013", "mj-0013: words")),
        (errors(200), Refused("mailjet_mj-0013", "mj-0013: words")),
    ],
)
async def test_errors_of_a_message_come_in_a_400(send, body, expected):
    got, _ = await send(answer(400, body))
    assert got == expected


async def test_errors_of_the_whole_request(send):
    body = b'{"ErrorIdentifier":"i","ErrorCode":"mj-0002","StatusCode":401,"ErrorMessage":"no such key"}'
    got, _ = await send(answer(401, body))
    assert got == GatewayDown("answered 401: mj-0002: no such key")


async def test_a_throttling_page_is_html(send):
    page = b"<html><body><h1>429 Too Many Requests</h1></body></html>"
    got, _ = await send(answer(429, page, Content_Type="text/html"))
    assert got == RetryLater(None, "answered 429: (an HTML page)")
    got, _ = await send(answer(429, page, Content_Type="text/html", Retry_After="7"))
    assert got.after == 7.0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"{}",
        b'{"Messages":[]}',
        b'{"Messages":[{"Status":"success"}]}',
        b'{"Messages":[{"Status":"success","To":[{"MessageID":null}]}]}',
    ],
)
async def test_a_success_without_an_id_is_unknown(send, body):
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
        ({"headers": (("X-MJ-CustomID", "x"),)}, "invalid_header"),
        ({"body": "\ud800"}, "invalid_content"),
    ],
)
async def test_unfit_messages_are_refused_unsent(send, fields, code):
    got, request = await send(TAKEN, **fields)
    assert (got.code, request) == (code, None)


BASIC = {"Authorization": "Basic " + b64encode(b"any:s3cret").decode()}


@pytest.mark.parametrize(
    ("headers", "query", "believed"),
    [
        (BASIC, "", True),
        ({}, "?secret=s3cret", True),
        ({}, "", False),
        ({}, "?secret=s3creT", False),
        ({"Authorization": "Basic " + b64encode(b"s3cret:").decode()}, "", False),
        ({"Authorization": "Basic !"}, "?secret=s3cret", False),
    ],
)
async def test_whoever_knows_the_secret_is_believed(webhook, headers, query, believed):
    got = post(b"[]", headers, url=f"https://hooks.example.com/api/webhook/email/mailjet{query}")
    assert await webhook.verify(got) is believed


async def test_without_a_secret_nothing_is_believed(outside):
    webhook = webhook_of("mailjet", Channel.EMAIL, {**CONFIG, "webhook_secret": None}, outside)
    assert not webhook.is_configured
    assert not await webhook.verify(post(b"[]", BASIC))
    assert not await webhook.verify(post(b"[]", url="https://hooks.example.com/?secret="))


def read(webhook, *events, bare=False):
    return webhook.read(post(json.dumps(events[0] if bare else events).encode(), now=1.0))


EVENT = {"time": 1433333949, "MessageID": BIG, "email": "Ann@example.com", "CustomID": "u-1"}


@pytest.mark.parametrize(
    ("fields", "kind", "code"),
    [
        ({"event": "sent"}, "delivered", None),
        ({"event": "bounce", "hard_bounce": True, "error": "user unknown"}, "bounced", "mailjet_user_unknown"),
        ({"event": "bounce", "hard_bounce": False, "error": "quota exceeded"}, "deferred", "mailjet_quota_exceeded"),
        ({"event": "bounce"}, "deferred", None),
        ({"event": "blocked", "error": "preblocked"}, "rejected", "mailjet_preblocked"),
        ({"event": "blocked", "error": "greylisted"}, "deferred", "mailjet_greylisted"),
        ({"event": "spam", "source": "JMRPP"}, "complained", None),
        ({"event": "unsub"}, "unsubscribed", None),
        ({"event": "open"}, "opened", None),
        ({"event": "click", "url": "https://example.com/a"}, "clicked", None),
    ],
)
@pytest.mark.parametrize("bare", [False, True])
async def test_every_kind_of_event(webhook, fields, kind, code, bare):
    (receipt,) = read(webhook, EVENT | fields, bare=bare)
    assert receipt == Receipt(
        ReceiptKind(kind),
        key=f"{fields['event']}|1433333949|{BIG}|Ann@example.com|{fields.get('url', '')}",
        at=1433333949.0,
        uid="u-1",
        provider_id=str(BIG),
        code=code,
        reason=fields.get("error"),
        url=fields.get("url"),
        recipient="Ann@example.com",
    )


async def test_the_key_is_the_same_again_and_another_for_another_event(webhook):
    clicks = [
        EVENT | {"event": "click", "url": url} for url in ("https://e.com/a", "https://e.com/a", "https://e.com/b")
    ]
    first, again, other = (receipt.key for receipt in read(webhook, *clicks))
    assert first == again != other


async def test_unknown_events_are_left_out(webhook):
    assert read(webhook, {"event": "new"}, {"event": None}, {}) == []


@pytest.mark.parametrize("body", [b"", b"[1]", b'"x"', b"<html>", b"null"])
async def test_what_is_no_list_of_events_is_unreadable(webhook, body):
    with pytest.raises(UnreadablePost):
        webhook.read(post(body))
