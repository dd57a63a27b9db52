"""Infobip: what is sent, what each answer means, and what it reports."""

import json
from base64 import b64encode

import pytest
from configs import CONFIGS
from posts import post, webhook_of
from sent import sent

from domain.channels import Channel
from domain.messages.outcomes import Accepted, GatewayDown, Refused, RetryLater, Unknown
from domain.messages.receipts import Inbound, Receipt
from gateways.conformance.fake_provider import answer
from gateways.webhooks.webhook import UnreadablePost

_, CONFIG = CONFIGS["infobip"]
SECRET = "s3cret"


def status(group, name, words="words"):
    return {"groupId": 1, "groupName": group, "id": 26, "name": name, "description": words}


def taken(group="PENDING", name="PENDING_ACCEPTED"):
    one = {"messageId": "M1", "destination": "15551234567", "status": status(group, name)}
    return answer(200, json.dumps({"bulkId": "B1", "messages": [one]}).encode())


async def test_what_is_sent(outside, make):
    message = make(body="Grüße", to="+15551234567")
    got, request = await sent("infobip", CONFIG | {"webhook_secret": SECRET}, taken(), message, outside)
    assert got == Accepted("M1", receipts=True)
    assert (request.method, request.target) == ("POST", "/sms/3/messages")
    assert (request.headers["authorization"], request.headers["content-type"]) == ("App key", "application/json")
    assert json.loads(request.body) == {
        "messages": [
            {
                "sender": "15005550006",
                "destinations": [{"to": "15551234567"}],
                "content": {"text": "Grüße"},
                "webhooks": {"callbackData": str(message.uid)},
            }
        ]
    }


async def test_a_sender_of_the_message(outside, make):
    _, request = await sent("infobip", CONFIG, taken(), make(sender="ACME"), outside)
    assert json.loads(request.body)["messages"][0]["sender"] == "ACME"


@pytest.mark.parametrize(
    ("group", "name", "expected"),
    [
        ("ACCEPTED", "MESSAGE_ACCEPTED", Accepted("M1")),
        ("PENDING", "PENDING_ENROUTE", Accepted("M1")),
        ("DELIVERED", "DELIVERED_TO_HANDSET", Accepted("M1")),
        *[
            ("REJECTED", f"REJECTED_{why}", GatewayDown(f"REJECTED_{why}: words"))
            for why in ("NOT_ENOUGH_CREDITS", "PREPAID_PACKAGE_EXPIRED", "ROUTE_NOT_AVAILABLE")
        ],
        ("REJECTED", "REJECTED_SYSTEM_ERROR", RetryLater(None, "REJECTED_SYSTEM_ERROR: words")),
        ("REJECTED", "REJECTED_DND", Refused("infobip_REJECTED_DND", "REJECTED_DND: words")),
        ("UNDELIVERABLE", "NOT_SENT", Refused("infobip_NOT_SENT", "NOT_SENT: words")),
        ("OTHER", "NEW", Unknown("answered 200 without the status of a message")),
    ],
)
async def test_what_each_status_of_an_answer_means(outside, make, group, name, expected):
    got, _ = await sent("infobip", CONFIG, taken(group, name), make(), outside)
    assert got == expected


async def test_an_error_says_why(outside, make):
    error = b'{"requestError":{"serviceException":{"messageId":"BAD_REQUEST","text":"Bad Request"}}}'
    got, _ = await sent("infobip", CONFIG, answer(400, error), make(), outside)
    assert got == Refused("http_400", "answered 400: Bad Request")
    got, _ = await sent("infobip", CONFIG, answer(401, error), make(), outside)
    assert got == GatewayDown("answered 401: Bad Request")


@pytest.mark.parametrize("messages", [[{}], [5], [{"messageId": "M1"}], [{"status": "PENDING"}], "x"])
async def test_an_answer_without_a_status_is_unknown(outside, make, messages):
    got, _ = await sent("infobip", CONFIG, answer(200, json.dumps({"messages": messages}).encode()), make(), outside)
    assert isinstance(got, Unknown)


@pytest.fixture
def webhook(outside):
    return webhook_of("infobip", Channel.SMS, CONFIG | {"webhook_secret": SECRET}, outside)


