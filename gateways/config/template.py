"""JSON templates with ``{{ field }}`` placeholders, compiled once and filled for each message.

The template is turned into JSON text with holes, so that filling it costs one join and the encoding of the values:
no tree is built or walked per message.
"""

import re
from collections.abc import Callable
from operator import attrgetter
from typing import Any
from urllib.parse import quote

import orjson

from domain.messages.outbound import Outbound

Field = Callable[[Outbound], str | None]
Filler = Callable[[Outbound], bytes]

FIELDS: dict[str, Field] = {
    "uid": lambda message: str(message.uid),
    "reference": attrgetter("reference"),
    "to": attrgetter("to"),
    "to_digits": lambda message: message.to.removeprefix("+"),
    "body": attrgetter("body"),
    "subject": attrgetter("subject"),
    "html": attrgetter("html"),
    "sender": attrgetter("sender"),
    "channel": lambda message: message.channel.value,
    "media_type": attrgetter("media_type"),
    "media_url": attrgetter("media_url"),
    "reply_to": attrgetter("reply_to"),
    "unsubscribe_url": attrgetter("unsubscribe_url"),
    "from": attrgetter("from_address"),
}

_PLACEHOLDER = re.compile(r"\{\{\s{0,20}+((?:(?!\s{0,20}\}\})[^{}\n]){0,60})\s{0,20}\}\}")
"""Names are short, and so is the space around them: of a brace that nothing closes little is read."""
_ABSENT_LEFT_OUT = ("subject", "html", "sender", "media_type", "media_url", "reply_to", "unsubscribe_url", "from")


class UnknownField(ValueError):
    """A placeholder names no field of a message."""

    def __init__(self, name: str) -> None:
        super().__init__(f"unknown placeholder {{{{ {name} }}}}; known are {', '.join(FIELDS)}")


def json_filler(template: Any) -> Filler:
    """Compile a JSON value. A string that is one placeholder and nothing else becomes the value, or null.

    Raises ``UnknownField``; the filler raises ``orjson.JSONEncodeError`` for text that is no Unicode (lone surrogates).
    """
    parts: list[bytes | Filler] = []
    _compile(template, parts)
    return _joined(parts)


def url_filler(template: str) -> Callable[[Outbound], str]:
    """Compile a URL. Values are quoted so that they cannot leave their place in it."""
    return _text_filler(template, lambda value: quote(value, safe=""))


def text_filler(template: str) -> Callable[[Outbound], str]:
    """Compile a plain text, such as a header's value."""
    return _text_filler(template, lambda value: value)


def has_placeholder(text: str) -> bool:
    """Whether the text depends on the message."""
    return _PLACEHOLDER.search(text) is not None


def names_in(template: Any) -> set[str]:
    """The placeholders in a JSON value."""
    return set(_PLACEHOLDER.findall(orjson.dumps(template).decode()))


def without_placeholders(text: str) -> str:
    """Return the text with an ``x`` for each placeholder."""
    return _PLACEHOLDER.sub("x", text)


def default_body(message: Outbound) -> bytes:
    """Fill the body that is sent when the configuration has none: the message's fields, without the absent ones."""
    body = {"uid": str(message.uid), "reference": message.reference, "channel": message.channel.value}
    body |= {"to": message.to, "body": message.body}
    for name in _ABSENT_LEFT_OUT:
        value = FIELDS[name](message)
        if value is not None:
            body[name] = value
    return orjson.dumps(body)


def _compile(value: Any, parts: list[bytes | Filler]) -> None:
    if isinstance(value, dict):
        for index, (key, item) in enumerate(value.items()):
            parts.append((b"," if index else b"{") + orjson.dumps(key) + b":")
            _compile(item, parts)
        parts.append(b"}" if value else b"{}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            parts.append(b"," if index else b"[")
            _compile(item, parts)
        parts.append(b"]" if value else b"[]")
    elif isinstance(value, str):
        _compile_string(value, parts)
    else:
        parts.append(orjson.dumps(value))


def _compile_string(text: str, parts: list[bytes | Filler]) -> None:
    whole = _PLACEHOLDER.fullmatch(text)
    if whole is not None:
        parts.append(_value_filler(_field(whole[1])))
        return
    parts.append(b'"')
    for literal, field in _split(text):
        parts.append(orjson.dumps(literal)[1:-1])
        if field is not None:
            parts.append(_inner_filler(field))
    parts.append(b'"')


def _value_filler(field: Field) -> Filler:
    return lambda message: orjson.dumps(field(message))


def _inner_filler(field: Field) -> Filler:
    return lambda message: orjson.dumps(field(message) or "")[1:-1]


def _joined(parts: list[bytes | Filler]) -> Filler:
    """Merge neighbouring constants and leave holes for the values."""
    skeleton = [b""]
    holes: list[tuple[int, Filler]] = []
    for part in parts:
        if isinstance(part, bytes):
            skeleton[-1] += part
        else:
            holes.append((len(skeleton), part))
            skeleton += [b"", b""]

    def fill(message: Outbound) -> bytes:
        pieces = skeleton.copy()
        for place, filler in holes:
            pieces[place] = filler(message)
        return b"".join(pieces)

    return fill


def _text_filler(template: str, encode: Callable[[str], str]) -> Callable[[Outbound], str]:
    pieces = _split(template)
    return lambda message: "".join(
        [literal + encode(field(message) or "") if field is not None else literal for literal, field in pieces]
    )


def _split(text: str) -> list[tuple[str, Field | None]]:
    """Cut a text into constants, each with the field that follows it."""
    pieces: list[tuple[str, Field | None]] = []
    start = 0
    for match in _PLACEHOLDER.finditer(text):
        pieces.append((text[start : match.start()], _field(match[1])))
        start = match.end()
    pieces.append((text[start:], None))
    return pieces


def _field(name: str) -> Field:
    try:
        return FIELDS[name]
    except KeyError:
        raise UnknownField(name) from None
