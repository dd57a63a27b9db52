"""Resend: what is sent, what each answer means, and its events."""

import json
from dataclasses import replace

import pytest
from posts import changed_bytes_believed, post, webhook_of

from domain.channels import Channel
from domain.messages.outbound import Attachment
from domain.messages.outcomes import Accepted, GatewayDown, Refused, RetryLater, Unknown
from domain.messages.receipts import Receipt, ReceiptKind
from gateways.config.problems import InvalidGatewayConfig
from gateways.conformance.fake_provider import answer, hang, reset
from gateways.webhooks.webhook import UnreadablePost

SECRET = "whsec_ESwTAuuIe3yfH4DgdgI+ENsiNzPAGdp+"
CONFIG = {"api_key": "re_key", "from_address": "shop@example.org", "from_name": "Shop", "webhook_secret": SECRET}
TAKEN = answer(200, b'{"id":"49a3999c"}')
ID, STAMP = "172c41ce-ba6d-4281-8a7a-541faa725748", 1712569389
BODY = (
    b'{\r\n    "created_at": "2024-04-08T09:43:09.500Z",\r\n    "data": {\r\n'
    b'        "created_at": "2024-04-08T09:43:09.438Z",\r\n'
    b'        "email_id": "172c41ce-ba6d-4281-8a7a-541faa725748",\r\n        "from": "test@resend.com",\r\n'
    b'        "headers": [\r\n            {\r\n                "name": "Sender",\r\n'
    b'                "value": "test@resend.com"\r\n            }\r\n        ],\r\n'
    b'        "subject": "Test subject",\r\n        "to": [\r\n            "test@example.com"\r\n        ]\r\n'
    b'    },\r\n    "type": "email.sent"\r\n}\r\n'
)
HEADERS = {
    "svix-id": ID,
    "svix-timestamp": str(STAMP),
    "svix-signature": "v1,4wjuRp64yC/2itgCQwl2xPePVwSPTdPbXLIY6IxGLTA=",
}
GENUINE = post(BODY, HEADERS, now=STAMP + 5.0)


@pytest.fixture
def send(send_through):
    def send(reply, **fields):
        return send_through("resend", Channel.EMAIL, CONFIG, reply, **({"subject": "Hi"} | fields))

    return send


@pytest.fixture
def webhook(outside):
    return webhook_of("resend", Channel.EMAIL, CONFIG, outside)


async def test_what_is_sent(send, make):
    uid = make().uid
    got, request = await send(
        TAKEN,
        uid=uid,
        reference="ref-7",
        html="<img src='cid:logo'>",
        reply_to="help@example.org",
        headers=(("X-Order", "7"),),
        unsubscribe_url="https://example.org/u/1",
        attachments=(Attachment("a.txt", "text/plain", b"hi"), Attachment("l.png", "image/png", b"P", "logo")),
    )
    assert got == Accepted("49a3999c", receipts=True)
    assert (request.method, request.target) == ("POST", "/emails")
    assert request.headers["authorization"] == "Bearer re_key"
    assert request.headers["idempotency-key"] == "ref-7"
    assert json.loads(request.body) == {
        "from": "Shop <shop@example.org>",
        "to": ["ann@example.com"],
        "subject": "Hi",
        "text": "hello",
        "html": "<img src='cid:logo'>",
        "reply_to": ["help@example.org"],
        "headers": {
            "X-Order": "7",
            "List-Unsubscribe": "<https://example.org/u/1>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        "attachments": [
            {"content": "aGk=", "content_type": "text/plain", "filename": "a.txt"},
            {"content": "UA==", "content_type": "image/png", "filename": "l.png", "content_id": "logo"},
        ],
        "tags": [{"name": "uid", "value": str(uid)}],
    }


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Läden, GmbH", "Läden GmbH <shop@example.org>"),
        ('"Evil" <x@y.z>', "Evil x y.z <shop@example.org>"),
        ("<>", "shop@example.org"),
    ],
)
async def test_a_sender_stands_without_quotes(send, name, written):
    _, request = await send(TAKEN, sender=name)
    assert json.loads(request.body)["from"] == written


