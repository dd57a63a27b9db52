"""The registry, and configurations shown without their secrets."""

import json
from typing import Any

import pytest
from configs import CONFIGS

from domain.channels import Channel
from gateways.base import GatewayConnections
from gateways.config.problems import InvalidGatewayConfig
from gateways.config.redact import HIDDEN, merged, shown
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
    assert "topsecret" not in json.dumps(shown(config))
    assert "topsecret" not in repr(config)


@pytest.mark.parametrize("name", GATEWAY_TYPES)
def test_what_is_shown_can_be_given_back(name):
    config = _config(name)
    channel = next(iter(GATEWAY_TYPES[name].channels))
    assert parse_config(name, channel, merged(config, shown(config))) == config


@pytest.mark.parametrize("name", GATEWAY_TYPES)
def test_stored_form_reads_back(name):
    config = _config(name)
    channel = next(iter(GATEWAY_TYPES[name].channels))
    assert parse_config(name, channel, config.model_dump(mode="json")) == config


def test_one_header_changes_and_the_others_stay():
    new = {"url": MINIMAL["http"]["url"], "headers": {"Authorization": "new", "X-Other": HIDDEN}}
    assert merged(_config("http"), new)["headers"] == {"Authorization": "new", "X-Other": "topsecret"}


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
    config = _config(name)
    secret = next(field for field in config.SECRETS if field in MINIMAL[name])
    with pytest.raises(InvalidGatewayConfig) as caught:
        merged(config, shown(config) | change)
    assert [(problem.pointer, problem.code) for problem in caught.value.problems] == [
        (f"/config/{secret}", "secret_needed")
    ]
    given = {secret: MINIMAL[name][secret]}
    assert merged(config, shown(config) | change | given)[secret] == MINIMAL[name][secret]


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
