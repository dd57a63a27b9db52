"""Mails signed for a domain are believed by an independent verifier, and no longer once they were changed."""

from base64 import b64encode

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from fake_smtp import mail_server

from domain.channels import Channel
from gateways.config.problems import InvalidGatewayConfig
from gateways.email.dkim import DkimSigner
from gateways.email.mail_message import write_letter
from gateways.registry import GATEWAY_TYPES, build, parse_config

CONFIG = {"host": "127.0.0.1", "security": "none", "from_address": "shop@example.org", "allow_private_network": True}
RSA = rsa.generate_private_key(65537, 2048)
ED25519 = ed25519.Ed25519PrivateKey.generate()


def pem(key, encryption=None) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, encryption or serialization.NoEncryption()).decode()


def dns(key, name: bytes = b"mail._domainkey.example.org."):
    """What a name server would answer."""
    public = key.public_key()
    if key is ED25519:
        raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        record = b"v=DKIM1; k=ed25519; p=" + b64encode(raw)
    else:
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        record = b"v=DKIM1; k=rsa; p=" + b64encode(public.public_bytes(serialization.Encoding.DER, form))
    return lambda asked, timeout=5: record if asked == name else None


def believed(mail: bytes, key=RSA) -> bool:
    return dkim.verify(mail, dnsfunc=dns(key))


@pytest.fixture
def letter(make):
    """A mail with all that may stand in one."""
    message = make(
        channel=Channel.EMAIL,
        to="ann@example.com",
        subject="Grüße " + "an alle " * 20,
        html="<p>Hi  there \t </p>\n\n\n<p>.</p>\n\n",
        cc=("bob@example.com",),
        reply_to="help@example.org",
        headers=(("X-Long", "w " * 200), ("X-Emoji", "\U0001f600")),
        unsubscribe_url="https://send.example.com/u/" + "t" * 100,
    )
    return write_letter(message, "shop@example.org", "Läden").content


@pytest.mark.parametrize("key", [RSA, ED25519], ids=["rsa", "ed25519"])
def test_a_signed_mail_is_believed(letter, key):
    assert believed(DkimSigner("example.org", "mail", pem(key)).sign(letter), key)


@pytest.mark.parametrize("body", [b"", b"\r\n", b"\r\n\r\n", b"x", b"x\r\n\r\n\r\n", b" x \t y \r\n \r\n", b"\t\r\nx"])
def test_every_form_of_body_is_signed_as_verifiers_read_it(body):
    mail = b"From: a@example.org\r\nSubject:  x \r\n\ty\r\n\r\n" + body
    assert believed(DkimSigner("example.org", "mail", pem(RSA)).sign(mail))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"ann@example.com", b"eve@example.com"),
        (b"bob@example.com", b"eve@example.com"),
        (b"help@example.org", b"help@example.com"),
        (b"/u/ttt", b"/u/xxx"),
        (b"List-Unsubscribe=One-Click", b"x"),
        (b"there", b"where"),
        (b"multipart/alternative", b"multipart/mixed"),
        (b"From: ", b"From: eve@example.com\r\nFrom: "),
    ],
)
def test_a_mail_that_was_changed_is_not_believed(letter, old, new):
    signed = DkimSigner("example.org", "mail", pem(RSA)).sign(letter)
    assert old in signed
    assert not believed(signed.replace(old, new, 1))


def test_headers_added_on_the_way_do_no_harm(letter):
    signed = DkimSigner("example.org", "mail", pem(RSA)).sign(letter)
    assert believed(b"Received: from a by b\r\n" + signed)


async def test_the_gateway_signs_what_it_sends(outside, make):
    more = {"dkim_selector": "mail", "dkim_private_key": pem(RSA)}
    async with mail_server() as room:
        config = parse_config("smtp", Channel.EMAIL, CONFIG | more | {"port": room.port})
        gateway = build("smtp", config, outside)
        await gateway.send(make(channel=Channel.EMAIL, to="ann@example.com", subject="Hi", body=".\n.x\n"))
        await gateway.aclose()
    content = room.envelopes[0].content
    assert b"d=example.org; s=mail;" in content
    assert believed(content)


@pytest.mark.parametrize(
    "wrong",
    [
        {"dkim_selector": "mail"},
        {"dkim_private_key": pem(RSA)},
        {"dkim_domain": "example.org"},
        {"dkim_selector": "mail", "dkim_private_key": "no key"},
        {"dkim_selector": "mail", "dkim_private_key": pem(rsa.generate_private_key(65537, 1024))[:-60]},
        {"dkim_selector": "mail", "dkim_private_key": pem(RSA, serialization.BestAvailableEncryption(b"x"))},
        {"dkim_selector": "mail", "dkim_private_key": pem(ec.generate_private_key(ec.SECP256R1()))},
        {"dkim_selector": "m; d=evil.com", "dkim_private_key": pem(RSA)},
        {"dkim_selector": "mail", "dkim_private_key": pem(RSA), "dkim_domain": "x\r\nBcc: a@b.com"},
    ],
)
def test_a_key_that_cannot_sign_is_refused_when_the_gateway_is_added(wrong):
    with pytest.raises(InvalidGatewayConfig) as refused:
        parse_config("smtp", Channel.EMAIL, CONFIG | wrong)
    assert "PRIVATE KEY" not in str(refused.value)


def test_the_key_is_a_secret():
    assert "dkim_private_key" in GATEWAY_TYPES["smtp"].config.SECRETS
    config = parse_config("smtp", Channel.EMAIL, CONFIG | {"dkim_selector": "mail", "dkim_private_key": pem(RSA)})
    assert "PRIVATE" not in repr(config)
