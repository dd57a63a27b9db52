"""SMS Gateway for Android: what its server is asked, what each answer means, and what its phones report."""

import hmac
import json
from dataclasses import replace

import pytest
from configs import CONFIGS
from posts import changed_bytes_believed, post, webhook_of
from sent import sent

from domain.channels import Channel
from domain.messages.outcomes import Accepted, GatewayDown, Refused, RetryLater, Unknown
from domain.messages.receipts import Inbound, Receipt, ReceiptKind
from gateways.config.problems import InvalidGatewayConfig
from gateways.conformance.fake_provider import answer
from gateways.webhooks.webhook import UnreadablePost

_, CONFIG = CONFIGS["smsgate"]
KEY = "123456789"
NOW = 1_732_000_000.0


def queued(id_="m1"):
    body = {"id": id_, "deviceId": "phone-1", "state": "Pending", "isHashed": False, "recipients": [], "states": {}}
    return answer(202, json.dumps(body).encode())


def failed(status, words):
    return answer(status, json.dumps({"message": words, "code": status}).encode())


async def test_what_is_sent(outside, make):
    message = make(body="hello", to="+15551234567")
    got, request = await sent("smsgate", CONFIG | {"signing_key": KEY}, queued("m1"), message, outside)
    assert got == Accepted("m1", receipts=True)
    assert (request.method, request.target) == ("POST", "/messages?skipPhoneValidation=true")
    assert request.headers["authorization"] == "Basic c2hvcDpwYXNz"
    assert json.loads(request.body) == {
        "id": message.reference,
        "phoneNumbers": ["+15551234567"],
        "textMessage": {"text": "hello"},
        "withDeliveryReport": True,
        "ttl": 24 * 3600,
    }


async def test_a_phone_a_sim_and_a_token(outside, make):
    chosen = {"device_id": "phone-1", "sim_number": 2, "valid_hours": 1, "priority": 100}
    got, request = await sent("smsgate", {"token": "jwt"} | chosen, queued(), make(), outside)
    body = json.loads(request.body)
    assert got == Accepted("m1")
    assert request.headers["authorization"] == "Bearer jwt"
    assert (body["deviceId"], body["simNumber"], body["ttl"], body["priority"]) == ("phone-1", 2, 3600, 100)
    assert body["withDeliveryReport"] is False


@pytest.mark.parametrize(
    "change",
    [
        {"password": None},
        {"username": None},
        {"username": None, "password": None},
        {"token": "jwt"},
        {"username": "a:b"},
        {"sim_number": 0},
        {"valid_hours": 0},
        {"priority": 128},
        {"receipts": True},
    ],
)
async def test_a_wrong_configuration_is_refused(outside, change):
    with pytest.raises(InvalidGatewayConfig):
        webhook_of("smsgate", Channel.SMS, CONFIG | change, outside)


async def test_an_id_that_the_server_has_was_accepted_before(outside, make):
    message = make()
    got, _ = await sent("smsgate", CONFIG | {"signing_key": KEY}, failed(409, "duplicate id"), message, outside)
    assert got == Accepted(message.reference, receipts=True)


@pytest.mark.parametrize(
    ("status", "words", "expected"),
    [
        (400, "failed to validate: text is required", Refused),
        (400, "failed to select device: record not found", GatewayDown),
        (400, "no devices registered", GatewayDown),
        (401, "Unauthorized", GatewayDown),
        (403, "missing scope", GatewayDown),
        (404, "Cannot POST /messages", GatewayDown),
        (500, "failed to handle request", GatewayDown),
        (503, "queue limits exceeded", GatewayDown),
    ],
)
async def test_what_each_error_means(outside, make, status, words, expected):
    got, _ = await sent("smsgate", CONFIG, failed(status, words), make(), outside)
    assert isinstance(got, expected)
    assert got.reason == f"answered {status}: {words}"


async def test_a_server_that_wants_a_pause_gets_it(outside, make):
    got, _ = await sent("smsgate", CONFIG, answer(503, b'{"message":"busy"}', Retry_After="7"), make(), outside)
    assert got == RetryLater(7.0, "answered 503: busy")


@pytest.mark.parametrize("reply", [answer(202, b'{"id":null}'), answer(202, b'{"state":"Pending"}')])
async def test_an_answer_without_an_id_is_unknown(outside, make, reply):
    got, _ = await sent("smsgate", CONFIG, reply, make(), outside)
    assert isinstance(got, Unknown)


async def test_a_conflict_that_is_not_the_servers_is_refused(outside, make):
    got, _ = await sent("smsgate", CONFIG, answer(409, b"<html>"), make(), outside)
    assert isinstance(got, Refused)


def signed(body, key=KEY, stamp=NOW, **changes):
    at = f"{stamp:.0f}"
    signature = hmac.digest(key.encode(), body + at.encode(), "sha256").hex()
    return replace(post(body, {"X-Signature": signature, "X-Timestamp": at}, now=NOW), **changes)


BODY = b'{"event":"system:ping","id":"e1","deviceId":"phone-1","webhookId":"w1","payload":{}}'


@pytest.fixture
def webhook(outside):
    return webhook_of("smsgate", Channel.SMS, CONFIG | {"signing_key": KEY}, outside)


async def test_a_signed_post_verifies_and_no_other_byte_does(webhook):
    assert await changed_bytes_believed(webhook, signed(BODY)) == []


async def test_a_long_body_is_hashed_as_a_short_one(webhook):
    body = b" " * 100_000 + BODY
    assert await webhook.verify(signed(body))
    assert not await webhook.verify(signed(body, key="another"))


async def test_the_time_is_signed_too(webhook):
    genuine = signed(BODY)
    assert not await webhook.verify(replace(genuine, headers=genuine.headers | {"x-timestamp": f"{NOW + 1:.0f}"}))


