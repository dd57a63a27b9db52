"""Plivo: what is sent, what each answer means, and what it reports."""

import hmac
import json
from base64 import b64decode, b64encode
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from configs import CONFIGS
from posts import changed_bytes_believed, post, webhook_of
from sent import sent

from domain.channels import Channel
from domain.messages.outcomes import Accepted, GatewayDown, Refused, Unknown
from domain.messages.receipts import Inbound, Receipt
from gateways.conformance.fake_provider import answer
from gateways.webhooks.webhook import UnreadablePost

_, CONFIG = CONFIGS["plivo"]
TAKEN = answer(202, b'{"api_id":"A1","message":"message(s) queued","message_uuid":["M1"]}')


async def test_what_is_sent(outside, make):
    message = make(body="Grüße", to="+15551234567", unicode=True)
    config = CONFIG | {"status_callback": "https://hooks.example.com/plivo?a=1"}
    got, request = await sent("plivo", config, TAKEN, message, outside)
    assert got == Accepted("M1", receipts=True)
    assert (request.method, request.target) == ("POST", "/v1/Account/MA0123/Message/")
    assert b64decode(request.headers["authorization"].removeprefix("Basic ")) == b"MA0123:my_auth_token"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == {
        "src": "15005550006",
        "dst": "15551234567",
        "text": "Grüße",
        "url": f"https://hooks.example.com/plivo?a=1&uid={message.uid}",
        "method": "POST",
    }


async def test_a_sender_and_no_callback(outside, make):
    got, request = await sent("plivo", CONFIG, TAKEN, make(sender="ACME"), outside)
    assert got == Accepted("M1")
    assert json.loads(request.body) == {"src": "ACME", "dst": "15005550006", "text": "hello"}


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [
        (400, "invalid dst", Refused("http_400", "answered 400: invalid dst")),
        (400, "Insufficient Credit", GatewayDown("answered 400: Insufficient Credit")),
        (401, "no", GatewayDown("answered 401: no")),
        (500, "oops", GatewayDown("answered 500: oops")),
    ],
)
async def test_what_each_error_means(outside, make, status, error, expected):
    body = json.dumps({"api_id": "A1", "error": error}).encode()
    got, _ = await sent("plivo", CONFIG, answer(status, body), make(), outside)
    assert got == expected


@pytest.mark.parametrize("ids", [[], None, [None], "M1", [[]]])
async def test_an_answer_without_an_id_is_unknown(outside, make, ids):
    got, _ = await sent("plivo", CONFIG, answer(202, json.dumps({"message_uuid": ids}).encode()), make(), outside)
    assert isinstance(got, Unknown)


@pytest.fixture
def webhook(outside):
    return webhook_of("plivo", Channel.SMS, CONFIG, outside)


URL = "https://hooks.example.com/plivo"
QUERY = "?uid=u1&a=x%20y"
BODY = b"MessageUUID=m1&Status=delivered&To=15551234567"


def v3(signature, nonce="12345", name="X-Plivo-Signature-V3"):
    return {name: signature, "X-Plivo-Signature-V3-Nonce": nonce}


# Signatures that Plivo's own library (plivo 4.63.0) made.
GENUINE = {
    "form and query": post(BODY, v3("770XoAvXcJVfNFh68/+z0qdtkcKo4idqmNa2fJJ2U5E="), url=URL + QUERY),
    "form": post(BODY, v3("fyB7CpsG0jP/aFq6lVxkyzwTmpVZUHjOdpZmMqijloQ="), url=URL),
    "get with query": post(method="GET", headers=v3("VTuN4s0VPMsGQMCQCzoXA9Zzz7tcEgDDhq0mggnmNDo="), url=URL + QUERY),
    "get": post(method="GET", headers=v3("Hr/SvMB+p7qU7+5Ywil6zvzbX089+srO1gP8s0VKIYU="), url=URL),
    "query alone": post(b"", v3("VTuN4s0VPMsGQMCQCzoXA9Zzz7tcEgDDhq0mggnmNDo="), url=URL + QUERY),
}


@pytest.mark.parametrize("genuine", GENUINE.values(), ids=GENUINE)
async def test_the_vectors_of_v3_verify_and_no_other_byte_does(webhook, genuine):
    assert await changed_bytes_believed(webhook, genuine) == []


@pytest.mark.parametrize("genuine", GENUINE.values(), ids=GENUINE)
async def test_another_address_or_nonce_is_refused(webhook, genuine):
    for place in range(len("https://"), len(genuine.url)):
        other = genuine.url[:place] + chr(ord(genuine.url[place]) ^ 1) + genuine.url[place + 1 :]
        assert not await webhook.verify(replace(genuine, url=other)), place
    other_nonce = {**genuine.headers, "x-plivo-signature-v3-nonce": "12346"}
    assert not await webhook.verify(replace(genuine, headers=other_nonce))


