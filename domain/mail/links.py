"""Signed links in emails to this install: each contains its message's uid, and is bound to its purpose.

A token is base64url of ``16 bytes of HMAC-SHA256 ‖ the message's uid``, for a click followed by base64url of the URL
of its target. The HMAC covers all of it and the link's kind, so that no token serves another purpose. No table
is needed to read one.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from domain.keyring import LINKS, derive_keys

_TAG = 16
_HEAD = 43
"""Characters of 32 bytes in base64url without padding."""


class LinkKind(StrEnum):
    """The kind of a link, and the first segment of its path."""

    UNSUBSCRIBE = "u"
    OPEN = "o"
    CLICK = "c"
    PREFERENCES = "p"
    """Of a message, or of an address of an account."""
    CONFIRM = "s"
    """Of a subscription that waits for its confirmation, by its id."""


class LinkSigner:
    """Makes tokens with the current key, reads those of every key of the ring."""

    def __init__(self, keys: str) -> None:
        """``keys``: a ring as in ``XSENDER_KEYS``.

        Raises:
            ValueError: the ring is empty or malformed.
        """
        self._keys = list(derive_keys(keys, LINKS).values())

    def token(self, kind: LinkKind, uid: UUID, url: str = "") -> str:
        """The token of a link; ``url`` is the target of a click."""
        return _base64(_tag(self._keys[0], kind, uid, url) + uid.bytes) + _base64(url.encode())

    def of_address(self, kind: LinkKind, account_id: int, channel: str, recipient: str) -> str:
        """The token of a link that belongs to an address instead of a message."""
        return self.token(kind, UUID(int=account_id), f"{channel}:{recipient}")

    def read(self, kind: LinkKind, token: str) -> tuple[UUID, str] | None:
        """The message and the URL of a token; ``None``: we did not make it, or not for this purpose."""
        try:
            head, url = _bytes(token[:_HEAD]), _bytes(token[_HEAD:]).decode()
            uid = UUID(bytes=head[_TAG:])
        except (NotBase64, ValueError):  # the latter: not ASCII, not UTF-8, or too short
            return None
        ours = any(hmac.compare_digest(_tag(key, kind, uid, url), head[:_TAG]) for key in self._keys)
        return (uid, url) if ours else None


def _tag(key: bytes, kind: LinkKind, uid: UUID, url: str) -> bytes:
    return hmac.digest(key, kind.encode() + uid.bytes + url.encode(), sha256)[:_TAG]


def _base64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
