"""What holds for every gateway that carries WhatsApp."""

import pytest
from whatsapp import CONFIGS, exchange

from domain.channels import Channel
from domain.messages.outcomes import GatewayDown, Refused, RetryLater, Unknown
from gateways.conformance.fake_provider import answer, disconnect, hang, reset
from gateways.whatsapp.media import content_type, file_name
from gateways.whatsapp.reading import person, text_of


@pytest.fixture(params=CONFIGS)
def send(request, outside, make):
    async def send(reply, config=None, **fields):
        message = make(**{"channel": Channel.WHATSAPP, "to": "+15551234567"} | fields)
        return await exchange(outside, request.param, reply, message, config)

    return send


@pytest.mark.parametrize(("reply", "silent"), [(hang, True), (reset, False), (disconnect, False)])
async def test_lost_answer_is_unknown(send, reply, silent):
    got, request = await send(reply, {"timeout": 0.2})
    assert (type(got), got.silent) == (Unknown, silent)
    assert request is not None


@pytest.mark.parametrize(
    ("status", "expected"),
    [(302, GatewayDown), (400, Refused), (401, GatewayDown), (403, GatewayDown), (500, GatewayDown), (504, Unknown)],
)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>oops</html>",
        b'"text"',
        b"[1]",
        b'{"error":5,"status":{},"response":7,"message":null,"exception":[]}',
        b'{"error":{"code":[],"message":{},"error_data":5},"response":{"message":{}}}',
        b'{"response":{"message":' + b"[" * 1000 + b"]" * 1000 + b"}}",
    ],
)
async def test_status_decides_where_the_body_says_nothing(send, status, expected, body):
    got, _ = await send(answer(status, body))
    assert isinstance(got, expected)


@pytest.mark.parametrize(("headers", "after"), [({"Retry_After": "9"}, 9.0), ({}, None)])
async def test_throttled(send, headers, after):
    got, _ = await send(answer(429, **headers))
    assert (type(got), got.after) == (RetryLater, after)


@pytest.mark.parametrize("status", [200, 201, 204])
@pytest.mark.parametrize(
    "body",
    [
        b"<html>Log in to the hotel's network</html>",
        b"",
        b"{}",
        b"[]",
        b'{"messages":[]}',
        b'{"messages":[{"id":5}],"id":7,"key":{"id":null}}',
    ],
)
async def test_success_that_is_not_the_providers_own_is_unknown(send, status, body):
    got, _ = await send(answer(status, b"" if status == 204 else body))
    assert isinstance(got, Unknown)


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"body": "\ud800"}, "invalid_content"), ({"media_type": "hologram", "media_url": "x"}, "invalid_media_type")],
)
async def test_what_cannot_be_sent_is_refused_unsent(send, fields, code):
    got, request = await send(answer(200), **fields)
    assert (got.code, request) == (code, None)


@pytest.mark.parametrize(
    ("url", "name", "kind"),
    [
        ("https://e.com/a/price%20list.pdf?v=2#x", "price list.pdf", "application/pdf"),
        ("https://e.com/photo", "photo", "image/jpeg"),
        ("https://e.com/", "file", "image/jpeg"),
        ("https://e.com", "file", "image/jpeg"),
        ("https://[e.com/a.png", "file", "image/jpeg"),
        ("https://e.com/..%2F..%2Fetc%2Fpasswd.png", "passwd.png", "image/png"),
    ],
)
def test_a_file_is_named_by_its_address(url, name, kind):
    assert (file_name(url), content_type("image", url)) == (name, kind)


@pytest.mark.parametrize(
    ("ids", "number"),
    [
        (["15551234567@s.whatsapp.net"], "+15551234567"),
        (["15551234567@c.us"], "+15551234567"),
        (["15551234567:12@s.whatsapp.net"], "+15551234567"),
        (["128999376343081@lid", "15551234567@s.whatsapp.net"], "+15551234567"),
        (["128999376343081@lid", None, "", "15551234567@c.us"], "+15551234567"),
        (["128999376343081@lid"], None),
        (["120363041967849074@g.us", "15551234567@s.whatsapp.net"], None),
        (["status@broadcast"], None),
        (["1234567890@newsletter"], None),
        (["1234567890123456@c.us"], None),
        (["15551234567"], None),
        ([None, 5, {}], None),
    ],
)
def test_only_a_chat_with_one_person_has_a_number(ids, number):
    assert person(*ids) == number


def test_a_text_is_kept_as_it_was_written_but_for_nul():
    assert text_of(None, 5, "", "  two\nlines\x00 ", "other") == "  two\nlines "
    assert text_of(None, {}) == ""
