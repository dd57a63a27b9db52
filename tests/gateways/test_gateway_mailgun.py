"""Mailgun: what is sent, and what its answers mean. Its events are in test_gateway_mailgun_events."""

from base64 import b64decode
from email.parser import BytesParser
from functools import partial
from urllib.parse import parse_qs
from uuid import uuid4

import pytest
from configs import CONFIGS

from domain.channels import Channel
from domain.messages.outbound import Attachment
from domain.messages.outcomes import Accepted, GatewayDown, Refused, RetryLater, Unknown
from gateways.config.problems import InvalidGatewayConfig
from gateways.conformance.fake_provider import answer, hang
from gateways.registry import parse_config

_, CONFIG = CONFIGS["mailgun"]
TAKEN = answer(200, b'{"id":"<2026.1@mg.example.org>","message":"Queued. Thank you."}')


@pytest.fixture
def exchange(send_through):
    return partial(send_through, "mailgun", Channel.EMAIL, CONFIG)


async def test_a_mail_is_a_form(exchange):
    uid = uuid4()
    got, request = await exchange(
        TAKEN, {"webhook_signing_key": "signing-key"}, uid=uid, subject="Grüße & so", body="hällo"
    )
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
