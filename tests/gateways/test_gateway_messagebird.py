"""MessageBird: what is sent, what each answer means, and what it reports."""

import hmac
import json
from base64 import urlsafe_b64encode
from dataclasses import replace
from hashlib import sha256
from urllib.parse import urlencode

import pytest
from configs import CONFIGS
from posts import post, webhook_of
from sent import sent

from domain.channels import Channel
from domain.messages.outcomes import Accepted, GatewayDown, Refused, Unknown
from domain.messages.receipts import Receipt
from gateways.conformance.fake_provider import answer
from gateways.webhooks.webhook import UnreadablePost

_, CONFIG = CONFIGS["messagebird"]
TAKEN = answer(201, b'{"id":"M1","recipients":{"items":[{"recipient":15551234567,"status":"sent"}]}}')


async def test_what_is_sent(outside, make):
    message = make(body="hello", to="+15551234567")
    config = CONFIG | {"signing_key": "k", "status_callback": "https://hooks.example.com/messagebird?a=1"}
    got, request = await sent("messagebird", config, TAKEN, message, outside)
    assert got == Accepted("M1", receipts=True)
    assert (request.method, request.target) == ("POST", "/messages")
    assert (request.headers["authorization"], request.headers["content-type"]) == ("AccessKey key", "application/json")
    assert json.loads(request.body) == {
        "originator": "15005550006",
        "recipients": ["15551234567"],
        "body": "hello",
        "datacoding": "plain",
        "reference": str(message.uid),
        "reportUrl": "https://hooks.example.com/messagebird?a=1",
    }


async def test_a_sender_and_unicode(outside, make):
    got, request = await sent("messagebird", CONFIG, TAKEN, make(sender="ACME", unicode=True, body="Да"), outside)
    body = json.loads(request.body)
    assert got == Accepted("M1")
    assert (body["originator"], body["datacoding"], body["body"]) == ("ACME", "unicode", "Да")
    assert "reportUrl" not in body


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (401, 2, GatewayDown("2: words")),
        (422, 25, GatewayDown("25: words")),
        (422, 9, Refused("messagebird_9", "9: words")),
        (422, 10, Refused("messagebird_10", "10: words")),
        (404, 20, Refused("messagebird_20", "20: words")),
        (500, 99, GatewayDown("answered 500: 99: words")),
    ],
)
async def test_what_each_error_means(outside, make, status, code, expected):
    errors = {"errors": [{"code": code, "description": "words", "parameter": None}]}
    got, _ = await sent("messagebird", CONFIG, answer(status, json.dumps(errors).encode()), make(), outside)
    assert got == expected


@pytest.mark.parametrize("body", [b'{"id":null}', b'{"id":[]}', b"[1]"])
async def test_an_answer_without_an_id_is_unknown(outside, make, body):
    got, _ = await sent("messagebird", CONFIG, answer(201, body), make(), outside)
    assert isinstance(got, Unknown)


