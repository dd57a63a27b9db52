"""Credentials of sources, and raw leads: sealed with the key ring."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson

from domain.keyring import Keyring


def seal_credentials(keyring: Keyring, source_id: UUID, credentials: Mapping[str, str]) -> bytes | None:
    """Credentials as they are stored; ``None``: there are none."""
    if not credentials:
        return None
    return keyring.encrypt(orjson.dumps(dict(credentials)), _credentials(source_id))


def open_credentials(keyring: Keyring, source_id: UUID, sealed: bytes | None) -> dict[str, str]:
    """The credentials of a source.

    Raises:
        KeyringError: the ring lacks the key, or the row was tampered with.
    """
    if sealed is None:
        return {}
    found: dict[str, str] = orjson.loads(keyring.decrypt(sealed, _credentials(source_id)))
    return found


def seal_lead(keyring: Keyring, lead_id: UUID, body: Mapping[str, Any]) -> bytes:
    """A raw lead as it is stored."""
    return keyring.encrypt(orjson.dumps(body), _lead(lead_id))


def open_lead(keyring: Keyring, lead_id: UUID, sealed: bytes) -> dict[str, Any]:
    """A raw lead.

    Raises:
        KeyringError: the ring lacks the key, or the row was tampered with.
    """
    found: dict[str, Any] = orjson.loads(keyring.decrypt(sealed, _lead(lead_id)))
    return found


def _credentials(source_id: UUID) -> bytes:
    return f"lead_sources|sealed|{source_id}".encode()


def _lead(lead_id: UUID) -> bytes:
    return f"leads|sealed|{lead_id}".encode()
