"""Values of a post by their place: in a header, or in the body."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from domain.automations.mapping import find_value

MOST_TOPIC = 200
"""Characters of what happened."""
HEADER = "header:"
_GENERAL = ("webhook-id", "svix-id")
"""Headers in which senders of any kind name a delivery, beside ``Idempotency-Key``."""


def value_at(place: str, headers: Mapping[str, str], body: Any) -> str | None:
    """The text or number at ``header:X-Name``, or at a JSON pointer; ``None``: none stands there."""
    if place.startswith(HEADER):
        return headers.get(place.removeprefix(HEADER).lower()) or None
    value = find_value(place, body)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value)


def topic_of(place: str | None, headers: Mapping[str, str], body: Any) -> str | None:
    """What happened, in the sender's words; ``None``: it does not say."""
    value = None if place is None else value_at(place, headers, body)
    return None if value is None else value[:MOST_TOPIC]


def delivery_of(places: Sequence[str] | None, headers: Mapping[str, str], body: Any) -> bytes | None:
    """A digest of what tells this delivery from all others of its hook; ``None``: nothing does."""
    return delivery_at(places, headers, body) or delivery_named(headers)


def delivery_at(places: Sequence[str] | None, headers: Mapping[str, str], body: Any) -> bytes | None:
    """The same by the hook's own places.

    All of them together are the id: some systems give two deliveries of one second the same one.
    """
    found = [value_at(place, headers, body) for place in places or ()]
    return None if not found or None in found else _digest(list(places or ()), found)


def delivery_named(headers: Mapping[str, str]) -> bytes | None:
    """The same by headers that senders of any kind use."""
    for name in _GENERAL:
        if value := headers.get(name):
            return _digest(name, value)
    return None


def digest_of_key(key: str) -> bytes:
    """The same of an ``Idempotency-Key``."""
    return _digest("idempotency-key", key)


def _digest(*parts: Any) -> bytes:
    return hashlib.sha256(orjson.dumps(parts)).digest()
