"""AWS Signature Version 4 (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html)."""

import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import quote

import httpx

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key of an AWS account, and what it may be used for."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    region: str
    service: str
    session_token: str | None = field(default=None, repr=False)
    """Goes with keys that AWS gave out for some hours only."""


def signed_headers(
    credentials: Credentials, method: str, url: str, headers: dict[str, str], body: bytes, now: float
) -> dict[str, str]:
    """The headers with which the request may be sent: those given, the time, and the signature over all of them.

    ``url`` has no query. ``headers`` are by lower-case name, without ``host``, which is signed as well. ``now`` is in
    Unix seconds: AWS accepts a signature for five minutes.
    """
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    dated = headers | {"x-amz-date": stamp}
    if credentials.session_token:
        dated["x-amz-security-token"] = credentials.session_token
    address = httpx.URL(url)
    covered = dict(sorted((dated | {"host": address.netloc.decode()}).items()))
    names = ";".join(covered)
    lines = "".join(f"{name}:{' '.join(value.split())}\n" for name, value in covered.items())
    path = quote(address.raw_path.decode() or "/", safe="/-_.~")
    request = "\n".join([method, path, "", lines, names, sha256(body).hexdigest()])
    scope = f"{stamp[:8]}/{credentials.region}/{credentials.service}/aws4_request"
    to_sign = "\n".join([_ALGORITHM, stamp, scope, sha256(request.encode()).hexdigest()])
    signature = hmac.digest(_key(credentials, stamp[:8]), to_sign.encode(), "sha256").hex()
    credential = f"Credential={credentials.access_key_id}/{scope}"
    return dated | {"authorization": f"{_ALGORITHM} {credential}, SignedHeaders={names}, Signature={signature}"}


def _key(credentials: Credentials, day: str) -> bytes:
    """Derive the key that is good for one day, region and service."""
    key = b"AWS4" + credentials.secret_access_key.encode()
    for part in (day, credentials.region, credentials.service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
