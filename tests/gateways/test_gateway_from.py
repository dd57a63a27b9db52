"""Every gateway of emails passes the address on that a message is from; bounces stay the gateway's."""

import json
from base64 import b64decode
from email import message_from_bytes
from email.policy import default
from urllib.parse import parse_qs

import pytest
from fake_smtp import mail_server

from domain.channels import Channel
from domain.messages.outcomes import Accepted, Refused
from gateways.conformance.fake_provider import answer, serve
from gateways.registry import build, parse_config
from tests.gateways.configs import CONFIGS

EMAIL = sorted(name for name, (channel, _) in CONFIGS.items() if channel is Channel.EMAIL)
FROM, NAME = "news@brand.example.com", "Müller & Söhne"


@pytest.fixture
def mail(make):
    return lambda **more: make(
        channel=Channel.EMAIL, to="ann@example.com", subject="Hi", html="<p>x</p>", sender=NAME, **more
    )


def sender_in(name: str, body: bytes) -> str:
    """The address that a request names as the sender."""
    if name == "mailgun":
        return message_from_bytes(f"From: {parse_qs(body.decode())['from'][0]}\n\n".encode(), policy=default)["From"]
    request = json.loads(body)
    if name == "ses":
        return message_from_bytes(b64decode(request["Content"]["Raw"]["Data"]), policy=default)["From"]
    if name == "mailjet":
        request = request["Messages"][0]
    if name == "sparkpost":
        request = request["content"]
    named = request.get("from") or request.get("From") or request.get("sender")
    return named if isinstance(named, str) else named.get("email") or named.get("Email")


@pytest.mark.parametrize("name", EMAIL)
async def test_a_provider_is_told_whom_a_mail_is_from(name: str, mail, outside):
    _, config = CONFIGS[name]
    async with serve(answer(200, b"{}")) as server:
        raw = {**config, "base_url": server.url, "allow_private_network": True, "timeout": 1}
        gateway = build(name, parse_config(name, Channel.EMAIL, raw), outside)
        await gateway.send(mail(from_address=FROM))
        await gateway.send(mail())
        signed, own = server.requests
    assert FROM in sender_in(name, signed.body)
    assert b"shop@example.org" not in signed.body
    assert "shop@example.org" in sender_in(name, own.body)


async def test_a_mail_server_gets_a_signed_mail_in_the_envelope_of_the_gateway(mail, gateway_to):
    async with mail_server() as room:
        message = mail(from_address=FROM, sign=lambda content: b"DKIM-Signature: x\r\n" + content)
        assert isinstance(await gateway_to(room.port).send(message), Accepted)
    (envelope,) = room.envelopes
    assert envelope.mail_from == "shop@example.org"
    (got,) = room.mails
    assert [address.addr_spec for address in got["From"].addresses] == [FROM]
    assert got.get_all("From") == [got["From"]]
    assert got["From"].addresses[0].display_name == NAME
    assert got["DKIM-Signature"] == "x"
    assert "shop@example.org" not in str(got)
    assert not got["Sender"]


@pytest.mark.parametrize(
    "address", ["a@b.test, c@d.test", "a b@c.test", "a@b.test\r\nBcc: c@d.test", "a\0@b.test", "x"]
)
async def test_what_is_not_one_address_never_reaches_a_mail(address: str, mail, gateway_to):
    async with mail_server() as room:
        outcome = await gateway_to(room.port).send(mail(from_address=address))
    assert isinstance(outcome, Refused)
    assert (outcome.code, room.envelopes) == ("invalid_from", [])


@pytest.mark.parametrize(
    ("body", "carried"),
    [
        (None, True),
        ({"sender": "{{ from }}", "to": "{{ to }}"}, True),
        ({"sender": "{{ sender }}", "to": "{{ to }}"}, False),
    ],
)
async def test_a_gateway_of_any_provider_carries_it_or_refuses(body, carried: bool, mail, outside):
    async with serve(answer(200, b"{}")) as server:
        config = {"url": server.url, "allow_private_network": True, "body": body}
        gateway = build("http", parse_config("http", Channel.EMAIL, config), outside)
        outcome = await gateway.send(mail(from_address=FROM))
        assert isinstance(outcome, Accepted) == carried
        assert [FROM in request.body.decode() for request in server.requests] == [True] * carried
        assert isinstance(await gateway.send(mail()), Accepted)
