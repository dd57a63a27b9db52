"""How LinkedIn proves that it posts, and we that an address is ours (learn.microsoft.com, "Webhook Validation")."""

import hmac
import re

import orjson

from gateways.webhooks.webhook import Post, Reply, same

_SIGNATURE = re.compile("[0-9a-f]{64}")
_PREFIX = b"hmacsha256="
"""Part of what is signed, and not of the header."""
_CODE = re.compile("[0-9A-Za-z-]{1,100}")


def may_be_signed(head: Post) -> bool:
    """Whether a request brings something like a signature: all but the hash, before the body is read."""
    return _SIGNATURE.fullmatch(_given(head)) is not None


async def is_signed(post: Post, client_secret: str) -> bool:
    """Whether the app's client secret signed the raw body of a post (HMAC-SHA256)."""
    if post.method != "POST" or not may_be_signed(post):
        return False
    expected = await post.mac(client_secret.encode(), "sha256", _PREFIX)
    return same(_given(post), expected.hex())


def challenge_reply(post: Post, client_secret: str) -> Reply:
    """The answer to LinkedIn's validation, a GET every two hours: its code, and that signed with the client secret."""
    code = post.query.get("challengeCode", "")
    if _CODE.fullmatch(code) is None:
        return Reply(400, b'{"success":false,"message":"there is no challengeCode"}')
    response = hmac.digest(client_secret.encode(), code.encode(), "sha256").hex()
    return Reply(200, orjson.dumps({"challengeCode": code, "challengeResponse": response}))


def _given(post: Post) -> str:
    return post.headers.get("x-li-signature", "")
