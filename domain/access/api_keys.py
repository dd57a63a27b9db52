"""API keys: ``xs_<kind>_<id>_<secret>``, shown once, kept only as a hash.

The fixed start and the checksum at the end let scanners of leaked secrets recognise a key, and let a mistyped one be
refused without a database query. The id finds the row; the secret has 256 random bits, so plain SHA-256 is enough.
"""

import hmac
import re
import secrets
import string
import zlib
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

_ID_ALPHABET = string.ascii_lowercase + string.digits
_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ID_LENGTH = 12
_SECRET_BITS = 256
_SECRET_LENGTH = 43
_CHECK_LENGTH = 6
_KEY = re.compile(
    r"(?P<checked>xs_(?P<kind>user|test|admin|staff|session)_(?P<id>[a-z0-9]{12})_(?P<secret>[0-9A-Za-z]{43}))"
    r"(?P<check>[0-9A-Za-z]{6})"
)


class KeyKind(StrEnum):
    """Whom a key belongs to."""

    USER = "user"
    TEST = "test"
    """A user, for messages that only pretend to be sent."""
    ADMIN = "admin"
    STAFF = "staff"
    SESSION = "session"
    """Of somebody who has logged in. It has the form of a key, and ends by itself."""


@dataclass(frozen=True, slots=True)
class MintedKey:
    """A new key; ``text`` is only for its owner, ``id`` and ``hash`` are to be stored."""

    text: str = field(repr=False)
    id: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class ParsedKey:
    """A presented key: well formed, not yet verified."""

    kind: KeyKind
    id: str
    hash: bytes


def mint(kind: KeyKind) -> MintedKey:
    """Make a new key."""
    key_id = "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LENGTH))
    secret = _base62(secrets.randbits(_SECRET_BITS), _SECRET_LENGTH)
    checked = f"xs_{kind}_{key_id}_{secret}"
    return MintedKey(checked + _checksum(checked), key_id, _hash(secret))


def parse(text: str) -> ParsedKey | None:
    """Parse a key; ``None`` if it is none or was mistyped. Its hash and kind must still be verified."""
    match = _KEY.fullmatch(text)
    if match is None or match["check"] != _checksum(match["checked"]):
        return None
    return ParsedKey(KeyKind(match["kind"]), match["id"], _hash(match["secret"]))


def matches(parsed: ParsedKey, stored_hash: bytes) -> bool:
    """Whether the presented key is the stored one, compared in constant time."""
    return hmac.compare_digest(parsed.hash, stored_hash)


def preview(text: str) -> str:
    """The last four characters, to identify keys in a list: part of the checksum, they reveal nothing."""
    return text[-4:]


def _hash(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


def _checksum(checked: str) -> str:
    return _base62(zlib.crc32(checked.encode()), _CHECK_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_BASE62[digit])
    return "".join(reversed(digits))
