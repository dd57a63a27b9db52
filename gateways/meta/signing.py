"""How Meta proves that it is Meta that posts to us, and we that it is the app that asks.

Each app of Meta has one secret (developers.facebook.com/docs/graph-api/webhooks/getting-started).
"""

import hmac
import re
from base64 import urlsafe_b64decode
from typing import Any

import orjson

from gateways.webhooks.webhook import Post, Reply, same

_CHALLENGE_CAP = 256
_SIGNATURE = re.compile("sha256=[0-9a-f]{64}")
_NOT_OURS = Reply(403, b'{"success":false,"message":"the verify token is not the configured one"}')
_SIGNED_REQUEST = re.compile(r"[A-Za-z0-9_-]{43}=?\.[A-Za-z0-9_-]{1,8192}={0,2}")


def challenge_reply(post: Post, verify_token: str | None) -> Reply:
    """The answer to Meta's verification request, an unsigned GET: its challenge is returned if it has our token."""
    query = post.query
    challenge = query.get("hub.challenge", "")
    ours = verify_token is not None and same(query.get("hub.verify_token", ""), verify_token)
    if not ours or query.get("hub.mode") != "subscribe" or not 0 < len(challenge) <= _CHALLENGE_CAP:
        return _NOT_OURS
    return Reply(200, challenge.encode(), "text/plain", (("x-content-type-options", "nosniff"),))


def may_be_signed(head: Post) -> bool:
    """Whether a request brings something like a signature: all but the hash, before the body is read."""
    return _SIGNATURE.fullmatch(_given(head)) is not None


async def is_signed(post: Post, app_secret: str) -> bool:
    """Whether the app's secret signed the raw body of a post (HMAC-SHA256)."""
    if post.method != "POST" or not may_be_signed(post):
        return False
    expected = await post.mac(app_secret.encode(), "sha256")
    return same(_given(post), f"sha256={expected.hex()}")


def signed_request(text: str, app_secret: str) -> dict[str, Any] | None:
    """What Meta says in a ``signed_request``, such as who wants data deleted; ``None``: Meta did not sign it.

    Only HMAC-SHA256 is accepted: the text cannot choose another algorithm. How old it is, is for the caller to check
    (``issued_at``).
    """
    if _SIGNED_REQUEST.fullmatch(text) is None:
        return None
    given, _, payload = text.partition(".")
    expected = hmac.digest(app_secret.encode(), payload.encode(), "sha256")
    try:
        if not hmac.compare_digest(_decoded(given), expected):
            return None
        said = orjson.loads(_decoded(payload))
    except ValueError:
        return None
    if not isinstance(said, dict) or str(said.get("algorithm")).upper() != "HMAC-SHA256":
        return None
    return said


def appsecret_proof(token: str, app_secret: str) -> str:
    """The proof that whoever uses a token is the app: Meta can be set to take no token without it."""
    return hmac.digest(app_secret.encode(), token.encode(), "sha256").hex()


def _given(post: Post) -> str:
    return post.headers.get("x-hub-signature-256", "")


def _decoded(part: str) -> bytes:
    bare = part.rstrip("=")
    return urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
