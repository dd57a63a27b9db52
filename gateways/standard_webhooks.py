"""Signatures by Standard Webhooks, version 1: HMAC-SHA256 over ``id.timestamp.body``."""

import hmac
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping

from gateways.webhook import is_fresh, same

_PREFIX = "whsec_"


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The signature of a message, as it stands in the header ``webhook-signature``.

    Raises:
        ValueError: the secret is not base64, after ``whsec_`` or by itself.
    """
    try:
        key = b64decode(secret.removeprefix(_PREFIX), validate=True)
    except NotBase64:
        raise ValueError("a secret is 'whsec_' and base64") from None
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + b64encode(hmac.digest(key, signed, "sha256")).decode()


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether a request was signed with the secret, and lately. ``headers`` is by lower-case name."""
    message_id, stamp, signatures = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not (stamp.isascii() and stamp.isdigit() and is_fresh(stamp, now)):
        return False
    expected = sign(secret, message_id, int(stamp), body)
    return any(same(given, expected) for given in signatures.split(" "))
