"""Encryption with a ring of keys: AES-256-GCM, the key's id in every value, so that keys can be rotated.

A value is ``version byte ‖ length of the key id ‖ key id ‖ 12-byte nonce ‖ ciphertext and tag``. Additional data (AAD)
binds a value to its place: a ciphertext moved to another row or another use does not open.
"""

import base64
import os
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.errors import FaultError

PAYLOADS = "temporal-payload"
CREDENTIALS = "gateway-credentials"
LINKS = "mail-links"
"""The purposes that keys are derived for."""

_VERSION = 1
_NONCE = 12
_KEY_BYTES = 32


class KeyringError(FaultError):
    """A value cannot be opened: an unknown key, or a value that was changed or moved."""

    def __init__(self, why: str) -> None:
        super().__init__("keyring", f"a stored secret does not open with the keys of this install: {why}")
        self.why = why


@dataclass(frozen=True)
class Keyring:
    """Keys by id for one purpose; ``current`` encrypts, every one of them decrypts."""

    current: str
    ciphers: dict[str, AESGCM] = field(repr=False)

    @classmethod
    def parse(cls, text: str, purpose: str) -> "Keyring":
        """Read ``id:base64,id:base64`` (32 bytes each) and derive this purpose's keys from it (HKDF-SHA256).

        Raises:
            ValueError: the text is empty or malformed.
        """
        ciphers = {key_id: AESGCM(key) for key_id, key in derive_keys(text, purpose).items()}
        return cls(next(iter(ciphers)), ciphers)

    @staticmethod
    def generate() -> str:
        """A new ring with one random key, in the form that ``parse`` reads."""
        return "k1:" + base64.b64encode(os.urandom(_KEY_BYTES)).decode()

    def encrypt(self, plain: bytes, aad: bytes) -> bytes:
        """Seal ``plain`` under the current key, bound to ``aad``."""
        key_id = self.current.encode()
        nonce = os.urandom(_NONCE)
        sealed = self.ciphers[self.current].encrypt(nonce, plain, aad)
        return bytes((_VERSION, len(key_id))) + key_id + nonce + sealed

    def decrypt(self, value: bytes, aad: bytes) -> bytes:
        """Open a value that ``encrypt`` made with the same ``aad``.

        Raises:
            KeyringError: unknown key or form, or the value does not belong here.
        """
        if len(value) < 2 or value[0] != _VERSION:
            raise KeyringError("not a value of this key ring")
        start = 2 + value[1]
        key_id = value[2:start].decode(errors="replace")
        cipher = self.ciphers.get(key_id)
        if cipher is None:
            raise KeyringError(f"no key {key_id!r} in the key ring")
        try:
            return cipher.decrypt(value[start : start + _NONCE], value[start + _NONCE :], aad)
        except (InvalidTag, ValueError):  # ValueError: cut off within the nonce
            raise KeyringError("the value was changed, or belongs elsewhere") from None


def derive_keys(text: str, purpose: str) -> dict[str, bytes]:
    """One purpose's keys (32 bytes) by id, the current one first, from a ring as ``Keyring.parse`` reads it.

    Raises:
        ValueError: the text is empty or malformed.
    """
    keys: dict[str, bytes] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        key_id, _, encoded = entry.partition(":")
        master = base64.b64decode(encoded, validate=True)
        if not key_id or len(key_id.encode()) > 255 or len(master) != _KEY_BYTES:
            raise ValueError("each key must be 'id:base64 of 32 bytes'")
        keys[key_id] = HKDF(SHA256(), _KEY_BYTES, salt=None, info=purpose.encode()).derive(master)
    if not keys:
        raise ValueError("the key ring is empty: set XSENDER_KEYS to 'id:base64 of 32 random bytes'")
    return keys
