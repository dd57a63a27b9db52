"""Ids of messages, as the app has them: at most 36 characters, and none is ever sent a second time."""

import re
from uuid import UUID

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_LATER = re.compile(r"([0-9a-f]{32})-([1-9a-z][0-9a-z]{0,2})")


def message_id(uid: UUID, attempt: int) -> str:
    """A message's id: its uid. Later attempts have ids of their own, as the app would send none of a known id."""
    return str(uid) if attempt == 1 else f"{uid.hex}-{_written(attempt)}"


def parse_id(text: str) -> tuple[UUID, int] | None:
    """The uid and the attempt of an id; ``None``: it is none of ours."""
    if match := _LATER.fullmatch(text):
        return UUID(match[1]), int(match[2], 36)
    try:
        uid = UUID(text)
    except ValueError:
        return None
    return (uid, 1) if str(uid) == text else None


def _written(number: int) -> str:
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return text