# From the test data of MessageBird's own libraries: signed at 2021-07-05 12:00:00+02:00, for a minute.
KEY = "36efdd1aace2e26cd490f0d951138253bef2f7c6d34d18981da781555cc4cebb"
SIGNED_AT = 1625479200.0
URL = "https://example.com/path?bar=1&foo=2"
HEAD = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
GENUINE = {
    "address": post(
        method="GET",
        url="https://example.com/",
        headers={
            "MessageBird-Signature-JWT": HEAD
            + ".eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiI1OWEyNDRkYy1lOWFkLT"
            "RlMjMtOTc3OC0zNzFmYWEyMzhmNzIiLCJ1cmxfaGFzaCI6IjBmMTE1ZGIwNjJiN2MwZGQwMzBiMTY4NzhjOTlkZWE1YzM1NGI0OWRjMzdi"
            "MzhlYjg4NDYxNzljNzc4M2U5ZDcifQ.6Fp0rVOsRr1fj9S2GidXAfkmPVofKr8_RTffC6G6r2E"
        },
        now=SIGNED_AT,
    ),
    "query": post(
        method="GET",
        url=URL,
        headers={
            "MessageBird-Signature-JWT": HEAD
            + ".eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiJjOTQ2YWY3Ny1lMTgyLT"
            "RlYWEtYjJmZi0xYTU0NWI1ZTk5MWEiLCJ1cmxfaGFzaCI6IjQxZjA1ZjBkZGQwYTIyYWIyMDlhYzQ2ZjQ3YzQ1NzJkOWNlZmEyNTdlZDc0"
            "YjI0MDA0YmFlNzUzZWNlNmMyNjAifQ.huo2ou6JDoDc7sV25d75UMWeYhBeavQlLsqIibSZuac"
        },
        now=SIGNED_AT,
    ),
    "body": post(
        b"Hello, World!",
        url=URL,
        headers={
            "MessageBird-Signature-JWT": HEAD
            + ".eyJpc3MiOiJNZXNzYWdlQmlyZCIsIm5iZiI6MTYyNTQ3OTIwMCwiZXhwIjoxNjI1NDc5MjYwLCJqdGkiOiI5M2U1NTAwNi1hMGU4LT"
            "Q1MjYtYTE5MC1mYTVmZjAwZWExMTYiLCJ1cmxfaGFzaCI6IjQxZjA1ZjBkZGQwYTIyYWIyMDlhYzQ2ZjQ3YzQ1NzJkOWNlZmEyNTdlZDc0"
            "YjI0MDA0YmFlNzUzZWNlNmMyNjAiLCJwYXlsb2FkX2hhc2giOiJkZmZkNjAyMWJiMmJkNWIwYWY2NzYyOTA4MDllYzNhNTMxOTFkZDgxYz"
            "dmNzBhNGIyODY4OGEzNjIxODI5ODZmIn0._H--TOuYFLpeEH39-rg5E3IHVkjHozBcaKVWPRC5m9I"
        },
        now=SIGNED_AT,
    ),
}


@pytest.fixture
def new(outside):
    """A webhook that has seen nothing yet."""
    return lambda: webhook_of("messagebird", Channel.SMS, CONFIG | {"signing_key": KEY}, outside)


def changes(text):
    return (text[:place] + chr(ord(text[place]) ^ 1) + text[place + 1 :] for place in range(len(text)))


@pytest.mark.parametrize("genuine", GENUINE.values(), ids=GENUINE)
async def test_the_published_vectors_verify_and_no_other_byte_does(new, genuine):
    assert await new().verify(genuine)
    for url in changes(genuine.url):
        assert not await new().verify(replace(genuine, url=url)), url
    for body in changes(genuine.body.decode()):
        assert not await new().verify(replace(genuine, body=body.encode())), body
    assert not await new().verify(replace(genuine, body=genuine.body + b"x"))
    token = genuine.headers["messagebird-signature-jwt"]
    for other in changes(token[:-1]):  # of the last letter two bits count for nothing
        assert not await new().verify(replace(genuine, headers={"messagebird-signature-jwt": other + token[-1]})), other


@pytest.mark.parametrize(("seconds", "believed"), [(-1.5, False), (-1, True), (60.5, True), (61, False)])
async def test_a_token_lives_a_minute_and_a_second(new, seconds, believed):
    assert await new().verify(replace(GENUINE["query"], now=SIGNED_AT + seconds)) is believed


async def test_a_copy_is_believed_as_long_as_its_token_lives(new):
    webhook = new()
    for seconds in (0, 0, 60.5):
        assert await webhook.verify(replace(GENUINE["query"], now=SIGNED_AT + seconds))


CLAIMS = {
    "iss": "MessageBird",
    "nbf": 1000,
    "exp": 1060,
    "jti": "j1",
    "url_hash": sha256(URL.encode()).hexdigest(),
}
REMOVED = object()


