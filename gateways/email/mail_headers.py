"""Header fields of a mail, written out (RFC 5322, 2047, 2231). What a caller wrote is text there, never syntax.

Python's own fields decode encoded words in what they are given, so that one could bring a line of its own; they lose
the quotes of a long name and the spaces between encoded words.
"""

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from email.policy import EmailPolicy
from urllib.parse import quote

from gateways.email.mailbox import Mailbox

LINE = 998
"""Characters of a line at most (RFC 5322 §2.1.1)."""
_SHORT = 76
"""Characters of a line with encoded words (RFC 2047 §2), and of a folded one."""
_WORD = 75
"""Characters of an encoded word."""
_FRAME = len("=?utf-8?q??=")
_LOOKS_ENCODED = re.compile(r"=\?[^?]*\?[bq]\?.*?\?=", re.IGNORECASE)
"""What some program may take for an encoded word: they read more than the RFC lets them."""
_PLAIN = re.compile(r"[\t -~]*")
_SAFE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!*+-/")
"""Bytes that stand for themselves in a Q-encoded word, in a phrase too (RFC 2047 §5 (3))."""
_BREAKS_OUT = re.compile(r"\r(?!\n[\t ])|(?<!\r)\n|\0")


class HeaderField(str):
    """The value of a header field as it will stand in the mail, folded. ``email`` writes it as it is.

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

    def fold(self, *, policy: EmailPolicy) -> str:
        """The whole field; ``email`` asks for it."""
        return f"{self.name}: {self}{policy.linesep}"


def text_field(name: str, value: str) -> HeaderField:
    """A field of free text, such as Subject or one of the sender's own.

    Raises:
        UnicodeEncodeError: the text contains half a surrogate pair.
    """
    start = len(name) + 2
    if _is_plain(value) and value == value.strip() and _longest_word(value) + start <= LINE:
        return HeaderField(name, value if start + len(value) <= LINE else _folded(value, start))
    return HeaderField(name, encoded(value, start))


def addresses_field(name: str, *addresses: tuple[str, Mailbox]) -> HeaderField:
    """A field of mailboxes, each with its display name or "".

    Raises:
        UnicodeEncodeError: a name contains half a surrogate pair.
    """
    start = len(name) + 2
    return HeaderField(name, ",\r\n ".join(address(display, mailbox, start) for display, mailbox in addresses))


def address(display: str, mailbox: Mailbox, start: int = 1) -> str:
    """A mailbox with its display name, which is always quoted or encoded: a comma in it is no second mailbox."""
    if not display:
        return str(mailbox)
    quoted = '"' + display.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if not _is_plain(display) or "\t" in display or start + len(quoted) > LINE - 1:
        quoted = encoded(display, start)
    last = len(quoted) - quoted.rfind("\n") - 1
    gap = " " if last + len(mailbox.local) + len(mailbox.domain) + 4 + start <= _SHORT else "\r\n "
    return f"{quoted}{gap}<{mailbox}>"


def in_one_line(value: str) -> str:
    """A value without its folding (RFC 5322 §2.2.3)."""
    return value.replace("\r\n", "")


def parameters(**values: str) -> str:
    """Parameters of a MIME field, each with a ``;`` in front. Beyond ASCII, or long, they are encoded (RFC 2231)."""
    return "".join(part for name, value in values.items() for part in _parameter(name, value))


def encoded(value: str, start: int) -> str:
    """A text as encoded words, folded (RFC 2047). ``start`` characters stand before it in its line.

    Spaces between two encoded words are not shown, so all of a text's spaces are inside of them.
    """
    lines: list[str] = []
    room = min(_WORD, _SHORT - start)
    if room < _FRAME + 12:  # a long name of a field: the text begins in the next line
        lines.append("")
        room = _WORD
    lines += _words(value, room)
    return "\r\n ".join(lines)


def _is_plain(value: str) -> bool:
    return bool(_PLAIN.fullmatch(value)) and not _LOOKS_ENCODED.search(value)


def _longest_word(value: str) -> int:
    return max(map(len, value.split(" ")))


def _folded(value: str, start: int) -> str:
    """Plain text in lines that are short enough; a line is only broken before a single space."""
    lines, line = [], ""
    for part in re.split(r"(?<=[^ \t])(?= [^ \t])", value):
        if line and start + len(line) + len(part) > _SHORT:
            lines.append(line)
            line, start = "", 0
        line += part
    return "\r\n".join([*lines, line])


def _words(value: str, room: int) -> Iterator[str]:
    """Encoded words, each of whole characters; the first has ``room`` characters, the others all that a word may."""
    base64 = sum(byte not in _SAFE for byte in value.encode()) * 3 > len(value.encode())
    part = b""
    width = 0
    for character in value:
        piece = character.encode()
        more = len(piece) if base64 else sum(1 if byte in _SAFE or byte == 0x20 else 3 for byte in piece)
        needed = -(-(width + more) // 3) * 4 if base64 else width + more
        if needed > room - _FRAME:
            yield _word(part, base64=base64)
            part, width, room = b"", 0, _WORD
        part += piece
        width += more
    yield _word(part, base64=base64)


def _word(part: bytes, *, base64: bool) -> str:
    if base64:
        return f"=?utf-8?b?{b64encode(part).decode()}?="
    return f"=?utf-8?q?{''.join(map(_q, part))}?="


def _q(byte: int) -> str:
    if byte == 0x20:
        return "_"
    return chr(byte) if byte in _SAFE else f"={byte:02X}"


def _parameter(name: str, value: str) -> Sequence[str]:
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    if _is_plain(value) and "\t" not in value and len(name) + len(quoted) <= _SHORT - 6:
        return [f';\r\n {name}="{quoted}"']
    text = quote(value, safe="")
    width = _SHORT - len(name) - 18
    parts = re.findall(rf"(?:%..|[^%]){{1,{width // 3}}}", text)
    if len(parts) == 1:
        return [f";\r\n {name}*=utf-8''{text}"]
    charset = ["utf-8''"] + [""] * len(parts)
    return [f";\r\n {name}*{place}*={charset[place]}{part}" for place, part in enumerate(parts)]
