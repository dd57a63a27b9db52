"""Keys as they are answered, and their places in lists."""

from datetime import datetime
from typing import Any

from api.resources.listing import no_cursor
from domain.access.api_keys import KeyKind
from store.accounts.api_keys import KeyInfo


def shown(key: KeyInfo) -> dict[str, Any]:
    """A key, as its owner sees it."""
    return {
        "id": key.id,
        "kind": key.kind,
        "test": key.kind == KeyKind.TEST,
        "name": key.name,
        "preview": key.preview,
        "scopes": key.scopes,
        "ip_allow": None if key.allowed_ips is None else [str(network) for network in key.allowed_ips],
        "certificate": key.certificate,
        "rate_class": key.rate_class,
        "spend_cap": key.spend_cap,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "last_used_ip": key.last_used_ip,
    }


def place(key: KeyInfo) -> str:
    """Where a key stands in a list, the newest first."""
    return f"{key.created_at.isoformat()} {key.id}"


def position(text: str) -> tuple[datetime, str]:
    """Read what ``place`` wrote.

    Raises:
        InvalidError: it is none.
    """
    at, _, key_id = text.partition(" ")
    try:
        return datetime.fromisoformat(at), key_id
    except ValueError:
        raise no_cursor() from None