@pytest.mark.parametrize(
    ("filename", "content_type", "sent"),
    [
        ("invoice.pdf", "application/octet-stream", None),
        ("rows.txt", "text/csv", None),
        ("INVOICE.PDF", "Application/PDF", "Application/PDF"),
        ("invoice", "application/pdf", "application/pdf"),
        ("rows.unknown", "text/csv", "text/csv"),
    ],
)
async def test_a_file_has_no_other_type_than_the_end_of_its_name_says(send, filename, content_type, sent):
    """Such a mail would be accepted, and never sent."""
    _, request = await send(TAKEN, attachments=(Attachment(filename, content_type, b"x"),))
    assert json.loads(request.body)["attachments"][0].get("content_type") == sent


async def test_an_empty_mail_has_a_text_all_the_same(send):
    _, request = await send(TAKEN, body="")
    assert json.loads(request.body)["text"] == " "


async def test_of_a_mail_with_copies_no_receipts_are_expected(send, webhook):
    got, request = await send(TAKEN, cc=("bob@example.com",))
    sent = json.loads(request.body)
    assert got == Accepted("49a3999c", receipts=False)
    assert sent["cc"] == ["bob@example.com"]
    assert read(webhook, "email.bounced", tags=sent["tags"], bounce={"type": "Permanent"}) == []
    (receipt,) = read(webhook, "email.sent", tags=sent["tags"])
    assert receipt.kind is ReceiptKind.SENT


@pytest.mark.parametrize(
    ("status", "name", "expected"),
    [
        (422, "invalid_attachment", Refused("resend_invalid_attachment", "invalid_attachment: words")),
        (400, "validation_error", Refused("resend_validation_error", "validation_error: words")),
        (403, "validation_error", GatewayDown("answered 403: validation_error: words")),
        (401, "missing_api_key", GatewayDown("answered 401: missing_api_key: words")),
        (403, "invalid_api_key", GatewayDown("answered 403: invalid_api_key: words")),
        (429, "rate_limit_exceeded", RetryLater(None, "answered 429: rate_limit_exceeded: words")),
        (429, "daily_quota_exceeded", GatewayDown("daily_quota_exceeded: words")),
        (429, "monthly_quota_exceeded", GatewayDown("monthly_quota_exceeded: words")),
        (409, "concurrent_idempotent_requests", RetryLater(None, "concurrent_idempotent_requests: words")),
        (409, "invalid_idempotent_request", Unknown("invalid_idempotent_request: words")),
        (500, "application_error", GatewayDown("answered 500: application_error: words")),
    ],
)
async def test_errors(send, status, name, expected):
    body = json.dumps({"statusCode": status, "message": "words", "name": name}).encode()
    got, _ = await send(answer(status, body))
    assert got == expected


async def test_throttled_with_a_time(send):
    got, _ = await send(answer(429, b'{"name":"rate_limit_exceeded","message":"slow"}', Retry_After="2"))
    assert (type(got), got.after) == (RetryLater, 2.0)


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"id":7}', b'{"data":[{"id":"x"}]}'])
async def test_a_success_without_an_id_is_unknown(send, body):
    got, _ = await send(answer(200, body))
    assert isinstance(got, Unknown)


@pytest.mark.parametrize(("reply", "silent"), [(hang, True), (reset, False)])
async def test_a_lost_answer_is_unknown(send, reply, silent):
    got, _ = await send(reply)
    assert (type(got), got.silent) == (Unknown, silent)


async def test_unfit_messages_are_refused_unsent(send):
    for fields, code in [({"to": "a@b.c, d@e.f"}, "invalid_recipient"), ({"reference": "ü"}, "invalid_content")]:
        got, request = await send(TAKEN, **fields)
        assert (got.code, request) == (code, None)


