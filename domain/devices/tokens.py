"""Secrets of devices: tokens and codes that pair a phone once, and tokens of sessions. Only their hashes are stored."""

import re
import secrets
from enum import StrEnum
from hashlib import sha256

from domain.access.log_in_waits import Wait, network_of

SESSION_PREFIX = "xsd_"
_PAIRING_PREFIX = "ATKN-"
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Of codes: without those that people mistake for another."""
_CODE_LENGTH = 6
_SESSION = re.compile(r"xsd_[A-Za-z0-9_-]{43}")
_PAIRING = re.compile(r"ATKN-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CODE = re.compile(f"[{_ALPHABET}]{{{_CODE_LENGTH}}}")

SHORTEST_LIFE = 60
"""Seconds; of all tokens."""
LONGEST_LIFE = 30 * 86_400
CODE_LIFE = 15 * 60
"""The longest life of a code: it is short, so it must not be guessed in time."""
_ONE_LIFE = 15 * 60
_BULK_LIFE = 7 * 86_400
_BULK = 20
"""Tokens; more of them are for the management of a fleet, which takes days to reach each phone."""
MOST_TOKENS = 1000
"""That are made at once."""
MOST_CODES = 50
"""The same of codes: each that can be used makes a guess more likely to be right."""

OF_CODES = Wait(free=20, longest=300)
"""Tries of codes from one network address."""
OF_TOKENS = Wait(free=100, longest=60)
"""Tries of tokens in vain from one network address. They cannot be guessed: this only spares the database."""


class TokenKind(StrEnum):
    """How a phone gets a token."""

    TOKEN = "token"  # noqa: S105 - a word
    """It is scanned, pasted, or put there by the management of a fleet."""
    CODE = "code"
    """It is typed: six characters, as the open-source app asks for."""


def new_session_token() -> str:
    """A token of a session: 256 random bits."""
    return SESSION_PREFIX + secrets.token_urlsafe(32)


def new_pairing_token(kind: TokenKind) -> str:
    """A token that pairs a phone: 128 random bits, or a code."""
    if kind is TokenKind.CODE:
        return "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
    bits = secrets.token_hex(16)
    return _PAIRING_PREFIX + "-".join((bits[:8], bits[8:12], bits[12:16], bits[16:20], bits[20:]))


def is_session_token(text: str) -> bool:
    """Whether it has the form of a session's token."""
    return _SESSION.fullmatch(text) is not None


def read_pairing_token(text: str) -> tuple[TokenKind, str] | None:
    """Which kind of pairing token this is, and how that is spelled; ``None``: it is none."""
    text = text.strip()
    if _PAIRING.fullmatch(text):
        return TokenKind.TOKEN, text
    if _CODE.fullmatch(text.lower()):
        return TokenKind.CODE, text.lower()
    return None


def digest_of(token: str) -> bytes:
    """A secret as it is stored."""
    return sha256(token.encode()).digest()


def life(kind: TokenKind, count: int) -> int:
    """Seconds that tokens can be used for, unless it is said."""
    if kind is TokenKind.CODE:
        return CODE_LIFE
    return _BULK_LIFE if count > _BULK else _ONE_LIFE


def subject(kind: TokenKind, address: str) -> str:
    """Whose tries are counted together."""
    return f"pairing {kind} {network_of(address)}"
