"""Normalises recipients to the form that is stored and compared: E.164 numbers and single mailboxes.

Both libraries read more than a send should risk (vanity letters, extensions, a trailing newline), so a number must
come out with the very digits that went in, and an address must be one plain mailbox.
"""

import re
from functools import lru_cache
from typing import NamedTuple
from unicodedata import bidirectional, is_normalized

import email_validator
import idna
import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, ValidationResult

from domain.numbering_plans import numbering_plan

# Some companies use `.local` for mail, and tests use `.test`: whether such a domain accepts mail is for
# the gateway to decide. Editing this list is the library's documented way to allow a name.
for _name in ("local", "test"):
    if _name in email_validator.SPECIAL_USE_DOMAIN_NAMES:
        email_validator.SPECIAL_USE_DOMAIN_NAMES.remove(_name)

# The patterns of all countries overflow the cache of `re`; a send to many countries would compile them repeatedly.
phonenumbers.enable_pattern_cache()

_MAX_NUMBER_TEXT = 40
_MAX_EMAIL_OCTETS = 254
"""RFC 5321 §4.5.3.1.3 with erratum 1690."""
_MAX_ADDRESS_TEXT = 1000
_MAX_LOCAL_OCTETS = 64
_MAX_DOMAIN_OCTETS = 253
_ROLES = frozenset(email_validator.rfc_constants.CASE_INSENSITIVE_MAILBOX_NAMES)
_RESERVED = tuple(f".{name}" for name in email_validator.SPECIAL_USE_DOMAIN_NAMES)
_PLAIN_LOCAL = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*")
_PLAIN_ADDRESS = re.compile(
    rf"({_PLAIN_LOCAL.pattern})"
    r"@((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z])?)"
)
_INTERNATIONAL_DOMAIN = re.compile(r"(?:[^\W_](?:[^\W_]|-(?=[^\W_])){0,61}\.)+[a-z]{2,63}")
"""Labels of letters and digits of any script, with single hyphens between them, and a top level in ASCII."""
_MAX_PLAIN_OCTETS = 250
_RIGHT_TO_LEFT = {"R", "AL", "AN"}

