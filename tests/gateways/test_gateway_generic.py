"""The configurable HTTP gateway, from configuration to outcome."""

import json
import timeit

import pytest

from domain.channels import Channel
from domain.messages.outbound import Attachment
from domain.messages.outcomes import Accepted, GatewayDown, Refused, RetryLater, Unknown
from gateways.config.problems import InvalidGatewayConfig
from gateways.config.template import json_filler
from gateways.conformance.fake_provider import answer, serve
from gateways.registry import build, parse_config


def _gateway(outside, url, **config):
    raw = {"url": url, "allow_private_network": True, **config}
    return build("http", parse_config("http", Channel.SMS, raw), outside)


async def _exchange(outside, reply, message, path="/send", **config):
    async with serve(reply) as server:
        got = await _gateway(outside, server.url + path, **config).send(message)
    return got, server


async def test_template_is_filled(outside, make):
    template = {
        "to": "{{to}}",
        "digits": "{{ to_digits }}",
        "text": 'say "{{ body }}" to {{ to }}',
        "subject": "{{ subject }}",
        "none": "[{{ subject }}]",
        "fixed": [1, 2.5, True, None, {}, [], "\u00e9", {"deep": ["{{ channel }}"]}],
        "{{ to }}": "keys are not touched",
    }
    message = make(body='a "quote"\\\n\U0001f600')
    _, server = await _exchange(outside, answer(200), message, body=template)
    assert json.loads(server.requests[0].body) == {
        "to": message.to,
        "digits": message.to[1:],
        "text": f'say "{message.body}" to {message.to}',
        "subject": None,
        "none": "[]",
        "fixed": [1, 2.5, True, None, {}, [], "\u00e9", {"deep": ["sms"]}],
        "{{ to }}": "keys are not touched",
    }
    assert server.requests[0].headers["content-type"] == "application/json"


async def test_message_cannot_break_out_of_the_template(outside, make):
    message = make(body='","admin":true,"x":"{{ to }}')
    _, server = await _exchange(outside, answer(200), message, body={"text": "{{ body }}", "more": "<{{ body }}>"})
    assert json.loads(server.requests[0].body) == {"text": message.body, "more": f"<{message.body}>"}


async def test_default_body_has_what_is_there(outside, make):
    message = make(sender="ACME")
    _, server = await _exchange(outside, answer(200), message)
    assert json.loads(server.requests[0].body) == {
        "uid": str(message.uid),
        "reference": "ref-1",
        "channel": "sms",
        "to": message.to,
        "body": "hello",
        "sender": "ACME",
    }


async def test_placeholders_in_url_and_headers(outside, make):
    message = make(body="a&b=c/../d é", reference="r 1")
    config = {"method": "GET", "headers": {"X-Ref": "id-{{ reference }}", "Authorization": "Bearer s"}}
    _, server = await _exchange(outside, answer(200), message, "/s?to={{ to }}&text={{ body }}", **config)
    request = server.requests[0]
    assert (request.method, request.body) == ("GET", b"")
    assert request.target == "/s?to=%2B15005550006&text=a%26b%3Dc%2F..%2Fd%20%C3%A9"
    assert request.headers["x-ref"] == "id-r 1"
    assert "content-type" not in request.headers


async def test_line_break_in_a_header_is_refused_before_anything_is_sent(outside, make):
    message = make(body="x\r\nX-Admin: 1")
    got, server = await _exchange(outside, answer(200), message, headers={"X-Text": "{{ body }}"})
    assert got.code == "invalid_content"
    assert server.connections == 0


async def test_lone_surrogate_is_refused(outside, make):
    for config in ({}, {"body": {"t": "{{ body }}"}}, {"headers": {"X": "{{ body }}"}}):
        got, server = await _exchange(outside, answer(200), make(body="\ud800"), **config)
        assert got.code == "invalid_content"
        assert server.connections == 0


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("id", b'{"id":"abc"}', "abc"),
        ("id", b'{"id":17}', "17"),
        ("data.0.id", b'{"data":[{"id":"x"}]}', "x"),
        ("data.1.id", b'{"data":[{"id":"x"}]}', None),
        ("data.-1.id", b'{"data":[{"id":"x"}]}', None),
        ("id", b'{"id":{"a":1}}', None),
        ("id", b'{"id":true}', None),
        ("id", b'{"id":""}', None),
        ("id", b"<html>welcome</html>", None),
        ("id", b"", None),
        ("id", b'{"id":"' + b"x" * 1000 + b'"}', "x" * 256),
    ],
)
async def test_provider_id(outside, make, path, body, expected):
    got, _ = await _exchange(outside, answer(200, body), make(), id_path=path)
    if expected is None:
        assert isinstance(got, Unknown)
        assert "no id at id_path" in got.reason
    else:
        assert got == Accepted(expected)


OK = {"success_path": "status", "success_values": ["ok", 0]}
BAD = {"error_path": "error.message"}