@pytest.mark.parametrize(("late", "believed"), [(-301, False), (-299, True), (299, True), (301, False)])
async def test_a_post_must_be_fresh(webhook, late, believed):
    assert await webhook.verify(signed(BODY, now=NOW + late)) is believed


@pytest.mark.parametrize("headers", [{}, {"x-signature": "0" * 64}, {"x-timestamp": "1732000000"}])
async def test_what_is_not_signed_is_refused(webhook, headers):
    assert not await webhook.verify(post(BODY, headers, now=NOW))


async def test_without_a_key_nothing_is_believed(outside):
    webhook = webhook_of("smsgate", Channel.SMS, CONFIG, outside)
    assert not webhook.is_configured
    assert not await webhook.verify(signed(BODY, key=""))


def read(webhook, event, payload, **more):
    body = {"id": "e1", "webhookId": "w1", "deviceId": "phone-1", "event": event, "payload": payload}
    return webhook.read(post(json.dumps(body | more).encode(), now=NOW))


FAILED = {"messageId": "m1", "recipient": "+15551234567", "simNumber": 1, "failedAt": "2024-11-19T14:06:40.500+07:00"}


@pytest.mark.parametrize(
    ("event", "field", "kind"),
    [
        ("sms:sent", "sentAt", "sent"),
        ("sms:delivered", "deliveredAt", "delivered"),
        ("sms:cancelled", "cancelledAt", "cancelled"),
    ],
)
async def test_what_a_report_tells(webhook, event, field, kind):
    payload = {"messageId": "m1", "phoneNumber": "+15551234567", "partsCount": 2, field: "2024-11-19T07:06:40.500Z"}
    expected = Receipt(ReceiptKind(kind), key=f"m1|{event}", at=1732000000.5, uid="m1", provider_id="m1")
    assert read(webhook, event, payload) == [expected]


@pytest.mark.parametrize(
    ("reason", "kind", "code"),
    [
        ("Send result: RESULT_ERROR_NO_SERVICE (4)", ReceiptKind.FAILED, "smsgate_RESULT_ERROR_NO_SERVICE"),
        (
            "Delivery result: RESULT_ERROR_GENERIC_FAILURE",
            ReceiptKind.UNDELIVERED,
            "smsgate_RESULT_ERROR_GENERIC_FAILURE",
        ),
        ("TTL expired", ReceiptKind.EXPIRED, None),
        ("Can't send message: no permission", ReceiptKind.FAILED, None),
    ],
)
async def test_why_a_phone_failed(webhook, reason, kind, code):
    expected = Receipt(kind, key="m1|sms:failed", at=1732000000.5, uid="m1", provider_id="m1", code=code, reason=reason)
    assert read(webhook, "sms:failed", FAILED | {"reason": reason}) == [expected]


async def test_a_failure_without_a_reason(webhook):
    (receipt,) = read(webhook, "sms:failed", FAILED)
    assert (receipt.kind, receipt.code, receipt.reason) == (ReceiptKind.FAILED, None, None)


TEXT = {"messageId": "ab12", "message": "Hi\0 there", "receivedAt": "2024-11-19T14:06:40+07:00", "simNumber": 1}
WRITTEN = Inbound(
    key="phone-1|ab12|+15551234567|2024-11-19T14:06:40+07:00",
    at=1732000000.0,
    sender="+15551234567",
    recipient="+15005550006",
    body="Hi there",
)


async def test_what_a_person_writes(webhook):
    payload = TEXT | {"sender": "+15551234567", "phoneNumber": "+15551234567", "recipient": "+15005550006"}
    assert read(webhook, "sms:received", payload) == [WRITTEN]


async def test_what_an_older_app_posts_of_a_text(webhook):
    assert read(webhook, "sms:received", TEXT | {"phoneNumber": "15551234567"}) == [
        replace(WRITTEN, key=WRITTEN.key.replace("+1555", "1555"), recipient="")
    ]


async def test_a_text_that_the_app_posts_twice_is_one(webhook):
    payload = TEXT | {"sender": "+15551234567"}
    (one,), (again,) = (read(webhook, "sms:received", payload, id=id_) for id_ in ("e1", "e2"))
    (later,) = read(webhook, "sms:received", payload | {"receivedAt": "2024-11-19T14:07:40+07:00"})
    assert one.key == again.key != later.key


@pytest.mark.parametrize(
    ("config", "sim", "is_read"),
    [
        ({"device_id": "phone-1"}, 1, True),
        ({"device_id": "phone-2"}, 1, False),
        ({"sim_number": 1}, 1, True),
        ({"sim_number": 2}, 1, False),
        ({"sim_number": 2}, None, True),
    ],
)
async def test_a_gateway_of_a_phone_and_a_sim_reads_only_theirs(outside, config, sim, is_read):
    webhook = webhook_of("smsgate", Channel.SMS, CONFIG | config | {"signing_key": KEY}, outside)
    found = read(webhook, "sms:received", TEXT | {"sender": "+15551234567", "simNumber": sim})
    assert bool(found) is is_read


@pytest.mark.parametrize("event", ["system:ping", "app:started", "mms:received", "sms:batch:received", "sms:new"])
async def test_an_event_of_no_use_is_left_out(webhook, event):
    assert read(webhook, event, {}) == []


@pytest.mark.parametrize(
    ("event", "payload"),
    [(None, {}), (7, {}), ("sms:sent", {}), ("sms:sent", None), ("sms:received", {"message": "x"}), ("sms:sent", [])],
)
async def test_what_is_no_event_is_unreadable(webhook, event, payload):
    with pytest.raises(UnreadablePost):
        read(webhook, event, payload)