_COUNTRY_CODES = frozenset(map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
_PUNCTUATION = str.maketrans("", "", " ().-")
_NUMBER = re.compile(r"(\+?)([0-9]+)")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class InvalidRecipient(ValueError):
    """A recipient that cannot be used; ``code`` is for programs, ``message`` tells people what to write instead."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Number(NamedTuple):
    """A telephone number."""

    e164: str
    """With ``+``."""
    is_known: bool
    """Whether the tables of numbering plans contain its range. They lag behind: new ranges are missing."""


def is_region(text: str) -> bool:
    """Whether numbers can be read as dialled there: a country by its two letters (ISO 3166)."""
    return text in phonenumbers.SUPPORTED_REGIONS


def normalise_number(value: object, default_region: str | None) -> str:
    """The E.164 form of a number (see ``read_number``)."""
    return read_number(value, default_region).e164


def read_number(value: object, default_region: str | None) -> Number:
    """Read a number given as text or as a JSON integer. All numbers possible in its country are accepted.

    ``+`` and a leading ``00`` mark it as international. Other digits are read as dialled in ``default_region`` (ISO
    3166, such as ``TN``), if there is one, and as international, as XSender's clients write them; known numbers go
    before those that are merely possible. Spaces, hyphens, dots and parentheses are ignored.

    Raises:
        InvalidRecipient: ``number_type``, ``number_characters``, ``number_without_country`` or ``number_invalid``.
    """
    plus, digits = _read_number(value)
    if not plus and digits.startswith("00"):
        plus, digits = True, digits[2:]
    national = None if plus or default_region is None else _parsed(digits, default_region)
    if national is not None and phonenumbers.is_valid_number(national):
        return Number(_e164(national), True)
    if _is_e164(digits):
        return Number("+" + digits, True)
    if national is not None and _is_possible(national):
        return Number(_e164(national), False)
    if _is_possible_as_written(digits):
        return Number("+" + digits, False)
    raise _no_number(plus, digits, default_region)


def normalise_email(value: object) -> str:
    """One mailbox as ``local@domain``: the local part in Unicode NFC, the domain in its ASCII form (IDNA 2008).

    An ASCII domain is understood by every mail server and has one spelling, so that it can be compared. Surrounding
    spaces are dropped; display names, quoted local parts, comments, address literals and lists are refused.

    Raises:
        InvalidRecipient: ``email_type``, ``email_characters``, ``email_too_long`` or ``email_invalid``.
    """
    if not isinstance(value, str):
        raise InvalidRecipient("email_type", "write the address as text, such as name@example.com")
    address = value.strip(" ")
    if len(address) > _MAX_ADDRESS_TEXT:  # before it is processed
        raise _too_long()
    if (mailbox := _plain_mailbox(address)) is not None:
        return mailbox
    if _CONTROLS.search(address):
        raise InvalidRecipient("email_characters", "remove line breaks and control characters from the address")
    if len(address) > _MAX_EMAIL_OCTETS:
        raise _too_long()
    local, _, domain = address.rpartition("@")
    try:
        if len(local) <= _MAX_LOCAL_OCTETS and _PLAIN_LOCAL.fullmatch(local):
            mailbox = f"{_local(local)}@{_ascii_domain(domain)}"
        else:
            found = email_validator.validate_email(address, check_deliverability=False, strict=True)
            mailbox = f"{found.local_part}@{found.ascii_domain}"
    except (email_validator.EmailNotValidError, UnicodeError) as error:
        raise InvalidRecipient("email_invalid", f"write one address, such as name@example.com: {error}") from None
    if len(mailbox.encode()) > _MAX_EMAIL_OCTETS:
        raise _too_long()
    return mailbox


@lru_cache(maxsize=1024)
def _ascii_domain(domain: str) -> str:
    """A domain in its ASCII form. Cached, because the library takes up to two milliseconds for one."""
    if (plain := _plain_international(domain)) is not None:
        return plain
    return email_validator.validate_email(f"a@{domain}", check_deliverability=False, strict=True).ascii_domain


def _plain_international(domain: str) -> str | None:
    """The ASCII form of a simple domain that is in its normal form already; else ``None``."""
    if not _INTERNATIONAL_DOMAIN.fullmatch(domain) or len(domain.encode()) > _MAX_PLAIN_OCTETS:
        return None
    if not _RIGHT_TO_LEFT.isdisjoint(map(bidirectional, domain)):  # there labels depend on each other
        return None
    if domain != domain.casefold() or not is_normalized("NFKC", domain) or f".{domain}".endswith(_RESERVED):
        return None
    try:
        return idna.encode(domain).decode()
    except idna.IDNAError:  # the library has a better error message
        return None


def _local(local: str) -> str:
    """The local part in its normal form: roles, such as ``postmaster``, are in lower case."""
    return lower if (lower := local.lower()) in _ROLES else local


def _plain_mailbox(address: str) -> str | None:
    """The mailbox of a simple address, which needs no check by the library; else ``None``."""
    match = _PLAIN_ADDRESS.fullmatch(address)
    if match is None or len(address) > _MAX_EMAIL_OCTETS or len(match[1]) > _MAX_LOCAL_OCTETS:
        return None
    local, domain = match[1], match[2].lower()
    if "--" in domain or len(domain) > _MAX_DOMAIN_OCTETS:
        return None
    return None if f".{domain}".endswith(_RESERVED) else f"{_local(local)}@{domain}"


def _too_long() -> InvalidRecipient:
    return InvalidRecipient("email_too_long", f"an address has at most {_MAX_EMAIL_OCTETS} characters")


def _read_number(value: object) -> tuple[bool, str]:
    """Whether a number is marked as international by ``+``, and its digits."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InvalidRecipient("number_type", "write the number as text, such as +14155550123")
    # The length is checked first: str() of a huge integer costs quadratic time.
    is_short = len(value) <= _MAX_NUMBER_TEXT if isinstance(value, str) else 0 <= value < 10**_MAX_NUMBER_TEXT
    match = _NUMBER.fullmatch(str(value).translate(_PUNCTUATION)) if is_short else None
    if match is None:
        raise InvalidRecipient(
            "number_characters",
            "write the number with digits only after its country code, such as +14155550123: no letters, no extension",
        )
    return bool(match[1]), match[2]


def _is_e164(digits: str) -> bool:
    """Whether ``digits``, country code first, are a valid number as they stand."""
    code = next((head for head in (digits[:1], digits[:2], digits[:3]) if head in _COUNTRY_CODES), None)
    if code is None or code == digits:
        return False
    national, plan = digits[len(code) :], numbering_plan(int(code))
    if national[0] == "0" or plan.may_strip(national):
        return _is_valid_as_written(digits)
    # Parsing would strip nothing from these digits, so it is skipped: it costs more than the check itself.
    return plan.has(national)


def _is_valid_as_written(digits: str) -> bool:
    """The full check: parsing ``+digits`` gives a valid number, and gives these very digits back."""
    number = _parsed("+" + digits)
    return number is not None and phonenumbers.is_valid_number(number) and _e164(number) == "+" + digits


def _is_possible_as_written(digits: str) -> bool:
    number = _parsed("+" + digits)
    return number is not None and _is_possible(number) and _e164(number) == "+" + digits


def _is_possible(number: PhoneNumber) -> bool:
    """Whether a number of this length can exist in its country. A leading 0 is the national prefix: where
    it is a part of the number, the tables have it."""
    reason = phonenumbers.is_possible_number_with_reason(number)
    return reason == ValidationResult.IS_POSSIBLE and not number.italian_leading_zero


def _parsed(text: str, region: str | None = None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None


def _no_number(plus: bool, digits: str, region: str | None) -> InvalidRecipient:
    if not plus and region is not None:
        return InvalidRecipient(
            "number_invalid",
            f"neither an international number nor one of {region}: write its country code, such as +14155550123",
        )
    if not plus and digits.startswith("0"):
        return InvalidRecipient(
            "number_without_country", "write the number with its country code, such as +14155550123, not the local 0…"
        )
    return InvalidRecipient(
        "number_invalid",
        "no such number can exist: write it with its country code and without the local 0, such as +14155550123",
    )


def _e164(number: PhoneNumber) -> str:
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