def b64(data):
    return urlsafe_b64encode(data).decode().rstrip("=")


def token(key=KEY, alg="HS256", digest="sha256", **claims):
    said = {name: value for name, value in (CLAIMS | claims).items() if value is not REMOVED}
    signed = f"{b64(json.dumps({'alg': alg, 'typ': 'JWT'}).encode())}.{b64(json.dumps(said).encode())}"
    return f"{signed}.{b64(hmac.digest(key.encode(), signed.encode(), digest))}"


def report(given, **changes):
    headers = {"MessageBird-Signature-JWT": given}
    return replace(post(method="GET", url=URL, headers=headers, now=1000.0), **changes)


@pytest.mark.parametrize(("alg", "digest"), [("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512")])
async def test_every_hmac_that_messagebird_may_use(new, alg, digest):
    assert await new().verify(report(token(alg=alg, digest=digest)))


@pytest.mark.parametrize(
    "given",
    [
        token(key="another key"),
        token(alg="none"),
        token(alg="none").rpartition(".")[0] + ".",
        token(alg="RS256"),
        token(alg="hs256"),
        token(alg=None),
        token(alg="HS512", digest="sha256"),
        token(iss="Another"),
        token(iss=REMOVED),
        token(nbf=REMOVED),
        token(exp=REMOVED),
        token(exp="soon"),
        token(url_hash=REMOVED),
        token(payload_hash=sha256(b"a body").hexdigest()),
        f"{b64(b'[]')}.{b64(b'{}')}.{b64(b'x')}",
        f"{b64(b'{')}.{b64(b'{}')}.{b64(b'x')}",
        "",
        "..",
        "a.b",
        "ÿ.ÿ.ÿ",
    ],
)
async def test_any_other_token_is_refused(new, given):
    assert not await new().verify(report(given))


async def test_a_body_that_the_token_does_not_tell_of_is_refused(new):
    assert not await new().verify(report(token(), body=b"a body"))
    assert await new().verify(report(token(payload_hash=sha256(b"a body").hexdigest()), body=b"a body"))


async def test_without_a_key_or_a_token_nothing_is_believed(outside, new):
    webhook = webhook_of("messagebird", Channel.SMS, CONFIG, outside)
    assert not webhook.is_configured
    assert not await webhook.verify(report(token(key="")))
    assert not await new().verify(post(method="GET", url=URL, now=1000.0))


def read(new, **fields):
    return new().read(post(method="GET", url=f"https://hooks.example.com/messagebird?{urlencode(fields)}", now=9.0))


async def test_what_a_report_tells(new):
    found = read(
        new,
        id="M1",
        reference="0198",
        recipient="15551234567",
        status="delivery_failed",
        statusDatetime="2016-05-04T06:03:25+00:00",
        statusErrorCode="5",
        statusReason="unknown subscriber",
    )
    assert found == [
        Receipt(
            "undelivered",
            key="M1|delivery_failed",
            at=1462341805.0,
            uid="0198",
            provider_id="M1",
            code="messagebird_5",
            reason="unknown subscriber",
        )
    ]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("scheduled", "sent"),
        ("buffered", "sent"),
        ("sent", "sent"),
        ("delivered", "delivered"),
        ("expired", "expired"),
        ("delivery_failed", "undelivered"),
    ],
)
async def test_every_status(new, status, kind):
    (receipt,) = read(new, id="M1", reference="0198", status=status)
    assert (receipt.kind, receipt.key, receipt.at, receipt.code) == (kind, f"M1|{status}", 9.0, None)


async def test_a_status_we_do_not_know_is_left_out(new):
    assert read(new, id="M1", status="teleported") == []


@pytest.mark.parametrize("fields", [{}, {"id": "M1"}, {"status": "sent"}, {"id": "", "status": "sent"}])
async def test_what_is_no_report_is_unreadable(new, fields):
    with pytest.raises(UnreadablePost):
        read(new, **fields)
