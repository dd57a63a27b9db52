"""Vonage: what is sent, what each answer means, and what it reports, part by part."""

import hmac
import json
from dataclasses import replace
from urllib.parse import parse_qs, urlencode

import pytest
from configs import CONFIGS
from posts import changed_bytes_believed, post, webhook_of
from sent import sent

from domain.channels import Channel
from domain.messages.outcomes import Accepted, GatewayDown, Refused, RetryLater, Unknown
from domain.messages.receipts import Inbound, Receipt
from gateways.conformance.fake_provider import answer
from gateways.webhooks.webhook import UnreadablePost

_, CONFIG = CONFIGS["vonage"]
SECRET = "my signature secret"
NOW = 1461605400.0


def taken(*statuses):
    parts = [
        {"to": "1", "message-id": f"M{place}", "status": status, "error-text": "words"}
        for place, status in enumerate(statuses)
    ]
    return answer(200, json.dumps({"message-count": str(len(parts)), "messages": parts}).encode())


async def test_what_is_sent(outside, make):
    message = make(body="Grüße & ä", to="+15551234567")
    config = CONFIG | {"signature_secret": SECRET, "status_callback": "https://hooks.example.com/vonage?a=1"}
    got, request = await sent("vonage", config, taken("0"), message, outside)
    assert got == Accepted("M0", receipts=True)
    assert (request.method, request.target) == ("POST", "/sms/json")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(request.body.decode(), strict_parsing=True) == {
        "api_key": ["abcd"],
        "api_secret": ["pst"],
        "from": ["15005550006"],
        "to": ["15551234567"],
        "text": ["Grüße & ä"],
        "client-ref": [str(message.uid)],
        "callback": ["https://hooks.example.com/vonage?a=1"],
    }


async def test_a_sender_and_unicode(outside, make):
    _, request = await sent("vonage", CONFIG, taken("0"), make(sender="ACME", unicode=True, body="Да"), outside)
    form = parse_qs(request.body.decode())
    assert (form["from"], form["type"], form["text"]) == (["ACME"], ["unicode"], ["Да"])
    assert "callback" not in form


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["0", "0", "0"], Accepted("M0")),
        (["1"], RetryLater(None, "1: words")),
        (["10"], RetryLater(None, "10: words")),
        *[([code], GatewayDown(f"{code}: words")) for code in ("4", "5", "8", "9", "11", "14", "32")],
        *[([code], Refused(f"vonage_{code}", f"{code}: words")) for code in ("2", "3", "6", "7", "12", "15", "29")],
        (["1", "1"], RetryLater(None, "1: words")),
        (["0", "1", "0"], Unknown("1 of 3 parts were not taken: 1: words")),
        (["7", "0"], Unknown("1 of 2 parts were not taken: 7: words")),
    ],
)
async def test_what_each_status_means(outside, make, statuses, expected):
    got, _ = await sent("vonage", CONFIG, taken(*statuses), make(), outside)
    assert got == expected


@pytest.mark.parametrize("messages", [[{}], [5], {"status": "0"}, [{"status": 0}], [{"status": "0"}, {}], None])
async def test_an_answer_without_statuses_is_unknown(outside, make, messages):
    got, _ = await sent("vonage", CONFIG, answer(200, json.dumps({"messages": messages}).encode()), make(), outside)
    assert isinstance(got, Unknown)


def signature(fields, secret=SECRET):
    """The rule written out once more."""
    plain = {name: value.replace("&", "_").replace("=", "_") for name, value in fields.items()}
    what = "".join(f"&{name}={plain[name]}" for name in sorted(plain))
    return hmac.digest(secret.encode(), what.encode(), "sha256").hex()


DLR = {
    "msisdn": "15551234567",
    "to": "15005550006",
    "network-code": "23410",
    "messageId": "0C000000217B7F02",
    "price": "0.03330000",
    "status": "delivered",
    "scts": "1604251730",
    "err-code": "0",
    "api-key": "abcd",
    "client-ref": "0198",
    "message-timestamp": "2016-04-25 17:29:56",
    "timestamp": "1461605396",
    "nonce": "a=b&c",
}
SIGNED = {**DLR, "sig": signature(DLR)}
GENUINE = {
    "form": post(urlencode(SIGNED).encode(), now=NOW),
    "json": post(json.dumps(SIGNED).encode(), {"Content-Type": "application/json"}, now=NOW),
    "query": post(method="GET", url=f"https://hooks.example.com/vonage?{urlencode(SIGNED)}", now=NOW),
}


@pytest.fixture
def webhook(outside):
    return webhook_of("vonage", Channel.SMS, CONFIG | {"signature_secret": SECRET}, outside)


