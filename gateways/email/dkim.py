"""Signing mails for a domain (DKIM, RFC 6376; Ed25519 by RFC 8463), relaxed in header and body.

Written here because the usual library computes RSA in Python: 16 ms a mail, in which nothing else is sent.
"""

import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

_SIGNED = (
    *("from", "to", "cc", "reply-to", "subject", "date", "message-id", "mime-version", "content-type"),
    *("list-unsubscribe", "list-unsubscribe-post"),  # RFC 8058 §4: a one-click link counts only if it is signed
)
_MIN_RSA_BITS = 1024
"""RFC 8301 §3.2: verifiers ignore shorter keys."""
_SPACES = re.compile(rb"[ \t]+")
_FOLD = re.compile(rb"\r\n(?=[ \t])")

_Sign = Callable[[bytes], bytes]


class DkimSigner:
    """Signs with one key."""

    def __init__(self, domain: str, selector: str, private_key: str) -> None:
        self._algorithm, self._sign = load_key(private_key)
        self._start = f"v=1; a={self._algorithm}; c=relaxed/relaxed; d={domain}; s={selector};"

    def sign(self, mail: bytes) -> bytes:
        """The mail with its signature in front; its lines end with CR LF."""
        head, _, body = mail.partition(b"\r\n\r\n")
        fields = _fields(head)
        # From is signed once more than it occurs: an added one, which some clients would show, breaks the signature.
        signed = [name for name in _SIGNED if name in fields] + ["from"]
        digest = b64encode(sha256(_relaxed_body(body)).digest()).decode()
        value = f"{self._start}\r\n h={':'.join(signed)};\r\n bh={digest};\r\n b="
        hashed = b"".join(_relaxed(name, fields[name]) + b"\r\n" for name in signed[:-1])
        signature = b64encode(self._sign(hashed + _relaxed("dkim-signature", value.encode()))).decode()
        lines = "\r\n ".join(signature[at : at + 72] for at in range(0, len(signature), 72))
        return f"DKIM-Signature: {value}{lines}\r\n".encode() + mail


def load_key(pem: str) -> tuple[str, _Sign]:
    """The algorithm of a private key, and how to sign with it.

    Raises:
        ValueError: it is not a key that mails are signed with.
    """
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: it needs a password
        raise ValueError("is not an unencrypted private key in PEM form") from None
    match key:
        case RSAPrivateKey() if key.key_size >= _MIN_RSA_BITS:
            return "rsa-sha256", lambda data: key.sign(data, PKCS1v15(), SHA256())
        case Ed25519PrivateKey():
            return "ed25519-sha256", lambda data: key.sign(sha256(data).digest())
    raise ValueError(f"is not an RSA key of at least {_MIN_RSA_BITS} bits or an Ed25519 key")


def _fields(head: bytes) -> dict[str, bytes]:
    """The header fields by their names in lower case; of several the last, which is the one to sign (§5.4.2)."""
    fields: dict[str, bytes] = {}
    for line in _FOLD.sub(b"", head).split(b"\r\n"):
        name, _, value = line.partition(b":")
        fields[name.decode("ascii", "replace").lower()] = value
    return fields


def _relaxed(name: str, value: bytes) -> bytes:
    return name.encode() + b":" + _SPACES.sub(b" ", _FOLD.sub(b"", value)).strip(b" ")


def _relaxed_body(body: bytes) -> bytes:
    reduced = body.replace(b"\t", b" ")  # plain replacing: patterns take a second where there are attachments
    while b"  " in reduced:
        reduced = reduced.replace(b"  ", b" ")
    reduced = (reduced + b"\r\n").replace(b" \r\n", b"\r\n").rstrip(b"\r\n")
    return reduced + b"\r\n" if reduced else b""
