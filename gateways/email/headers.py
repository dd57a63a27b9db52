"""Headers of a mail as they are written: folded, and encoded where they are not ASCII, in linear time.

Python's own writer tries where to fold, which takes a second for twenty headers that are all emoji.
"""

import re
from base64 import b64encode
from urllib.parse import quote

from gateways.email.mailbox import Mailbox

_LINE = 78
"""Characters that a line should have at most (RFC 5322 §2.1.1), and those that it may."""
_LONGEST_LINE = 998
_ENCODED_LINE = 76
"""Of a line with an encoded word (RFC 2047 §2)."""
_AROUND_WORD = len("=?utf-8?b??=")
_WORD = re.compile(r"[ \t]*+[^ \t]++|[ \t]++")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++)*")
_SPECIAL = re.compile(r'(["\\])')
_SEGMENT = re.compile(r"(?:%..|[^%]){1,20}")


def header(name: str, value: str) -> str:
    """A header with any text. Raises ``UnicodeEncodeError`` for half a surrogate pair."""
    lines = _folded(f"{name}:", f" {value}") if value.isascii() else []
    if not lines or max(map(len, lines)) > _LONGEST_LINE:
        lines = _encoded(f"{name}:", value)
    return "\r\n".join(lines) + "\r\n"


def sender_header(display_name: str, mailbox: Mailbox) -> str:
    """``From``, with the sender's name if there is one."""
    if not display_name:
        return f"From: {mailbox}\r\n"
    if not display_name.isascii():
        lines = _encoded("From:", display_name)
    elif _ATOMS.fullmatch(display_name):
        lines = _folded("From:", f" {display_name}")
    else:
        quoted = _SPECIAL.sub(r"\\\1", display_name)
        lines = _folded("From:", f' "{quoted}"')
    address = f" <{mailbox}>"
    if len(lines[-1]) + len(address) > _LINE:
        lines.append("")
    lines[-1] += address
    return "\r\n".join(lines) + "\r\n"


def mailboxes_header(name: str, mailboxes: tuple[Mailbox, ...]) -> str:
    """A header that lists addresses."""
    return f"{name}: " + ",\r\n ".join(map(str, mailboxes)) + "\r\n"


def parameter(name: str, value: str) -> str:
    """A parameter of a header, on lines of its own (RFC 2045 §5.1; RFC 2231 where it is not ASCII)."""
    if value.isascii() and value.isprintable():
        quoted = _SPECIAL.sub(r"\\\1", value)
        return f';\r\n {name}="{quoted}"'
    encoded = quote(value, safe="!#$&+-.^_`{}~")  # RFC 5987 §3.2.1, `attr-char` without `|`
    if len(encoded) <= 60:
        return f";\r\n {name}*=utf-8''{encoded}"
    segments = _SEGMENT.findall(encoded)
    segments[0] = f"utf-8''{segments[0]}"
    return "".join(f";\r\n {name}*{number}*={segment}" for number, segment in enumerate(segments))


def _folded(start: str, value: str) -> list[str]:
    """The lines of a text that is ASCII, cut in front of spaces; a line of spaces alone would end the header."""
    lines = [start]
    for word in _WORD.findall(value):
        if len(lines[-1]) + len(word) > _LINE and lines[-1] != start and word[0] in " \t" and not word.isspace():
            lines.append("")
        lines[-1] += word
    return lines


def _encoded(start: str, value: str) -> list[str]:
    """The lines of a text as encoded words, each of whole characters (RFC 2047); spaces between them do not count."""
    raw, at = value.encode(), 0
    lines = [start]
    while at < len(raw):
        room = _ENCODED_LINE - len(lines[-1]) - 1 - _AROUND_WORD
        end = at + room // 4 * 3
        while at < end < len(raw) and raw[end] & 0xC0 == 0x80:  # within a character
            end -= 1
        if end > at:
            lines[-1] += f" =?utf-8?b?{b64encode(raw[at:end]).decode()}?="
            at = end
        if at < len(raw):
            lines.append("")
    return lines
