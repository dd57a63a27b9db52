"""The field ``from`` of emails, and the name that is shown as their sender: exactly one plain address, no disguise."""

import re
from dataclasses import dataclass

from domain.recipients import InvalidRecipient, normalise_email

MOST_SENDERS = 20
"""Different ``from`` addresses of one request: its messages are grouped by them."""

_NAMED = re.compile(r'(?:"((?:[^"\\]|\\["\\])*)" *|([^"<>]*))<([^<>]*)>')
_ESCAPED = re.compile(r'\\(["\\])')
_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
"""Controls, and what turns the direction of a text around."""
_ADDRESS = re.compile(r"[@\uff20\ufe6b]")
"""All that is shown as an at sign: people take what is around it for the address of the sender."""
_LONGEST = 200


class InvalidFrom(ValueError):
    """It cannot be a sender."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class From:
    """Whom an email is from."""

    address: str
    name: str | None


def read_from(text: str) -> From:
    """Read ``news@example.com`` or ``Name <news@example.com>``.

    Raises:
        InvalidFrom: it is not one address, or its name could be taken for another one.
    """
    named = _NAMED.fullmatch(text.strip(" "))
    name, written = None, text
    if named:
        name = _ESCAPED.sub(r"\1", named[1]) if named[1] is not None else named[2].strip(" ")
        written = named[3]
    try:
        address = normalise_email(written)
    except InvalidRecipient as error:
        message = f"write one address, such as news@example.com or News <news@example.com>: {error.message}"
        raise InvalidFrom("from_invalid", message) from None
    if not address.isascii():
        raise InvalidFrom("from_invalid", "the part before @ may have ASCII letters only")
    if name:
        check_name(name, address)
    return From(address, name or None)


def check_name(name: str, address: str | None = None) -> None:
    """Refuse a sender's name that hides something, or looks like another address than the mail's own.

    Raises:
        InvalidFrom: it does.
    """
    if len(name) > _LONGEST:
        raise InvalidFrom("too_long", f"a sender's name has at most {_LONGEST} characters")
    if _HIDDEN.search(name):
        raise InvalidFrom(
            "control_character", "a sender's name has no line breaks, control characters or marks of direction"
        )
    if _ADDRESS.search(name) and (address is None or name.strip().lower() != address.lower()):
        message = "a sender's name must not look like an address: people would take it for that of the sender"
        raise InvalidFrom("sender_name_address", message)
