"""Which passwords are refused. There are no rules of composition: length is what counts."""

import unicodedata
from itertools import pairwise

from domain.errors import InvalidError

SHORTEST, LONGEST = 10, 200
"""Characters of a password."""

# fmt: off
_WORST = frozenset({
    "1234567890", "12345678910", "123456789a", "1q2w3e4r5t", "1qaz2wsx3edc", "abcdefghij", "abcd123456", "admin12345",
    "admin123456", "administrator", "adminadmin", "asdfghjkl1", "asdfghjkl123", "changeme123", "changemenow",
    "default123", "football123", "iloveyou12", "iloveyou123", "iloveyou1234", "letmein123", "letmein1234",
    "liverpool1", "manchester", "mypassword", "p@ssw0rd123", "passw0rd123", "password01", "password10", "password11",
    "password12", "password123", "password1234", "password12345", "password!1", "password1!", "password123!",
    "passwordpassword", "princess123", "q1w2e3r4t5", "q1w2e3r4t5y6", "qazwsxedcrfv", "qwerty1234", "qwerty12345",
    "qwerty123456", "qwertyqwerty", "qwertyuiop", "qwertyuiop1", "qwertyuiop123", "qwertz1234", "secret1234",
    "sunshine123", "superman123", "testtest123", "test123456", "trustno1234", "welcome123", "welcome1234",
    "xsender123", "xsenderxsender", "zxcvbnm123", "zaq12wsx34",
})
# fmt: on
"""Those of ten characters and more that everybody tries first, in small letters."""


def plain(password: str) -> str:
    """A password as it is compared: the same letters typed on another keyboard are the same password."""
    return unicodedata.normalize("NFC", password)


def checked_password(password: str, email: str, name: str, pointer: str = "/password") -> str:
    """A new password, as it is compared.

    Raises:
        InvalidError: it is too short or too long, or one of the first that somebody would try.
    """
    password = plain(password)
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidError("password_length", f"a password has {SHORTEST} to {LONGEST} characters", pointer)
    lower = password.casefold()
    known = {email.casefold(), email.casefold().partition("@")[0], name.casefold(), name.casefold().replace(" ", "")}
    if len(set(lower)) == 1 or lower in known | _WORST or _is_row(lower):
        message = "this is one of the first passwords that somebody would try: choose another one"
        raise InvalidError("password_weak", message, pointer)
    return password


def _is_row(text: str) -> bool:
    """Whether each character is the one after, or before, the one before it; 0 comes after 9."""
    around = 10 if text.isdecimal() else 0x110000
    steps = {(ord(after) - ord(before)) % around for before, after in pairwise(text)}
    return steps in ({1}, {around - 1})
