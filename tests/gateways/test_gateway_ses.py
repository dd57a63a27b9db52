"""Amazon SES: signatures, what is sent, and what each answer means. Its events are in test_gateway_ses_events."""

import json
from base64 import b64decode
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import pytest
from moto_server import moto_server

from domain.channels import Channel
from domain.messages.outbound import Attachment
from domain.messages.outcomes import Accepted, GatewayDown, Refused, RetryLater, Unknown
from gateways.config.problems import InvalidGatewayConfig
from gateways.conformance.fake_provider import answer, hang, reset
from gateways.email.ses import SesConfig
from gateways.email.ses_signing import Credentials, signed_headers
from gateways.registry import build, parse_config

TOPIC = "arn:aws:sns:eu-west-1:123456789012:ses-events"
CONFIG = {
    "access_key_id": "AKIDEXAMPLE",
    "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "region": "eu-west-1",
    "from_address": "shop@example.org",
    "from_name": "Shop",
}
TOKEN = "FwoGZXIvYXdz+/="
MAIL = "https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails"
PROXY = "http://127.0.0.1:8080/proxy%20here/~v2/email"
BARE = "https://example.com"
TAKEN = answer(200, b'{"MessageId":"0102018b"}')


@pytest.fixture
def send(send_through):
    def send(reply, config=None, **fields):
        return send_through("ses", Channel.EMAIL, CONFIG, reply, config, **({"subject": "Hi"} | fields))

    return send


