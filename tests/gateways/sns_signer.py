"""Amazon SNS as far as its signature goes: a key, a certificate of our own, and an Amazon that hands it out."""

import json
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from gateways.webhooks.webhook import Post
from tests.gateways.posts import post

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem"
SUBSCRIBE_URL = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=abc"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:ses-events"

_ORDER = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def certificate(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, *, days: int = 30) -> bytes:
    """Certify a key from a month before ``NOW`` until some days after it."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(NOW - timedelta(days=30)).not_valid_after(NOW + timedelta(days=days))
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM)


@dataclass
class Amazon:
    """Answers GETs, and counts them."""

    pages: dict[str, bytes] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)

    async def fetch(self, url: str) -> bytes | None:
        self.fetched.append(url)
        return self.pages.get(url)


def signed(version: str = "1", *, signer: rsa.RSAPrivateKey | None = None, **fields: Any) -> dict[str, Any]:
    """A message as SNS signs it. Fields that are ``None`` are absent."""
    confirming = fields.get("Type", "Notification") != "Notification"
    message = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Message": "{}",
        "Timestamp": "2026-03-01T11:59:58.123Z",
        "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE_URL,
        **({"Token": "abc", "SubscribeURL": SUBSCRIBE_URL} if confirming else {}),
        **fields,
    }
    message = {name: value for name, value in message.items() if value is not None}
    order = _ORDER["SubscriptionConfirmation" if confirming else "Notification"]
    text = "".join(f"{name}\n{message[name]}\n" for name in order if name in message)
    digest = SHA1() if version == "1" else SHA256()
    signature = (signer or rsa_key()).sign(text.encode(), padding.PKCS1v15(), digest)
    return message | {"Signature": b64encode(signature).decode()}


def sns_post(message: dict[str, Any], *, now: datetime = NOW, **headers: str) -> Post:
    """The request that brings a message."""
    given = {"x-amz-sns-message-type": str(message.get("Type")), "x-amz-sns-message-id": str(message.get("MessageId"))}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    return post(json.dumps(message).encode(), given, now=now.timestamp())