@pytest.mark.parametrize("digits", [str.lower, str.upper])
async def test_the_published_vector_verifies(outside, digits):
    fields = {"a": "1", "b": "2", "timestamp": "1461605396"}
    sig = digits("a321e824b9b816be7c3f28859a31749a098713d39f613c80d455bbaffae1cd24")
    for secret, believed in [("secret", True), ("Secret", False)]:
        webhook = webhook_of("vonage", Channel.SMS, CONFIG | {"signature_secret": secret}, outside)
        assert await webhook.verify(post(urlencode({**fields, "sig": sig}).encode(), now=NOW)) is believed


@pytest.mark.parametrize("form", GENUINE)
async def test_it_verifies_in_every_form_and_no_other_byte_does(webhook, form):
    assert await changed_bytes_believed(webhook, GENUINE[form]) == []


async def test_no_other_query_verifies(webhook):
    genuine = GENUINE["query"]
    start = genuine.url.index("?") + 1
    for place in range(start, len(genuine.url)):
        other = genuine.url[:place] + chr(ord(genuine.url[place]) ^ 1) + genuine.url[place + 1 :]
        assert not await webhook.verify(replace(genuine, url=other)), place


@pytest.mark.parametrize(("seconds", "believed"), [(-86401, False), (-60, True), (86000, True), (86401, False)])
async def test_a_post_is_fresh_as_long_as_it_may_be_tried_again(webhook, seconds, believed):
    assert await webhook.verify(replace(GENUINE["form"], now=1461605396.0 + seconds)) is believed


@pytest.mark.parametrize("missing", ["sig", "timestamp"])
async def test_without_signature_or_time_nothing_is_believed(webhook, missing):
    fields = {name: value for name, value in DLR.items() if name != missing}
    sig = {} if missing == "sig" else {"sig": signature(fields)}
    assert not await webhook.verify(post(urlencode(fields | sig).encode(), now=NOW))


async def test_another_secret_is_refused(webhook):
    assert not await webhook.verify(post(urlencode({**DLR, "sig": signature(DLR, "other")}).encode(), now=NOW))


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"[1]", b"null", b'{"messageId":1}', b"<html>"])
async def test_what_is_unreadable_is_refused_and_said_to_be(webhook, body):
    unreadable = post(body, {"Content-Type": "application/json"}, now=NOW)
    assert not await webhook.verify(unreadable)
    with pytest.raises(UnreadablePost):
        webhook.read(unreadable)


async def test_without_a_secret_nothing_is_believed(outside):
    webhook = webhook_of("vonage", Channel.SMS, CONFIG, outside)
    assert not webhook.is_configured
    assert not await webhook.verify(GENUINE["form"])


@pytest.mark.parametrize("form", GENUINE)
async def test_what_a_receipt_tells(webhook, form):
    key, message_id = "0C000000217B7F02|delivered", "0C000000217B7F02"
    expected = Receipt("delivered", key=key, at=1461605396.0, uid="0198", provider_id=message_id)
    assert webhook.read(GENUINE[form]) == [expected]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("accepted", "sent"),
        ("buffered", "deferred"),
        ("delivered", "delivered"),
        ("expired", "expired"),
        ("failed", "failed"),
        ("rejected", "rejected"),
    ],
)
async def test_every_status(webhook, status, kind):
    (receipt,) = webhook.read(post(urlencode({**DLR, "status": status, "err-code": "6"}).encode()))
    assert (receipt.kind, receipt.key, receipt.code) == (kind, f"0C000000217B7F02|{status}", "vonage_6")


async def test_parts_of_a_message_have_receipts_of_their_own(webhook):
    first, second = (
        webhook.read(post(urlencode({**DLR, "messageId": message_id}).encode())) for message_id in ("M0", "M1")
    )
    assert first[0].uid == second[0].uid
    assert first[0].key != second[0].key


async def test_statuses_that_tell_nothing_are_left_out(webhook):
    assert webhook.read(post(urlencode({**DLR, "status": "unknown"}).encode())) == []


INBOUND = {
    "msisdn": "15551234567",
    "to": "15005550006",
    "messageId": "0B0000004B65F62F",
    "text": "Hallo & tschüß",
    "type": "unicode",
    "timestamp": "1461605396",
}


async def test_a_message_from_a_person(webhook):
    expected = Inbound("0B0000004B65F62F", 1461605396.0, "+15551234567", "15005550006", body="Hallo & tschüß")
    assert webhook.read(post(urlencode(INBOUND).encode())) == [expected]


async def test_a_binary_message_is_left_out(webhook):
    assert webhook.read(post(urlencode({**INBOUND, "type": "binary"}).encode())) == []


async def test_a_message_from_nobody_is_unreadable(webhook):
    with pytest.raises(UnreadablePost):
        webhook.read(post(urlencode({**INBOUND, "msisdn": ""}).encode()))
