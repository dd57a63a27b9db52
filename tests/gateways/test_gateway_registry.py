"""The registry, and configurations shown without their secrets."""

import json
from typing import Any

import pytest
from configs import CONFIGS

from domain.channels import Channel
from gateways.base import GatewayConnections
from gateways.config.problems import InvalidGatewayConfig
from gateways.config.redact import SET, patched, shown
from gateways.registry import GATEWAY_TYPES, build, parse_config

SECRET = "topsecret"
MORE = {
    "mailgun": {"webhook_signing_key": SECRET},
    "postmark": {"webhook_secret": SECRET},
    "brevo": {"webhook_secret": SECRET},
}
"""Secrets of webhooks beside those that a type needs."""
MINIMAL: dict[str, dict[str, Any]] = {
    "http": {"url": "https://example.com/send", "headers": {"Authorization": SECRET, "X-Other": SECRET}},
    "smtp": {"host": "mail.example.com", "from_address": "a@example.com", "username": "u", "password": SECRET},
    "smpp": {"host": "smsc.example.com", "system_id": "u", "password": SECRET},
    "sandbox": {},
    "android": {},
    **{
        name: {
            field: SECRET if field in GATEWAY_TYPES[name].config.SECRETS else value
            for field, value in (config | MORE.get(name, {})).items()
        }
        for name, (_, config) in CONFIGS.items()
    },
}


def _config(name):
    return parse_config(name, next(iter(GATEWAY_TYPES[name].channels)), MINIMAL[name])


@pytest.mark.parametrize("name", GATEWAY_TYPES)
async def test_every_type_is_configured_and_built(outside: GatewayConnections, name):
    gateway = build(name, _config(name), outside)
    assert gateway.dedupes is (name == "resend")
    await gateway.aclose()


@pytest.mark.parametrize("name", GATEWAY_TYPES)
def test_no_secret_is_shown(name):
    config = _config(name)
    for stored in (MINIMAL[name], config.model_dump(mode="json")):
        seen = shown(type(config), stored)
        assert "topsecret" not in json.dumps(seen)
        given = {field for field in type(config).SECRETS if stored.get(field)}
        assert {field for field in type(config).SECRETS if field in seen} == given
    assert "topsecret" not in repr(config)


def test_a_stored_field_that_the_type_does_not_know_is_not_shown():
    assert shown(type(_config("twilio")), {"auth_tokn": SECRET, "auth_token": SECRET}) == {"auth_token": SET}


@pytest.mark.parametrize("name", GATEWAY_TYPES)
def test_a_patch_without_secrets_keeps_them(name):
    kind = type(_config(name))
    given = {field: value for field, value in MINIMAL[name].items() if field not in kind.SECRETS}
    for patch in ({}, given):
        assert patched(kind, MINIMAL[name], patch) == MINIMAL[name]


@pytest.mark.parametrize("name", GATEWAY_TYPES)
def test_stored_form_reads_back(name):
    config = _config(name)
    channel = next(iter(GATEWAY_TYPES[name].channels))
    assert parse_config(name, channel, config.model_dump(mode="json")) == config


def test_one_header_changes_and_the_others_stay():
    new = patched(type(_config("http")), MINIMAL["http"], {"headers": {"Authorization": "new"}})
    assert new["headers"] == {"Authorization": "new", "X-Other": "topsecret"}


def test_headers_that_are_left_out_do_not_move_to_another_place():
    kind, moved = type(_config("http")), {"url": "https://evil.example.com/"}
    with pytest.raises(InvalidGatewayConfig) as caught:
        patched(kind, MINIMAL["http"], moved | {"headers": {"Authorization": "new"}})
    assert [problem.pointer for problem in caught.value.problems] == ["/config/headers/X-Other"]
    gone = patched(kind, MINIMAL["http"], moved | {"headers": {"Authorization": "new", "X-Other": None}})
    assert gone["headers"] == {"Authorization": "new"}
    assert "headers" not in patched(kind, MINIMAL["http"], moved | {"headers": None})


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("http", {"url": "https://evil.example.com/"}),
        ("http", {"allow_private_network": True}),
        ("smtp", {"host": "evil.example.com"}),
        ("smtp", {"security": "tls"}),
        ("smpp", {"host": "evil.example.com"}),
        ("smpp", {"security": "tls"}),
        *((name, {"base_url": "https://evil.example.com"}) for name in CONFIGS if name not in MORE),
    ],
)
def test_secrets_do_not_move_to_another_place(name, change):
    kind = type(_config(name))
    kept = sorted(field for field in kind.SECRETS if field in MINIMAL[name])
    with pytest.raises(InvalidGatewayConfig) as caught:
        patched(kind, MINIMAL[name], change)
    assert [(problem.pointer, problem.code) for problem in caught.value.problems] == [
        (f"/config/{field}", "secret_needed") for field in kept
    ]
    given = {field: MINIMAL[name][field] for field in kept}
    assert patched(kind, MINIMAL[name], change | given) == MINIMAL[name] | change


def test_unknown_type_and_wrong_channel():
    for name, channel, pointer in [("carrier-pigeon", Channel.SMS, "/type"), ("twilio", Channel.EMAIL, "/channel")]:
        with pytest.raises(InvalidGatewayConfig) as caught:
            parse_config(name, channel, {})
        assert caught.value.problems[0].pointer == pointer


def test_problems_do_not_quote_values():
    with pytest.raises(InvalidGatewayConfig) as caught:
        parse_config("sendgrid", Channel.EMAIL, {"api_key": "top\nsecret", "from_address": "a@b@c"})
    assert "secret" not in str(caught.value)
    assert {problem.pointer for problem in caught.value.problems} == {"/config/from_address", "/config/api_key"}
