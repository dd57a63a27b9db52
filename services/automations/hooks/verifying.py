"""Whether a post comes from who has the hook's secret: by the raw body, in constant time."""

import hmac
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence

from domain.automations.hooks.schemes import Bearer, Hmac, Scheme, StandardWebhooks, TimedHmac
from gateways.webhooks import standard_webhooks
from gateways.webhooks.webhook import is_fresh, same

_MOST_PARTS = 20
"""Of a header with ``t=…,v1=…``: while a secret is rotated, there is one more signature."""
_SECONDS = re.compile("[0-9]{1,12}")


def why_refused(
    scheme: Scheme, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: float
) -> str | None:
    """Why a post is not accepted, for the owner of the hook; ``None``: it is signed with one of the secrets.

    ``headers`` are by lower-case name.
    """
    if not secrets:
        return "secret_missing"
    match scheme:
        case Hmac():
            return _hmac(scheme, secrets, headers, body, now)
        case TimedHmac():
            return _timed(scheme, secrets, headers, body, now)
        case Bearer():
            return _bearer(secrets, headers)
        case StandardWebhooks():
            return _standard(secrets, headers, body, now)


def _hmac(scheme: Hmac, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: float) -> str | None:
    given = headers.get(scheme.header)
    if not given:
        return "signature_missing"
    signed = body
    if scheme.timestamp_header is not None:
        stamp = headers.get(scheme.timestamp_header, "")
        if not _SECONDS.fullmatch(stamp):
            return "time_missing"
        if not is_fresh(stamp, now, scheme.tolerance):
            return "time_differs"
        signed = f"{stamp}.".encode() + body
    if not given.startswith(scheme.prefix):
        return "signature_wrong"
    given = given.removeprefix(scheme.prefix).strip()
    if scheme.encoding == "hex":
        given = given.lower()
    return _any(same(given, _mac(secret, signed, scheme.algorithm, scheme.encoding)) for secret in secrets)


def _timed(
    scheme: TimedHmac, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: float
) -> str | None:
    given = headers.get(scheme.header)
    if not given:
        return "signature_missing"
    parts = [part.strip().partition("=") for part in given.split(",", _MOST_PARTS)[:_MOST_PARTS]]
    stamp = next((value for name, _, value in parts if name == "t"), "")
    if not _SECONDS.fullmatch(stamp):
        return "time_missing"
    if not is_fresh(stamp, now, scheme.tolerance):
        return "time_differs"
    signatures = [value.lower() for name, _, value in parts if name == "v1"]
    expected = [_mac(secret, f"{stamp}.".encode() + body, "sha256", "hex") for secret in secrets]
    return _any(same(one, other) for one in signatures for other in expected)


def _bearer(secrets: Sequence[str], headers: Mapping[str, str]) -> str | None:
    kind, _, given = headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer":
        return "signature_missing"
    return _any(same(given.strip(), secret) for secret in secrets)


def _standard(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: float) -> str | None:
    prefix = "webhook" if "webhook-id" in headers else "svix"
    if not headers.get(f"{prefix}-signature"):
        return "signature_missing"
    if not is_fresh(headers.get(f"{prefix}-timestamp", ""), now):
        return "time_differs"
    return _any(standard_webhooks.verify(secret, headers, body, now) for secret in secrets)


def _mac(secret: str, signed: bytes, algorithm: str, encoding: str) -> str:
    mac = hmac.digest(secret.encode(), signed, algorithm)
    return mac.hex() if encoding == "hex" else b64encode(mac).decode()


def _any(fits: Iterable[bool]) -> str | None:
    return None if any(list(fits)) else "signature_wrong"
