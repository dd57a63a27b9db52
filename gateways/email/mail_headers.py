"""Header fields of a mail, written out (RFC 5322, 2047, 2231). What a caller wrote is text there, never syntax.

Python's own fields decode encoded words in what they are given, so that one could bring a line of its own; they lose
the quotes of a long name and the spaces between encoded words, and take a second to fold twenty fields of emoji.
"""

import re
from base64 import b64encode
from urllib.parse import quote

from gateways.email.mailbox import Mailbox

_LINE = 998
"""Characters of a line at most (RFC 5322 §2.1.1)."""
_SHORT = 76
"""Characters of a line with encoded words (RFC 2047 §2), and of a folded one."""
_AROUND_WORD = len("=?utf-8?b??=")
_LOOKS_ENCODED = re.compile(r"=\?[^?]*\?[bq]\?", re.IGNORECASE)
"""How begins what some program may take for an encoded word: they read more than the RFC lets them."""
_PLAIN = re.compile(r"[\t -~]*+")
_BEFORE_WORD = re.compile(r"(?<=[^ \t])(?= [^ \t])")
_SEGMENT = re.compile(r"(?:%..|[^%]){1,18}")
_BREAKS_OUT = re.compile(r"\r(?!\n[\t ])|(?<!\r)\n|\0")
_SPECIAL = re.compile(r'(["\\])')


class HeaderField(str):
    """The value of a header field as it will stand in the mail, folded.

    Raises:
        ValueError: it would end its field.
    """

    __slots__ = ("name",)
    name: str

    def __new__(cls, name: str, value: str) -> "HeaderField":
        if _BREAKS_OUT.search(value):
            raise ValueError(f"the header {name} contains a line break or another control character")
        made = super().__new__(cls, value)
        made.name = name
        return made

    @property
    def line(self) -> str:
        """The whole field."""
        return f"{self.name}: {self}\r\n"


def text_field(name: str, value: str) -> HeaderField:
    """A field of free text, such as Subject or one of the sender's own.

    If possible it is left as it is, in one line: clients do not decode the URL of a List-Unsubscribe.

    Raises:
        UnicodeEncodeError: the text contains half a surrogate pair.
    """
    start = len(name) + 2
    if _is_plain(value) and value == value.strip() and _longest_word(value) + start <= _LINE:
        return HeaderField(name, value if start + len(value) <= _LINE else _folded(value, start))
    return HeaderField(name, _encoded(value, start))


def addresses_field(name: str, *addresses: tuple[str, Mailbox]) -> HeaderField:
    """A field of mailboxes, each with its display name or "".

    Raises:
        UnicodeEncodeError: a name contains half a surrogate pair.
    """
    start = len(name) + 2
    return HeaderField(name, ",\r\n ".join(address(display, mailbox, start) for display, mailbox in addresses))


def address(display: str, mailbox: Mailbox, start: int = 1) -> str:
    """A mailbox with its display name, which is always quoted or encoded: a comma in it is no second mailbox.

    ``start`` characters stand before it in its line.
    """
    if not display:
        return str(mailbox)
    written = _quoted(display)
    if not _is_plain(display) or "\t" in display or start + len(written) > _LINE - 1:
        written = _encoded(display, start)
    last = len(written) - written.rfind("\n") - 1
    gap = " " if start + last + len(str(mailbox)) + 3 <= _SHORT else "\r\n "
    return f"{written}{gap}<{mailbox}>"


def in_one_line(value: str) -> str:
    """A value without its folding (RFC 5322 §2.2.3)."""
    return value.replace("\r\n", "")


def parameter(name: str, value: str) -> str:
    """A parameter of a MIME field, on a line of its own (RFC 2045 §5.1). Beyond ASCII, or long, by RFC 2231."""
    quoted = _quoted(value)
    if _is_plain(value) and "\t" not in value and len(name) + len(quoted) <= _SHORT - 4:
        return f";\r\n {name}={quoted}"
    segments = _SEGMENT.findall(quote(value, safe=""))
    if len(segments) == 1:
        return f";\r\n {name}*=utf-8''{segments[0]}"
    segments[0] = f"utf-8''{segments[0]}"
    return "".join(f";\r\n {name}*{number}*={segment}" for number, segment in enumerate(segments))


def _quoted(value: str) -> str:
    return '"' + _SPECIAL.sub(r"\\\1", value) + '"'


def _is_plain(value: str) -> bool:
    return bool(_PLAIN.fullmatch(value)) and not _LOOKS_ENCODED.search(value)


def _longest_word(value: str) -> int:
    return max(map(len, value.split(" ")))


def _folded(value: str, start: int) -> str:
    """Plain text in lines that are short enough; a line is only broken before a single space."""
    lines, line = [], ""
    for part in _BEFORE_WORD.split(value):
        if line and start + len(line) + len(part) > _SHORT:
            lines.append(line)
            line, start = "", 0
        line += part
    return "\r\n".join([*lines, line])


def _encoded(value: str, start: int) -> str:
    """A text as encoded words of whole characters, a line each (RFC 2047). ``start`` characters stand before the first.

    Spaces between two encoded words are not shown, so all of a text's spaces are inside of them.
    """
    raw, at = value.encode(), 0
    lines: list[str] = []
    while at < len(raw) or not lines:
        room = _SHORT - (1 if lines else start) - _AROUND_WORD
        end = at + max(room, 0) // 4 * 3
        while at < end < len(raw) and raw[end] & 0xC0 == 0x80:  # within a character
            end -= 1
        # After a long name of a field the text begins in the next line.
        lines.append(f"=?utf-8?b?{b64encode(raw[at:end]).decode()}?=" if end > at else "")
        at = end
    return "\r\n ".join(lines)
