"""Ids of messages that we choose ourselves, as newer servers of Evolution API allow (``messageId``).

They come back in every event, so a receipt finds its message even when the answer was lost. Older servers ignore the
field, and name the message themselves.
"""

import re
from uuid import UUID

_OURS = re.compile(r"3EB0([0-9A-F]{32})")
"""``3EB0``, as ids of WhatsApp Web begin, and our uid. Evolution's own are longer or shorter."""


def message_id(uid: UUID) -> str:
    """The id for a message of ours."""
    return f"3EB0{uid.hex.upper()}"


def uid_in(key: str) -> str | None:
    """Our uid, if the id is one that we chose."""
    found = _OURS.fullmatch(key)
    return str(UUID(found[1])) if found else None
