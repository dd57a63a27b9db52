"""The Standard Webhooks scheme, v1 (standardwebhooks.com): how Resend signs what it posts, and we our own callbacks."""

import hmac
import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from gateways.webhooks.webhook import is_fresh, same

SECRET_PREFIX = "whsec_"  # noqa: S105 - marks a secret, is none
_ENTRY = re.compile("v1,[A-Za-z0-9+/]{43}=")
SECRET_BYTES = 24
"""The shortest secret that the specification allows."""


def key_of(secret: str) -> bytes:
    """The key in a secret: base64, with ``whsec_`` in front or without, and with its padding or without.

    Raises:
        ValueError: it is no base64, or too short.
    """
    text = secret.removeprefix(SECRET_PREFIX)
    try:
        key = b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (NotBase64, ValueError):
        raise ValueError(f"is not a signing secret ({SECRET_PREFIX} and base64)") from None
    if len(key) < SECRET_BYTES:
        raise ValueError(f"must hold at least {SECRET_BYTES} bytes")
    return key


def _checked(secret: str) -> str:
    key_of(secret)
    return secret


SigningSecret = Annotated[str, Field(max_length=200), AfterValidator(_checked)]
"""A secret that both ends sign and verify with."""


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """One entry for the header ``webhook-signature``, version included: ``v1,<base64>``.

    ``timestamp`` is in Unix seconds and stands in ``webhook-timestamp``, ``message_id`` in ``webhook-id``. While a
    secret is being rotated, the header holds an entry for each, with a space between them.

    Raises:
        ValueError: the secret is none.
    """
    return _signature(key_of(secret), message_id, str(timestamp), body)


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether one of a request's signatures fits, and its time is within five minutes of now, either way.

    ``headers`` are by lower-case name. Svix's spelling, ``svix-id`` for ``webhook-id``, is understood as well.
    """
    if not may_verify(headers, now):
        return False
    message_id, stamp, given = _parts(headers)
    expected = _signature(key_of(secret), message_id, stamp, body)
    return any(same(one, expected) for one in given.split())


def may_verify(headers: Mapping[str, str], now: float) -> bool:
    """Whether headers bring something like a signature, and a time that is near enough to now: all but the hash."""
    _, stamp, given = _parts(headers)
    return is_fresh(stamp, now) and any(_ENTRY.fullmatch(one) for one in given.split())


def _parts(headers: Mapping[str, str]) -> tuple[str, str, str]:
    prefix = "webhook" if "webhook-id" in headers else "svix"
    return (
        headers.get(f"{prefix}-id", ""),
        headers.get(f"{prefix}-timestamp", ""),
        headers.get(f"{prefix}-signature", ""),
    )


def _signature(key: bytes, message_id: str, stamp: str, body: bytes) -> str:
    signed = f"{message_id}.{stamp}.".encode(errors="surrogateescape") + body
    return "v1," + b64encode(hmac.digest(key, signed, "sha256")).decode()