@pytest.mark.parametrize(
    ("given", "believed"), [(SECRET, True), (SECRET[:-1], False), (SECRET + "x", False), ("", False)]
)
async def test_the_secret_is_believed_in_each_of_its_places(webhook, given, believed):
    basic = b64encode(f"any:{given}".encode()).decode()
    for headers, query in [
        ({"Authorization": f"Bearer {given}"}, ""),
        ({"Authorization": f"Basic {basic}"}, ""),
        ({}, f"?secret={given}"),
    ]:
        assert await webhook.verify(post(headers=headers, url=f"https://h.example.com/x{query}")) is believed


async def test_without_a_secret_nothing_is_believed(outside):
    webhook = webhook_of("infobip", Channel.SMS, CONFIG, outside)
    assert not webhook.is_configured
    assert not await webhook.verify(post())
    assert not await webhook.verify(post(url="https://h.example.com/x?secret="))


NO_ERROR = {"groupId": 0, "groupName": "Ok", "id": 0, "name": "NO_ERROR", "description": "No Error", "permanent": False}
REPORT = {
    "bulkId": "B1",
    "messageId": "M1",
    "to": "15551234567",
    "sentAt": "2019-11-09T16:00:00.000+0000",
    "doneAt": "2019-11-09T18:00:05.500+0200",
    "messageCount": 1,
    "callbackData": "0198",
    "price": {"pricePerMessage": 0.01, "currency": "EUR"},
    "status": status("DELIVERED", "DELIVERED_TO_HANDSET"),
    "error": NO_ERROR,
}


def read(webhook, *results):
    return webhook.read(post(json.dumps({"results": results}).encode(), now=9.0))


async def test_what_a_report_tells(webhook):
    key = "M1|DELIVERED_TO_HANDSET"
    assert read(webhook, REPORT) == [Receipt("delivered", key=key, at=1573315205.5, uid="0198", provider_id="M1")]


@pytest.mark.parametrize(
    ("group", "name", "kind"),
    [
        ("ACCEPTED", "MESSAGE_ACCEPTED", "sent"),
        ("PENDING", "PENDING_ENROUTE", "sent"),
        ("DELIVERED", "DELIVERED_TO_OPERATOR", "sent"),
        ("DELIVERED", "DELIVERED_TO_HANDSET", "delivered"),
        ("UNDELIVERABLE", "UNDELIVERABLE_NOT_DELIVERED", "undelivered"),
        ("EXPIRED", "EXPIRED_EXPIRED", "expired"),
        ("REJECTED", "REJECTED_NETWORK", "rejected"),
    ],
)
async def test_every_status(webhook, group, name, kind):
    (receipt,) = read(webhook, REPORT | {"status": status(group, name)})
    assert (receipt.kind, receipt.key) == (kind, f"M1|{name}")


async def test_why_a_message_failed(webhook):
    error = NO_ERROR | {"id": 1, "name": "EC_UNKNOWN_SUBSCRIBER", "description": "Unknown Subscriber"}
    undeliverable = status("UNDELIVERABLE", "UNDELIVERABLE_NOT_DELIVERED")
    rejected = status("REJECTED", "REJECTED_DND", "On a list")
    found = read(webhook, REPORT | {"status": undeliverable, "error": error}, REPORT | {"status": rejected})
    assert [(receipt.code, receipt.reason) for receipt in found] == [
        ("infobip_EC_UNKNOWN_SUBSCRIBER", "Unknown Subscriber"),
        ("infobip_REJECTED_DND", "On a list"),
    ]


async def test_a_message_from_a_person(webhook):
    one = {
        "messageId": "M2",
        "from": "15551234567",
        "to": "15005550006",
        "text": "STOP now\0",
        "cleanText": "now",
        "keyword": "STOP",
        "receivedAt": "2019-11-09T16:00:00.000+0000",
        "smsCount": 1,
    }
    expected = Inbound("M2", 1573315200.0, "+15551234567", "15005550006", body="STOP now")
    assert read(webhook, one, REPORT)[0] == expected
    assert len(read(webhook, one, REPORT)) == 2


async def test_results_we_do_not_know_are_left_out(webhook):
    assert read(webhook, {}, {"status": None}, REPORT | {"status": status("NEW", "NEW")}, {"messageId": "M"}) == []
    assert read(webhook, REPORT | {"messageId": None}) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"results":{}}', b'{"results":[1]}', b"<html>", b"null"])
async def test_what_is_no_list_of_results_is_unreadable(webhook, body):
    with pytest.raises(UnreadablePost):
        webhook.read(post(body))
