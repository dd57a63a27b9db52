"""Reading what the gateways of WhatsApp post: tolerant of missing and new fields."""

import re
from typing import Any

# An account's id is its number, perhaps with the device that wrote. At most 15 digits: E.164.
_ACCOUNT = re.compile(r"([0-9]{5,15})(?::[0-9]+)?@(?:s\.whatsapp\.net|c\.us)")
_HIDDEN = re.compile(r"([0-9]{5,20})(?::[0-9]+)?@lid")


def inside(value: object, *names: str) -> Any:
    """The value at this path of nested objects; ``None`` if a part of it is missing."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def text_of(*candidates: object) -> str:
    """The first that is a text, as it was written, but for NUL, which Postgres cannot hold."""
    return next((one.replace("\x00", "") for one in candidates if isinstance(one, str) and one), "")


def person(*ids: object) -> str | None:
    """The E.164 number of a chat with one person; ``None``: it is a group, a status, a channel, or hides the number.

    Args:
        ids: what the chat is called, in order: WhatsApp hides numbers behind ids at ``@lid``, and most gateways then
            tell the number beside it.
    """
    for one in ids:
        if not isinstance(one, str) or not one:
            continue
        if found := _ACCOUNT.fullmatch(one):
            return f"+{found[1]}"
        if not one.endswith("@lid"):
            return None
    return None


def internal_id(*ids: object) -> str | None:
    """The id at ``@lid`` of a chat with one person, without the device; ``None``: it has none, or is no such chat.

    Args:
        ids: as for ``person``.
    """
    given = [one for one in ids if isinstance(one, str) and one]
    if not given or not (_ACCOUNT.fullmatch(given[0]) or _HIDDEN.fullmatch(given[0])):
        return None
    return next((f"{found[1]}@lid" for one in given if (found := _HIDDEN.fullmatch(one))), None)