async def test_the_published_vector_verifies_and_no_other_byte_does(webhook):
    assert len(BODY) == 489
    assert await changed_bytes_believed(webhook, GENUINE) == []


async def test_unsigned_late_and_wrongly_signed_posts_are_refused(webhook, outside):
    other = webhook_of("resend", Channel.EMAIL, {**CONFIG, "webhook_secret": "whsec_" + "A" * 32}, outside)
    assert not await other.verify(GENUINE)
    assert not await webhook.verify(post(BODY, now=GENUINE.now))
    assert not await webhook.verify(replace(GENUINE, now=STAMP + 301.0))


async def test_without_a_secret_nothing_is_believed(outside):
    webhook = webhook_of("resend", Channel.EMAIL, {**CONFIG, "webhook_secret": None}, outside)
    assert not webhook.is_configured
    assert not await webhook.verify(GENUINE)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_AAAA", "not base64!"])
def test_a_wrong_secret_is_refused_when_it_is_configured(secret, outside):
    with pytest.raises(InvalidGatewayConfig):
        webhook_of("resend", Channel.EMAIL, {**CONFIG, "webhook_secret": secret}, outside)


def read(webhook, kind, **data):
    event = {"type": kind, "created_at": "2024-11-22T23:41:12.126Z", "data": {"email_id": "e-1", **data}}
    return webhook.read(post(json.dumps(event).encode(), {"svix-id": "msg_1"}, now=1.0))


async def test_what_an_event_tells(webhook):
    assert webhook.read(GENUINE) == [Receipt(ReceiptKind.SENT, key=ID, at=1712569389.5, provider_id=ID)]


@pytest.mark.parametrize(
    ("kind", "data", "expected", "code", "reason"),
    [
        ("email.sent", {}, "sent", None, None),
        ("email.delivered", {}, "delivered", None, None),
        ("email.delivery_delayed", {}, "deferred", None, None),
        (
            "email.bounced",
            {"bounce": {"type": "Permanent", "subType": "General", "message": "no such user"}},
            "bounced",
            "resend_General",
            "no such user",
        ),
        (
            "email.bounced",
            {"bounce": {"type": "Transient", "subType": "MailboxFull"}},
            *("undelivered", "resend_MailboxFull", None),
        ),
        ("email.bounced", {"bounce": {"type": "Undetermined"}}, "undelivered", "resend_Undetermined", None),
        ("email.bounced", {}, "bounced", None, None),
        ("email.complained", {}, "complained", None, None),
        ("email.opened", {}, "opened", None, None),
        ("email.failed", {"failed": {"reason": "reached_daily_quota"}}, "failed", None, "reached_daily_quota"),
        (
            "email.suppressed",
            {"suppressed": {"type": "OnAccountSuppressionList", "message": "on the list"}},
            "rejected",
            "resend_OnAccountSuppressionList",
            "on the list",
        ),
    ],
)
async def test_every_kind_of_event(webhook, kind, data, expected, code, reason):
    for tags in ({"uid": "u-1"}, [{"name": "uid", "value": "u-1"}]):
        (receipt,) = read(webhook, kind, tags=tags, **data)
        assert receipt == Receipt(
            ReceiptKind(expected), "msg_1", 1732318872.126, "u-1", provider_id="e-1", code=code, reason=reason
        )


async def test_what_was_clicked(webhook):
    (receipt,) = read(webhook, "email.clicked", click={"link": "https://example.com/a"})
    assert (receipt.kind, receipt.url) == ("clicked", "https://example.com/a")


async def test_events_we_do_not_know_are_left_out(webhook):
    for kind in ("email.received", "email.scheduled", "contact.created", None, ["email.sent"]):
        assert read(webhook, kind, tags=[{"name": {}, "value": []}]) == []


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"<html>", b"{}", b'{"type":"email.sent","data":7}'])
async def test_what_is_no_event_is_unreadable(webhook, body):
    with pytest.raises(UnreadablePost):
        webhook.read(post(body))
