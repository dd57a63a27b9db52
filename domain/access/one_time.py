"""Tokens of links that set a password: 256 random bits, shown once, stored as a hash."""

import secrets
from enum import StrEnum
from hashlib import sha256

PREFIX = "xs_once_"
LONGEST = 100
"""Characters; one of ours has fewer."""


class Purpose(StrEnum):
    """What a token is for."""

    SETUP = "setup"
    """Create the first owner."""
    INVITE = "invite"
    """Set the first password."""
    RESET = "reset"
    """Set another password."""


HOURS: dict[Purpose, int] = {Purpose.SETUP: 24, Purpose.INVITE: 72, Purpose.RESET: 1}
"""How long each can be used."""


def new_token() -> str:
    """A new token."""
    return PREFIX + secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """As it is stored."""
    return sha256(token.encode()).digest()
