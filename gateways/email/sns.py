"""Amazon SNS over HTTP: believing what it posts, and confirming a subscription.

The rules of the signature: docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html. It proves that
Amazon sent the message for some topic of some account, so the topic is pinned as well.
"""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Awaitable, Callable
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509 import Certificate, load_pem_x509_certificate

from gateways.net.http import HttpClient, call
from gateways.net.http_answer import Answer
from gateways.webhooks.events import seconds
from gateways.webhooks.webhook import Post, UnreadablePost, is_fresh

NOTIFICATION = "Notification"
SUBSCRIPTION = "SubscriptionConfirmation"
UNSUBSCRIPTION = "UnsubscribeConfirmation"
MAX_AGE = 3600.0
"""Seconds for which SNS retries."""
FETCH_SECONDS = 5.0
"""SNS waits 15 seconds for our answer."""

_CONFIRMED = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    SUBSCRIPTION: _CONFIRMED,
    UNSUBSCRIPTION: _CONFIRMED,
}
_HASHES = {"1": SHA1(), "2": SHA256()}  # noqa: S303 - the subscription's owner chooses the version, SNS starts with 1
_SNS = r"https://sns\.[a-zA-Z0-9-]{3,}\.amazonaws\.com(?:\.cn)?"
_CERTIFICATE = re.compile(_SNS + r"/[a-zA-Z0-9_./-]+\.pem")
_SUBSCRIBE = re.compile(_SNS + r"/\?[!-~]+")

Fetch = Callable[[str], Awaitable[bytes | None]]
"""GET an address; ``None``: nothing came, or no 200."""


class NotNow(Exception):
    """Amazon could not be reached. SNS shall post the message again."""


def fetch_over(http: HttpClient) -> Fetch:
    """GET with the client, no redirects followed."""

    async def fetch(url: str) -> bytes | None:
        answer = await http.exchange(call("GET", url, {}, FETCH_SECONDS))
        return answer.body if isinstance(answer, Answer) and answer.status == 200 else None

    return fetch


class Topic:
    """The only topic whose messages are accepted. Caches fetched certificates: their addresses are permanent."""

    def __init__(self, arn: str, fetch: Fetch) -> None:
        self._arn = arn
        self._fetch = fetch
        self._certificates: dict[str, Certificate] = {}

    def is_named_by(self, head: Post) -> bool:
        """Whether the headers name a message that may be of this topic. They are not signed, but SNS sends them."""
        topic = head.headers.get("x-amz-sns-topic-arn", self._arn)
        return topic == self._arn and head.headers.get("x-amz-sns-message-type", "") in _SIGNED

    async def message_in(self, post: Post) -> dict[str, Any] | None:
        """The message that SNS posted; ``None``: it is not from SNS, not of this topic, or too old.

        Raises:
            NotNow: the certificate could not be fetched.
        """
        try:
            message = post.json()
        except UnreadablePost:
            return None
        if not isinstance(message, dict) or not self._concerns_us(message, post):
            return None
        signed, given = _signed_text(message), message.get("Signature")
        url, digest = message.get("SigningCertURL"), _HASHES.get(str(message.get("SignatureVersion")))
        if signed is None or digest is None or not isinstance(given, str) or not isinstance(url, str):
            return None
        key = await self._key(url, post.now)
        if key is None:
            return None
        try:
            key.verify(b64decode(given, validate=True), signed, PKCS1v15(), digest)
        except (InvalidSignature, NotBase64, ValueError):
            return None
        return message

    async def confirm(self, message: dict[str, Any]) -> bool:
        """Confirm a subscription whose message was verified; ``False``: its address is not Amazon's.

        Raises:
            NotNow: Amazon did not confirm it.
        """
        url = message["SubscribeURL"]
        if not _SUBSCRIBE.fullmatch(url):
            return False
        if await self._fetch(url) is None:
            raise NotNow("the subscription could not be confirmed")
        return True

    def _concerns_us(self, message: dict[str, Any], post: Post) -> bool:
        """Check what needs no fetch, so that arbitrary posts cannot make us fetch."""
        return (
            post.headers.get("x-amz-sns-message-type", "") == message.get("Type")
            and post.headers.get("x-amz-sns-message-id", "") == message.get("MessageId")
            and message.get("TopicArn") == self._arn
            and is_fresh(seconds(message.get("Timestamp"), otherwise=float("-inf")), post.now, MAX_AGE)
        )

    async def _key(self, url: str, now: float) -> RSAPublicKey | None:
        if not _CERTIFICATE.fullmatch(url):
            return None
        certificate = self._certificates.get(url) or await self._certificate(url)
        if not certificate.not_valid_before_utc.timestamp() <= now <= certificate.not_valid_after_utc.timestamp():
            return None
        key = certificate.public_key()
        return key if isinstance(key, RSAPublicKey) else None

    async def _certificate(self, url: str) -> Certificate:
        pem = await self._fetch(url)
        try:
            certificate = load_pem_x509_certificate(pem or b"")
            certificate.public_key()
        except (ValueError, UnsupportedAlgorithm):
            raise NotNow("the certificate could not be fetched") from None
        self._certificates[url] = certificate
        return certificate


def _signed_text(message: dict[str, Any]) -> bytes | None:
    """The fields under the signature, each name and value on a line of its own."""
    names = [name for name in _SIGNED.get(message["Type"], ()) if name != "Subject" or message.get(name) is not None]
    if not names or not all(isinstance(message.get(name), str) for name in names):
        return None
    return "".join(f"{name}\n{message[name]}\n" for name in names).encode()