@pytest.mark.parametrize(
    ("config", "body", "expected"),
    [
        (OK, b'{"status":"ok"}', Accepted),
        (OK, b'{"status":0}', Accepted),
        (OK, b'{"status":false}', Refused),
        (OK, b'{"status":"failed"}', Refused),
        (OK, b'{"status":[]}', Refused),
        (OK, b"{}", Unknown),
        (OK, b"<html>", Unknown),
        (BAD, b'{"id":1}', Accepted),
        (BAD, b'{"error":{"message":"no such number"}}', Refused),
        (BAD, b'{"error":{"message":""}}', Accepted),
        (BAD, b'{"error":null}', Accepted),
        (BAD | {"error_values": ["bad"]}, b'{"error":{"message":"fine"}}', Accepted),
        (BAD | {"error_values": ["bad"]}, b'{"error":{"message":"bad"}}', Refused),
        ({"error_path": "code", "error_values": [1]}, b'{"code":true}', Accepted),
        (OK | BAD | {"id_path": "id"}, b'{"status":"ok","id":"x"}', Accepted),
        (OK | BAD | {"id_path": "id"}, b'{"status":"ok"}', Unknown),
        (OK | BAD | {"id_path": "id"}, b'{"status":"ok","id":"x","error":{"message":"no"}}', Refused),
    ],
)
async def test_what_a_good_status_says_in_its_body(outside, make, config, body, expected):
    got, _ = await _exchange(outside, answer(200, body), make(), **config)
    assert isinstance(got, expected)
    if expected is Refused:
        assert got.code == "provider_error"


@pytest.mark.parametrize(
    ("status", "statuses", "expected"),
    [
        (200, None, Accepted),
        (204, None, Accepted),
        (302, None, GatewayDown),
        (200, [202], Refused),
        (409, [200, 409], Accepted),
        (400, None, Refused),
        (401, None, GatewayDown),
        (429, None, RetryLater),
        (500, None, GatewayDown),
        (504, None, Unknown),
    ],
)
async def test_statuses(outside, make, status, statuses, expected):
    got, _ = await _exchange(outside, answer(status), make(), success_statuses=statuses)
    assert isinstance(got, expected)


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        ({}, "/config/url"),
        ({"url": "ftp://example.com/"}, "/config/url"),
        ({"url": "/send"}, "/config/url"),
        ({"url": "http:///send"}, "/config/url"),
        ({"url": "http://user:pass@example.com/"}, "/config/url"),
        ({"url": "http://{{ to }}.example.com/"}, "/config/url"),
        ({"url": "http://evil.com\\@127.0.0.1/"}, "/config/url"),
        ({"url": "http://example.com/ x"}, "/config/url"),
        ({"url": "http://example.com:99999/"}, "/config/url"),
        ({"url": "http://e.com/{{ nope }}"}, "/config/url"),
        ({"url": "http://e.com/", "body": {"a": ["{{ password }}"]}}, "/config/body"),
        ({"url": "http://e.com/", "headers": {"X": "{{ nope }}"}}, "/config/headers"),
        ({"url": "http://e.com/", "headers": {"X": "a\r\nb"}}, "/config/headers"),
        ({"url": "http://e.com/", "headers": {"X y": "a"}}, "/config/headers"),
        ({"url": "http://e.com/", "headers": {"Content-Length": "5"}}, "/config/headers"),
        ({"url": "http://e.com/", "method": "get"}, "/config/method"),
        ({"url": "http://e.com/", "method": "GET", "body": {}}, "/config"),
        ({"url": "http://e.com/", "success_path": "a"}, "/config"),
        ({"url": "http://e.com/", "success_values": ["a"]}, "/config"),
        ({"url": "http://e.com/", "error_values": ["a"]}, "/config"),
        ({"url": "http://e.com/", "timeout": 0}, "/config/timeout"),
        ({"url": "http://e.com/", "timeout": "30"}, "/config/timeout"),
        ({"url": "http://e.com/", "allow_private_network": 1}, "/config/allow_private_network"),
        ({"url": "http://e.com/", "success_statuses": [99]}, "/config/success_statuses/0"),
        ({"url": "http://e.com/", "typo": 1}, "/config/typo"),
    ],
)
def test_wrong_configuration_is_pointed_at(raw, pointer):
    with pytest.raises(InvalidGatewayConfig) as caught:
        parse_config("http", Channel.SMS, raw)
    assert [problem.pointer for problem in caught.value.problems] == [pointer]


def test_filling_costs_less_than_encoding_the_same_value(make):
    fill = json_filler({"uid": "{{ uid }}", "to": "{{ to }}", "text": "Hi, {{ body }}", "n": [1, {"a": None}]})
    message = make()
    value = json.loads(fill(message))
    filling, encoding = (
        min(timeit.repeat(work, number=1000, repeat=7)) for work in (lambda: fill(message), lambda: json.dumps(value))
    )
    assert filling < 2 * encoding


@pytest.mark.parametrize(
    "extra", [{"cc": ("a@b.com",)}, {"headers": (("X-A", "1"),)}, {"attachments": (Attachment("a", "b/c", b""),)}]
)
async def test_an_email_is_refused_rather_than_sent_without_half_of_it(outside, make, extra):
    outcome, server = await _exchange(outside, answer(200), make(**extra))
    assert isinstance(outcome, Refused)
    assert (outcome.code, server.requests) == ("not_carried", [])
