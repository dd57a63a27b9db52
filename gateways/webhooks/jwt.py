"""Reading JSON Web Tokens that were signed with a shared secret (RFC 7519)."""

import hmac
from base64 import b64decode
from typing import Any

import orjson

_DIGESTS = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}


def claims_of(token: str, secret: bytes) -> dict[str, Any] | None:
    """The claims of a token that the holder of the secret signed; ``None`` if it is not validly signed.

    Only HMAC is accepted: a token cannot choose to be unsigned, or to use the secret as a public key. What the
    claims demand, their times included, is for the caller to check.
    """
    signed, _, signature = token.rpartition(".")
    head, _, body = signed.partition(".")
    try:
        header, claims = orjson.loads(_decoded(head)), orjson.loads(_decoded(body))
        given = _decoded(signature)
    except ValueError:
        return None
    digest = _DIGESTS.get(str(header.get("alg"))) if isinstance(header, dict) else None
    if digest is None or not isinstance(claims, dict):
        return None
    return claims if hmac.compare_digest(given, hmac.digest(secret, signed.encode(), digest)) else None


def _decoded(part: str) -> bytes:
    return b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
