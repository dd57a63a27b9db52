"""One post to a customer: what is sent, and what each answer means."""

import base64
import time

import pytest
from pydantic import TypeAdapter, ValidationError

from gateways import callback
from gateways.base import GatewayConnections
from gateways.callback import CallbackUrl, PostResult, post
from gateways.conformance.fake_provider import answer, hang, serve
from gateways.webhooks.standard_webhooks import sign, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(b"x" * 32).decode()
BODY = b'{"test": 2432232314}'
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
STAMP = 1614265330
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def headers(**changes: str) -> dict[str, str]:
    known = {"webhook-id": ID, "webhook-timestamp": str(STAMP), "webhook-signature": SIGNATURE}
    return known | {f"webhook-{name}": value for name, value in changes.items()}


def test_the_signature_is_that_of_the_standards_own_vector():
    assert sign(SECRET, ID, STAMP, BODY) == SIGNATURE
    assert verify(SECRET, headers(), BODY, STAMP)
    assert verify(SECRET, headers(signature=f"v1,AAAA v2,{SIGNATURE} {SIGNATURE}"), BODY, STAMP + 300)


@pytest.mark.parametrize(
    ("given", "body", "now"),
    [
        (headers(), BODY + b" ", STAMP),
        (headers(id="msg_other"), BODY, STAMP),
        (headers(timestamp=str(STAMP + 1)), BODY, STAMP),
        (headers(timestamp="soon"), BODY, STAMP),
        (headers(timestamp="²"), BODY, STAMP),
        (headers(signature=SIGNATURE[:-1]), BODY, STAMP),
        (headers(signature=""), BODY, STAMP),
        (headers(), BODY, STAMP + 301),
        (headers(), BODY, STAMP - 301),
        ({}, BODY, STAMP),
    ],
)
def test_what_was_changed_or_is_late_is_not_believed(given: dict[str, str], body: bytes, now: float):
    assert not verify(SECRET, given, body, now)
    assert not verify(OTHER, headers(), BODY, STAMP)


async def test_a_post_is_signed_with_every_secret(outside: GatewayConnections):
    async with serve(answer(204)) as server:
        told = await post(outside.private, f"{server.url}/hook?a=b", [SECRET, OTHER], "id-1", BODY)
    assert told == PostResult(204)
    (request,) = server.requests
    assert (request.method, request.target, request.body) == ("POST", "/hook?a=b", BODY)
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == "id-1"
    assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 5
    assert [verify(secret, request.headers, BODY, time.time()) for secret in (SECRET, OTHER)] == [True, True]
    assert not verify(SECRET, request.headers, BODY + b" ", time.time())


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (answer(200, b"no JSON"), PostResult(200)),
        (answer(299), PostResult(299)),
        (answer(302, Location="http://127.0.0.1:1/"), PostResult(302, "answered 302")),
        (answer(400, b"bad\r\n\x00 thing"), PostResult(400, "answered 400: bad thing")),
        (answer(410), PostResult(410, "answered 410", is_gone=True)),
        (answer(429), PostResult(429, "answered 429")),
        (answer(429, Retry_After="7"), PostResult(429, "answered 429", after=7)),
        (answer(503, Retry_After="90000"), PostResult(503, "answered 503", after=3600)),
        (answer(500, Retry_After="7"), PostResult(500, "answered 500")),
    ],
)
async def test_what_an_answer_means(outside: GatewayConnections, reply: bytes, told: PostResult):
    async with serve(reply) as server:
        assert await post(outside.private, server.url, [SECRET], "id-1", BODY) == told
    assert len(server.requests) == 1


async def test_a_customer_that_hangs_is_not_waited_for(outside: GatewayConnections, monkeypatch):
    monkeypatch.setattr(callback, "ANSWER_SECONDS", 0.2)
    async with serve(hang) as server:
        assert await post(outside.private, server.url, [SECRET], "id-1", BODY) == PostResult(
            None, "no full answer in time"
        )


async def test_a_customer_that_is_not_there_is_named(outside: GatewayConnections):
    async with serve(answer(200)) as server:
        pass
    told = await post(outside.private, server.url, [SECRET], "id-1", BODY)
    assert told.status is None
    assert "could not connect" in (told.error or "")


async def test_a_private_address_is_never_posted_to(outside: GatewayConnections):
    async with serve(answer(200)) as server:
        told = await post(outside.public, server.url, [SECRET], "id-1", BODY)
        assert server.connections == 0
    assert "is not a public address" in (told.error or "")


@pytest.mark.parametrize(
    "url", ["https://x.com/{{ to }}", "x.com", "https://a:b@x.com/", "https://x.com/" + "x" * 2000]
)
def test_what_is_no_plain_address_is_refused(url: str):
    with pytest.raises(ValidationError):
        TypeAdapter(CallbackUrl).validate_python(url)
