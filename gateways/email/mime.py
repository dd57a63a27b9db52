"""The parts of a mail as they are written (RFC 2045, 2046): texts, files, and parts of parts.

All of it takes linear time, and whatever goes through every byte is done by functions written in C: a mail may be
14 MB, and a process that writes one does nothing else meanwhile.
"""

import re
import secrets
from base64 import b64encode
from binascii import b2a_qp

from domain.messages.outbound import Attachment
from gateways.email.mail_headers import parameter

Part = list[bytes]
"""What is written one after the other: headers, an empty line, the body."""

_LINE = 78
_BASE64_LINE = 76
_AS_THEY_ARE = bytes(code for code in range(32, 127) if code != ord("=")) + b"\t\r\n"
"""What quoted-printable does not make three of."""
_NAME = "[A-Za-z0-9!#$&^_.+-]+"
_TYPE = re.compile(rf'{_NAME}/{_NAME}(?:; ?{_NAME}=(?:{_NAME}|"[ !#-\[\]-~]*"))*+')
_ID = re.compile(r"[!-;=?-~]+")


def text_part(text: str, subtype: str) -> Part:
    """A text. Raises ``UnicodeEncodeError`` for half a surrogate pair."""
    body = text.encode().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    body = (body if body.endswith(b"\n") else body + b"\n").replace(b"\n", b"\r\n")
    encoding, written = _transferred(body)
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
    return [head.encode(), written]


def file_part(file: Attachment, *, inline: bool) -> Part:
    """A file, or a picture that the HTML shows.

    Raises:
        ValueError: its type or its content id cannot stand in a header.
    """
    if not _TYPE.fullmatch(file.content_type) or "=?" in file.content_type:
        raise ValueError("a file's type must be such as application/pdf")
    head = f"Content-Type: {file.content_type}\r\nContent-Transfer-Encoding: base64\r\n"
    head += f"Content-Disposition: {'inline' if inline else 'attachment'}{parameter('filename', file.filename)}\r\n"
    if inline:
        if not _ID.fullmatch(file.content_id or ""):
            raise ValueError("a content id must be ASCII, without spaces")
        head += f"Content-ID: <{file.content_id}>\r\n"
    return [head.encode(), b"\r\n", _base64(file.content)]


def multipart(subtype: str, parts: list[Part]) -> Part:
    """Several parts as one; a single one as it is."""
    if len(parts) == 1:
        return parts[0]
    boundary = f"=_{secrets.token_hex(16)}"  # unpredictable, so it occurs in none of the parts
    written = [f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode()]
    for part in parts:
        written += [f"--{boundary}\r\n".encode(), *part, b"\r\n"]
    return [*written, f"--{boundary}--\r\n".encode()]


def _transferred(body: bytes) -> tuple[str, bytes]:
    """A text in seven bits and short lines: as it is, or in whichever encoding is the shorter."""
    if body.isascii() and max(map(len, body.split(b"\r\n"))) <= _LINE:
        return "7bit", body
    tripled = len(body.translate(None, _AS_THEY_ARE))
    if 2 * tripled > len(body) / 3:
        return "base64", _base64(body)
    return "quoted-printable", b2a_qp(body)


def _base64(raw: bytes) -> bytes:
    encoded = b64encode(raw)
    lines = [encoded[at : at + _BASE64_LINE] for at in range(0, len(encoded), _BASE64_LINE)]
    return b"\r\n".join([*lines, b""])
