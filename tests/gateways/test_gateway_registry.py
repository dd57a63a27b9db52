"""The registry, and configurations shown without their secrets."""

import json

import pytest

from domain.channels import Channel
from gateways.base import GatewayConnections
from gateways.config.problems import InvalidGatewayConfig
from gateways.config.redact import HIDDEN, merged, shown
from gateways.registry import GATEWAY_TYPES, build, parse_config

MINIMAL = {
    "http": {"url": "https://example.com/send", "headers": {"Authorization": "topsecret", "X-Other": "topsecret"}},
    "smtp": {"host": "mail.example.com", "from_address": "a@example.com", "username": "u", "password": "topsecret"},
    "sendgrid": {"api_key": "topsecret", "from_address": "a@example.com"},
    "mailgun": {
        "api_key": "topsecret",
        "domain": "mg.example.com",
        "from_address": "a@example.com",
        "webhook_signing_key": "topsecret",
    },
    "postmark": {"server_token": "topsecret", "from_address": "a@example.com", "webhook_secret": "topsecret"},
    "brevo": {"api_key": "topsecret", "from_address": "a@example.com", "webhook_secret": "topsecret"},
    "resend": {"api_key": "topsecret", "from_address": "a@example.com"},
    "mailjet": {"api_key": "key", "secret_key": "topsecret", "from_address": "a@example.com"},
    "sparkpost": {"api_key": "topsecret", "from_address": "a@example.com"},
    "ses": {
        "access_key_id": "AKIDEXAMPLE",
        "secret_access_key": "topsecret",
        "region": "eu-west-1",
        "from_address": "a@example.com",
    },
    "smpp": {"host": "smsc.example.com", "system_id": "u", "password": "topsecret"},
    "twilio": {"account_sid": "AC1", "auth_token": "topsecret", "from_number": "+15005550006"},
    "vonage": {"api_key": "abcd", "api_secret": "topsecret", "from_number": "ACME"},
    "infobip": {"api_key": "topsecret", "from_number": "ACME", "base_url": "https://x1.api.infobip.com"},
    "plivo": {"auth_id": "MA1", "auth_token": "topsecret", "from_number": "+15005550006"},
    "messagebird": {"access_key": "topsecret", "from_number": "ACME"},
    "whatsapp_cloud": {"phone_number_id": "123", "access_token": "topsecret"},
    "evolution": {"base_url": "https://evolution.example.com", "instance": "shop", "api_key": "topsecret"},
    "waha": {"base_url": "https://waha.example.com", "api_key": "topsecret"},
    "sandbox": {},
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
        ("sendgrid", {"base_url": "https://evil.example.com"}),
        ("resend", {"base_url": "https://evil.example.com"}),
        ("mailjet", {"base_url": "https://evil.example.com"}),
        ("sparkpost", {"base_url": "https://evil.example.com"}),
        ("ses", {"base_url": "https://evil.example.com"}),
        ("twilio", {"base_url": "https://evil.example.com"}),
        ("vonage", {"base_url": "https://evil.example.com"}),
        ("infobip", {"base_url": "https://evil.example.com"}),
        ("plivo", {"base_url": "https://evil.example.com"}),
        ("messagebird", {"base_url": "https://evil.example.com"}),
        ("whatsapp_cloud", {"base_url": "https://evil.example.com"}),
        ("evolution", {"base_url": "https://evil.example.com"}),
        ("waha", {"base_url": "https://evil.example.com"}),
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