def test_the_published_example_of_a_signature():
    """``get-vanilla`` of AWS's test suite for Signature Version 4."""
    key = Credentials("AKIDEXAMPLE", CONFIG["secret_access_key"], "us-east-1", "service")
    now = datetime(2015, 8, 30, 12, 36, tzinfo=UTC).timestamp()
    assert signed_headers(key, "GET", "https://example.amazonaws.com/", {}, b"", now) == {
        "x-amz-date": "20150830T123600Z",
        "authorization": (
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            "SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        ),
    }


@pytest.mark.parametrize(
    ("token", "url", "signature"),
    [
        (None, MAIL, "a1b94afa57930c87b7892fc706c1571996f1a75edf4afdc3afac059775a29ea2"),
        (None, PROXY, "4c51b889a747200a1c6b81492d8db66b72f8d5af93914a191b78747b980c59e5"),
        (None, BARE, "63275697d635208d0520158987dedd678755e713244bd79b6e1016d684ec0818"),
        (TOKEN, MAIL, "1646dc3f5b3317711a9ce535350f25e079b164415badd7310af063b17a8f471f"),
        (TOKEN, PROXY, "958a1ed3b4b5fddc51f5e1fa6cab2ad19375631f09ae656040ad11c5e4150910"),
        (TOKEN, BARE, "3b195b11792dd95dacb6d54ba4b4392f0f3cdeabb9149e115750bb993cc704d8"),
    ],
)
def test_signatures_are_those_of_amazons_own_library(token, url, signature):
    """The expected ones were made by botocore 1.44.5."""
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp()
    key = Credentials("AKID", "sec/ret+", "eu-west-1", "ses", token)
    headers = signed_headers(key, "POST", url, {"content-type": "application/json"}, b'{"a": "\xc3\xa4"}', moment)
    assert headers["authorization"].endswith(f", Signature={signature}")
    assert headers.get("x-amz-security-token") == token


async def test_amazon_as_moto_plays_it_takes_mail_of_verified_senders_only(outside, make):
    async with moto_server() as moto:
        raw = {**CONFIG, "base_url": moto.url, "allow_private_network": True}
        gateway = build("ses", parse_config("ses", Channel.EMAIL, raw), outside)
        message = make(channel=Channel.EMAIL, to="ann@example.com", subject="Hi", cc=("bob@example.com",))
        refused = await gateway.send(message)
        await moto.verify_sender("shop@example.org")
        taken = await gateway.send(message)
        (sent,) = await moto.mails()
    assert refused.code == "ses_MessageRejected"
    assert taken == Accepted(sent["id"])
    assert sent["source"] == "shop@example.org"
    assert {"ann@example.com", "bob@example.com"} == set(sent["destinations"])


async def test_what_is_sent(send, make):
    uid = make().uid
    got, request = await send(
        TAKEN,
        {"configuration_set": "events", "topic_arn": TOPIC, "session_token": "tok+en"},
        uid=uid,
        sender="Läden, GmbH",
        html="<img src='cid:logo'>",
        reply_to="help@example.org",
        cc=("bob@example.com",),
        headers=(("X-Order", "7"),),
        unsubscribe_url="https://example.org/u/1",
        attachments=(Attachment("a.txt", "text/plain", b"hi"), Attachment("l.png", "image/png", b"P", "logo")),
    )
    assert got == Accepted("0102018b", receipts=True)
    assert (request.method, request.target) == ("POST", "/v2/email/outbound-emails")
    assert request.headers["x-amz-security-token"] == "tok+en"
    assert "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token," in request.headers["authorization"]
    sent = json.loads(request.body)
    letter = message_from_bytes(b64decode(sent.pop("Content")["Raw"]["Data"]), policy=default)
    assert sent == {
        "Destination": {"ToAddresses": ["ann@example.com"], "CcAddresses": ["bob@example.com"]},
        "EmailTags": [{"Name": "uid", "Value": str(uid)}],
        "ConfigurationSetName": "events",
    }
    assert letter["From"].addresses[0].display_name == "Läden, GmbH"
    assert (letter["To"], letter["Cc"], letter["Reply-To"]) == (
        "ann@example.com",
        "bob@example.com",
        "help@example.org",
    )
    assert (letter["X-Order"], letter["List-Unsubscribe"]) == ("7", "<https://example.org/u/1>")
    assert [part.get_filename() for part in letter.iter_attachments()] == ["a.txt"]
    assert "<logo>" in [part["Content-ID"] for part in letter.walk()]


async def test_a_minimal_request_names_neither_copies_nor_a_configuration_set(send):
    got, request = await send(TAKEN)
    sent = json.loads(request.body)
    assert got == Accepted("0102018b", receipts=False)
    assert sent["Destination"] == {"ToAddresses": ["ann@example.com"], "CcAddresses": []}
    assert "ConfigurationSetName" not in sent


@pytest.mark.parametrize(
    ("status", "name", "expected"),
    [
        (400, "MessageRejected", Refused("ses_MessageRejected", "MessageRejected: words")),
        (400, "BadRequestException", Refused("ses_BadRequest", "BadRequest: words")),
        (400, "AccountSuspendedException", GatewayDown("AccountSuspended: words")),
        (400, "SendingPausedException", GatewayDown("SendingPaused: words")),
        (400, "MailFromDomainNotVerifiedException", GatewayDown("MailFromDomainNotVerified: words")),
        (400, "LimitExceededException", GatewayDown("LimitExceeded: words")),
        (404, "NotFoundException", GatewayDown("NotFound: words")),
        (429, "TooManyRequestsException", RetryLater(None, "TooManyRequests: words")),
        (400, "ThrottlingException", RetryLater(None, "Throttling: words")),
        (403, "SignatureDoesNotMatch", GatewayDown("answered 403: SignatureDoesNotMatch: words")),
        (403, "ExpiredTokenException", GatewayDown("answered 403: ExpiredToken: words")),
        (500, "InternalFailure", GatewayDown("answered 500: InternalFailure: words")),
        (504, "GatewayTimeout", Unknown("answered 504: GatewayTimeout: words")),
    ],
)
async def test_errors(send, status, name, expected):
    in_header = answer(status, b'{"message":"words"}', X_Amzn_ErrorType=f"{name}:http://internal.amazon.com/coral/")
    in_body = answer(status, json.dumps({"__type": f"com.amazonaws.sesv2#{name}", "Message": "words"}).encode())
    for reply in (in_header, in_body):
        got, _ = await send(reply)
        assert got == expected


async def test_throttled_with_a_time(send):
    got, _ = await send(answer(429, X_Amzn_ErrorType="TooManyRequestsException", Retry_After="4"))
    assert got == RetryLater(4.0, "TooManyRequests")


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"MessageId":7}', b"[]"])
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
        ({"to": "änn@example.com"}, "smtputf8_unsupported"),
        ({"cc": ("änn@example.com",)}, "smtputf8_unsupported"),
        ({"subject": "a\r\nBcc: x@y.z"}, "invalid_subject"),
        ({"headers": (("x-ses-Message-Tags", "uid=other"),)}, "invalid_header"),
    ],
)
async def test_unfit_messages_are_refused_unsent(send, fields, code):
    got, request = await send(TAKEN, **fields)
    assert (got.code, request) == (code, None)


@pytest.mark.parametrize("region", ["eu-west-1", "us-gov-west-1"])
def test_the_address_is_the_regions_own(region):
    config = parse_config("ses", Channel.EMAIL, CONFIG | {"region": region})
    assert isinstance(config, SesConfig)
    assert config.endpoint == f"https://email.{region}.amazonaws.com/v2/email/outbound-emails"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("region", "eu-west-1.evil.io/"),
        ("region", "Europe"),
        ("base_url", "ftp://example.com"),
        ("access_key_id", "AKID\r\nX: y"),
        ("session_token", "tök"),
        ("configuration_set", "a b"),
        ("topic_arn", "arn:aws:sqs:eu-west-1:123456789012:x"),
        ("topic_arn", ""),
    ],
)
def test_wrong_configuration(field, value):
    with pytest.raises(InvalidGatewayConfig) as caught:
        parse_config("ses", Channel.EMAIL, CONFIG | {field: value})
    assert [problem.pointer for problem in caught.value.problems] == [f"/config/{field}"]
