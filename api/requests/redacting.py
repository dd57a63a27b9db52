"""Bodies and errors of requests as they may be kept: without what they say, to whom, and with which secrets.

Of texts only those of known, harmless fields are shown: a field that is made later hides its text until it is listed.
"""

import json
import re
from typing import Any

from domain.text.masking import mask

LONGEST = 4096
"""Characters of a redacted body."""

_SHOWN = frozenset(
    {
        *("action", "approve", "channel", "channels", "currency", "deny", "event", "events", "fallback", "format"),
        *("gateway", "gateway_identifier", "kind", "lane", "mode", "on_unknown", "permissions", "plan", "priority"),
        *("rate", "rate_class", "region", "role", "schedule_at", "schedule_date", "scopes", "state", "status"),
        *("template", "time_zone", "type", "until", "wait_for", "outcome", "as", "period", "expires_at"),
    }
)
_ADDRESSED = frozenset(
    {
        "number",
        "email",
        "phone",
        "whatsapp",
        "to",
        "cc",
        "bcc",
        "reply_to",
        "recipient",
        "sender",
        "contact",
        "contacts",
    }
)
"""Fields with recipients, which are masked."""
_SECRET = re.compile(r"pass|secret|token|key|code|otp|pin|auth|credential|sign", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,49}")
_TELLING = re.compile(r"@|\d{7}")
"""What an address has, or a number of a telephone."""
_PLAIN = re.compile(r"[\w:.+, -]{0,60}")
_RECIPIENT = re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}|\+?[\d() -]{7,20}")
_HIDDEN = "•••"
_PERSONAL = re.compile(r"(?<!\w)(['\"])[^'\"]*\s[^'\"]*\1(?!\w)|\S*@\S*|\+?\d[\d() .-]{5,}\d|\S{41,}")
"""Within what we say: quoted sentences, addresses, numbers of telephones, and what is long enough to be a secret."""
_DECODER = json.JSONDecoder()
_MOST_ERRORS = 10
_LONGEST_MESSAGE = 300
_MOST_ITEMS = 5
_DEEPEST = 8


def redacted(raw: bytes) -> str | None:
    """A JSON body without secrets, with masked recipients, at most ``LONGEST`` characters; ``None``: it is no JSON."""
    try:
        value = json.loads(raw, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None
    text = json.dumps(_value("", value, 0), ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def redacted_errors(answer: bytes) -> list[dict[str, str]] | None:
    """The errors of an answer, at most ``_MOST_ERRORS``: what is wrong, and where, without whom it is about.

    ``answer`` may be only the begin of one. ``None``: it has none.
    """
    rest = answer.decode(errors="replace").partition('"errors":')[2].lstrip(" [")
    errors: list[dict[str, str]] = []
    while rest.startswith("{") and len(errors) < _MOST_ERRORS:
        try:
            error, end = _DECODER.raw_decode(rest)
            errors.append({name: _without_persons(error[name]) for name in ("code", "pointer", "message")})
        except (
            ValueError,
            RecursionError,
            LookupError,
            TypeError,
            AttributeError,
        ):  # not whole, or of somebody else's form
            break
        rest = rest[end:].lstrip(" ,")
    return errors or None


def _without_persons(text: str) -> str:
    """A text of ours, which may quote what a client has sent."""
    return _PERSONAL.sub(_HIDDEN, text.replace("\0", ""))[:_LONGEST_MESSAGE]


def _value(name: str, value: Any, depth: int) -> Any:
    if isinstance(value, dict | list) and depth >= _DEEPEST:
        return _HIDDEN
    if isinstance(value, dict):
        return {_key(key): _value(key, part, depth + 1) for key, part in value.items()}
    if isinstance(value, list):
        shown = [_value(name, part, depth + 1) for part in value[:_MOST_ITEMS]]
        return shown if len(value) <= _MOST_ITEMS else [*shown, f"and {len(value) - _MOST_ITEMS} more"]
    if isinstance(value, str):
        return _text(name, value)
    if value is None or isinstance(value, bool):
        return value
    return _HIDDEN if _SECRET.search(name) or _TELLING.search(str(value)) else value


def _key(key: str) -> str:
    return key if _NAME.fullmatch(key) and not _TELLING.search(key) else _HIDDEN


def _text(name: str, text: str) -> str:
    if _SECRET.search(name):
        return _HIDDEN
    if name in _SHOWN and _PLAIN.fullmatch(text) and not _TELLING.search(text):
        return text
    if name in _ADDRESSED and _RECIPIENT.fullmatch(text):
        return mask(text)
    return f"{_HIDDEN} {len(text)} characters"
