"""Some providers: what is sent, and what their own answers mean. What holds for all is in test_conformance.py."""

import json
from base64 import b64decode
from urllib.parse import parse_qs

import pytest
from configs import CONFIGS
from test_gateway_sendgrid import KEY

from domain.channels import Channel
from domain.messages.outcomes import Accepted, GatewayDown, Refused, RetryLater, Unknown
from gateways.config.problems import InvalidGatewayConfig
from gateways.conformance.fake_provider import answer
from gateways.registry import parse_config


@pytest.fixture
def exchange(send_through):
    """Send one message to a provider that answers ``reply``; return the outcome and the one request it got."""
    return lambda name, *args, **fields: send_through(name, *CONFIGS[name], *args, **fields)


@pytest.mark.parametrize("name", [name for name, (channel, _) in CONFIGS.items() if channel is not Channel.WHATSAPP])
async def test_an_empty_success_is_unknown_but_for_sendgrids_sandbox_mode(exchange, name):
    got, _ = await exchange(name, answer(200, b""))
    assert isinstance(got, Accepted if name == "sendgrid" else Unknown)


async def test_sendgrid_mail(exchange, make):
    uid = make().uid
    taken = answer(202, X_Message_Id="abc")
    got, request = await exchange(
        "sendgrid", taken, {"webhook_public_key": KEY}, uid=uid, subject="Hi", html="<p>x</p>", sender="ACME"
    )
    assert got == Accepted("abc", receipts=True)
    assert (request.method, request.target) == ("POST", "/v3/mail/send")
    assert request.headers["authorization"] == "Bearer SG.key"
    assert json.loads(request.body) == {
        "personalizations": [
            {"to": [{"email": "ann@example.com"}], "custom_args": {"uid": str(uid), "reference": "ref-1"}}
        ],
        "from": {"email": "shop@example.org", "name": "ACME"},
        "subject": "Hi",
        "content": [{"type": "text/plain", "value": "hello"}, {"type": "text/html", "value": "<p>x</p>"}],
    }


async def test_sendgrid_says_why(exchange):
    errors = b'{"errors":[{"field":"subject","message":"too dull"},{"field":null,"message":"and long"}]}'
    got, _ = await exchange("sendgrid", answer(400, errors))
    assert got == Refused("http_400", "answered 400: too dull; and long")
    got, _ = await exchange("sendgrid", answer(413, b"<html><h1>413", Content_Type="text/html"))
    assert got == Refused("http_413", "answered 413: (an HTML page)")


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"subject": "a\r\nBcc: x"}, "invalid_subject"), ({"to": "a@b.c, d@e.f"}, "invalid_recipient")],
)
async def test_sendgrid_unfit_message(exchange, fields, code):
    got, request = await exchange("sendgrid", answer(202), **fields)
    assert (got.code, request) == (code, None)


async def test_twilio_form(exchange, make):
    config = {"status_callback": "https://hooks.example.com/twilio", "receipts": True}
    taken = answer(201, b'{"sid":"SM1","status":"queued","error_code":null}')
    uid = make().uid
    got, request = await exchange("twilio", taken, config, body="Grüße & ä", uid=uid)
    assert got == Accepted("SM1", receipts=True)
    assert request.target == "/2010-04-01/Accounts/AC0123/Messages.json"
    assert b64decode(request.headers["authorization"].removeprefix("Basic ")) == b"AC0123:tok"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(request.body.decode()) == {
        "To": ["+15551234567"],
        "From": ["+15005550006"],
        "Body": ["Grüße & ä"],
        "StatusCallback": [f"https://hooks.example.com/twilio?uid={uid}"],
    }


async def test_twilio_messaging_service_and_sender(exchange):
    service = {"from_number": None, "messaging_service_sid": "MG1"}
    _, request = await exchange("twilio", answer(201, b'{"sid":"SM1"}'), service)
    assert parse_qs(request.body.decode()) == {
        "To": ["+15551234567"],
        "MessagingServiceSid": ["MG1"],
        "Body": ["hello"],
    }
    _, request = await exchange("twilio", answer(201, b'{"sid":"SM1"}'), sender="ACME")
    assert parse_qs(request.body.decode())["From"] == ["ACME"]


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, 21211, Refused("twilio_21211", "21211: words")),
        (400, 21610, Refused("opted_out", "21610: words")),
        (404, 20404, GatewayDown("20404: words")),
        (401, 20003, GatewayDown("20003: words")),
        (429, 20429, RetryLater(None, "20429: words")),
        (400, 21611, RetryLater(None, "21611: words")),
        (500, 20500, GatewayDown("answered 500: 20500: words")),
    ],
)
async def test_twilio_codes(exchange, status, code, expected):
    body = json.dumps({"code": code, "message": "words", "more_info": "https://…", "status": status}).encode()
    got, _ = await exchange("twilio", answer(status, body))
    assert got == expected


@pytest.mark.parametrize("code", [21606, 21704])
@pytest.mark.parametrize(("sender", "expected"), [(None, GatewayDown), ("ACME", Refused)])
async def test_twilio_sender_that_may_not_send(exchange, code, sender, expected):
    """The gateway's own is its fault, one that came with the message is the message's."""
    got, _ = await exchange("twilio", answer(400, json.dumps({"code": code}).encode()), sender=sender)
    assert isinstance(got, expected)


async def test_sparkpost_domain_that_may_not_send(exchange):
    body = {"errors": [{"code": "7001", "message": "Invalid domain"}]}
    got, _ = await exchange("sparkpost", answer(400, json.dumps(body).encode()))
    assert isinstance(got, GatewayDown)


@pytest.mark.parametrize(("code", "expected"), [(30001, RetryLater), (30002, GatewayDown), (30007, Refused)])
async def test_twilio_message_that_failed_at_once(exchange, code, expected):
    body = json.dumps({"sid": "SM1", "status": "failed", "error_code": code, "error_message": "words"}).encode()
    got, _ = await exchange("twilio", answer(201, body))
    assert isinstance(got, expected)


@pytest.mark.parametrize("change", [{"from_number": None}, {"messaging_service_sid": "MG1"}, {"account_sid": "../x"}])
def test_twilio_wrong_configuration(change):
    with pytest.raises(InvalidGatewayConfig):
        parse_config("twilio", Channel.SMS, CONFIGS["twilio"][1] | change)