@pytest.mark.parametrize("name", ["X-Plivo-Signature-V3", "X-Plivo-Signature-Ma-V3"])
async def test_one_of_several_signatures_is_enough(webhook, name):
    genuine = "fyB7CpsG0jP/aFq6lVxkyzwTmpVZUHjOdpZmMqijloQ="
    assert await webhook.verify(post(BODY, v3(f"b3RoZXI=, {genuine}", name=name), url=URL))
    assert not await webhook.verify(post(BODY, v3(f"b3RoZXI=,{genuine[:-2]}", name=name), url=URL))


V2 = {"X-Plivo-Signature-V2": "ehV3IKhLysWBxC1sy8INm0qGoQYdYsHwuoKjsX7FsXc=", "X-Plivo-Signature-V2-Nonce": "12345"}


async def test_the_published_vector_of_v2_verifies_for_its_address_and_nonce_only(webhook):
    genuine = post(BODY, V2, url="https://answer.url")
    assert await webhook.verify(genuine)
    assert await webhook.verify(replace(genuine, url="https://answer.url?uid=u1"))
    assert not await webhook.verify(replace(genuine, url="https://answer.url/"))
    for name, other in [("x-plivo-signature-v2-nonce", "12346"), ("x-plivo-signature-v2", "")]:
        assert not await webhook.verify(replace(genuine, headers={**genuine.headers, name: other}))


async def test_where_there_is_v3_v2_counts_for_nothing(webhook):
    for signature in ("", "b3RoZXI="):
        assert not await webhook.verify(post(BODY, V2 | v3(signature), url="https://answer.url"))


async def test_the_token_of_another_account_is_refused(webhook):
    for token, believed in [("my_auth_token", True), ("my_auth_tokens", False)]:
        signature = b64encode(hmac.digest(token.encode(), f"{URL}?MessageUUIDm1.n".encode(), "sha256")).decode()
        assert await webhook.verify(post(b"MessageUUID=m1", v3(signature, "n"), url=URL)) is believed


@pytest.mark.parametrize(
    "headers",
    [{}, {"X-Plivo-Signature-V3": "fyB7CpsG0jP/aFq6lVxkyzwTmpVZUHjOdpZmMqijloQ="}, {"X-Plivo-Signature-V3-Nonce": "1"}],
)
async def test_what_is_not_signed_is_refused(webhook, headers):
    assert not await webhook.verify(post(BODY, headers, url=URL))


async def test_a_body_that_is_no_form_is_unreadable(webhook):
    with pytest.raises(UnreadablePost):
        webhook.read(post(b"\xff", V2, url="https://answer.url"))


def read(webhook, url=URL, **fields):
    return webhook.read(post(urlencode(fields).encode(), url=url, now=9.0))


async def test_what_a_callback_tells(webhook):
    found = read(
        webhook,
        f"{URL}?uid=0198",
        MessageUUID="M1",
        To="15551234567",
        From="15005550006",
        Status="delivered",
        ErrorCode="000",
        DeliveryReportTime="2023-02-16 10:09:43+00:00",
    )
    assert found == [Receipt("delivered", key="M1|delivered", at=1676542183.0, uid="0198", provider_id="M1")]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("queued", "sent"),
        ("sent", "sent"),
        ("delivered", "delivered"),
        ("read", "read"),
        ("undelivered", "undelivered"),
        ("failed", "failed"),
    ],
)
async def test_every_status(webhook, status, kind):
    assert read(webhook, MessageUUID="M1", Status=status) == [
        Receipt(kind, key=f"M1|{status}", at=9.0, provider_id="M1")
    ]


@pytest.mark.parametrize(
    ("error", "code", "suppression"),
    [("", None, None), ("000", None, None), ("30", "plivo_30", None), ("200", "opted_out", "opted_out")],
)
async def test_why_a_message_failed(webhook, error, code, suppression):
    (receipt,) = read(webhook, MessageUUID="M1", Status="undelivered", ErrorCode=error)
    assert (receipt.code, receipt.suppression) == (code, suppression)


async def test_a_message_from_a_person(webhook):
    found = read(webhook, MessageUUID="M2", From="15551234567", To="15005550006", Type="sms", Text="Grüße\n& ä")
    assert found == [Inbound("M2", 9.0, "+15551234567", "15005550006", body="Grüße\n& ä")]


async def test_what_we_do_not_know_is_left_out(webhook):
    assert read(webhook, MessageUUID="M1", Status="teleported") == []
    assert read(webhook, MessageUUID="M1") == []


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b"Status=sent", b"MessageUUID=M2&Text=hello"])
async def test_what_is_no_event_is_unreadable(webhook, body):
    with pytest.raises(UnreadablePost):
        webhook.read(post(body))


async def test_plivo_is_answered_in_its_own_language(webhook):
    assert webhook.is_configured
    assert (webhook.ACCEPTED.body, webhook.ACCEPTED.content_type) == (b"<Response/>", "text/xml")
