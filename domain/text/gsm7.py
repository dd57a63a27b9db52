"""The GSM 7-bit default alphabet and its extension table (3GPP TS 23.038 §6.2.1), a septet to an octet."""

ESCAPE = "\x1b"
"""Announces a character of the extension table."""

_BEFORE_ESCAPE = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ"
_AFTER_ESCAPE = "ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"

BASIC = _BEFORE_ESCAPE + _AFTER_ESCAPE
"""The characters that take one septet."""
_EXTENDED = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}
EXTENSION = "".join(_EXTENDED.values())
"""The characters that take two: the escape and one more."""

_TABLE = _BEFORE_ESCAPE + ESCAPE + _AFTER_ESCAPE
_OCTETS = {character: bytes([code]) for code, character in enumerate(_TABLE) if character != ESCAPE} | {
    character: bytes([_TABLE.index(ESCAPE), code]) for code, character in _EXTENDED.items()
}


def encode_gsm7(text: str) -> bytes:
    """Write each septet as an octet. Raises ``KeyError`` for a character that is not in the alphabet."""
    return b"".join([_OCTETS[character] for character in text])


def decode_gsm7(octets: bytes) -> str:
    """Read septets from octets, whatever they are.

    As phones do it (3GPP TS 23.038 §6.2.1.1): after the escape, a code that the extension table does not have stands
    for the character of the basic table, and an escape that announces nothing for a space. An octet that is no septet
    becomes a replacement character.
    """
    text = []
    escaped = False
    for octet in octets:
        character = _TABLE[octet] if octet < len(_TABLE) else "\ufffd"
        if escaped:
            text.append(_EXTENDED.get(octet, " " if character == ESCAPE else character))
            escaped = False
        elif character == ESCAPE:
            escaped = True
        else:
            text.append(character)
    return "".join(text) + " " * escaped
