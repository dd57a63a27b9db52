"""Reads ``deliver_sm``: a receipt for a message of ours, or an inbound message, or a part of one."""

import re
from collections.abc import Iterator, Mapping
from typing import Literal

import gsmcodecs  # noqa: F401 - registers its codecs

from domain.messages.receipts import MAX_INBOUND_TEXT, Receipt, ReceiptKind
from domain.text.gsm7 import decode_gsm7
from domain.text.sms_parts import Part
from gateways.sms.smpp.pdu import (
    DEFAULT_ALPHABET,
    MESSAGE_STATE,
    RECEIPTED_MESSAGE_ID,
    SAR_MSG_REF_NUM,
    SAR_SEGMENT_SEQNUM,
    SAR_TOTAL_SEGMENTS,
    UCS2,
    UDH_INDICATOR,
    Address,
    ShortMessage,
)
from gateways.webhooks.events import digest, text

ReceiptIds = Literal["same", "decimal", "hexadecimal"]
"""How receipts write the ids of messages: as the answers do, or in decimal where answers are hexadecimal, or the other
way round."""

_INTERNATIONAL = 1
_UNKNOWN = 0
_TYPE_BITS = 0x3C  # of esm_class (§5.2.12)
_RECEIPT_TYPES = frozenset({0x04, 0x20})  # delivery receipt, intermediate notification
_ORDINARY = 0x00

_RECEIPT = re.compile(r"id:\s*\S+ sub:\S+ dlvrd:\S+ submit date:", re.IGNORECASE)
"""How the text of a receipt begins (Appendix B)."""
_ID = re.compile(r"\bid:\s*(\S+)", re.IGNORECASE)
_STATE = re.compile(r"\bstat:\s*([A-Z]+)", re.IGNORECASE)
_ERROR = re.compile(r"\berr:\s*([0-9A-Z]{1,20})", re.IGNORECASE)
_DIGITS = re.compile(r"[0-9]{1,65}")  # the longest id there is (§5.2.23)
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{1,65}")

_STATES = {  # by message_state (§5.2.28) and by the word in the text (Appendix B); UNKNOWN is ignored
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    8: "REJECTD",
}
_KINDS = {
    "ENROUTE": ReceiptKind.SENT,
    "ACCEPTD": ReceiptKind.SENT,
    "DELIVRD": ReceiptKind.DELIVERED,
    "EXPIRED": ReceiptKind.EXPIRED,
    "DELETED": ReceiptKind.CANCELLED,
    "UNDELIV": ReceiptKind.UNDELIVERED,
    "REJECTD": ReceiptKind.REJECTED,
    "FAILED": ReceiptKind.FAILED,
}
_WHOLE_WORDS = {  # as some centres write them, unlike Appendix B
    "ACCEPTED": "ACCEPTD",
    "DELIVERED": "DELIVRD",
    "UNDELIVERED": "UNDELIV",
    "UNDELIVERABLE": "UNDELIV",
    "UNDELIVRD": "UNDELIV",
    "REJECTED": "REJECTD",
    "FAIL": "FAILED",
    "CANCELLED": "DELETED",
    "CANCELED": "DELETED",
}
_WENT_WELL = frozenset({ReceiptKind.SENT, ReceiptKind.DELIVERED})

_MOST_PARTS, _LAST_REFERENCE = 0xFF, 0xFFFF  # by the longest of these fields (§5.3.2.22 and 23)

_SINGLE, _LOCKING = 0x24, 0x25  # information elements with the language of a shift table (3GPP TS 23.040 §9.2.3.24.15)
_LAST_LANGUAGE = 13
_MOST_OCTETS = 2 * MAX_INBOUND_TEXT
_MOST_OCTETS_OF_A_PART = 254  # as short_message holds; a part fits into 140 octets on the air

_CLASS_BITS, _CLASSED = 0xF4, 0xF0  # a data_coding of 3GPP TS 23.038 §4: the default alphabet, with a message class
_CODECS = {1: "ascii", 3: "latin-1", 6: "iso8859-5", 7: "iso8859-8", UCS2: "utf-16-be"}  # by data_coding (§5.2.19)


def answered_id(message_id: str, ids: ReceiptIds) -> str | None:
    """The id of an answer in the form in which we keep it."""
    return _kept(message_id, {"same": None, "decimal": 16, "hexadecimal": 10}[ids])


def is_message(message: ShortMessage) -> bool:
    """Whether a person sent it, not the SMSC or a phone automatically."""
    return message.esm_class & _TYPE_BITS == _ORDINARY and not _is_receipt(message)


def read_receipt(message: ShortMessage, ids: ReceiptIds, now: float) -> Receipt | None:
    """The receipt; ``None``: it is none, or has no information.

    Its time is ``now``: the times in its text have no time zone.
    """
    if not _is_receipt(message):
        return None
    content = message.octets.decode("latin-1")
    state = _state(message, content)
    provider_id = _receipted_id(message, content, ids)
    if provider_id is None or state is None:
        return None
    kind = _KINDS[state]
    error = None if kind in _WENT_WELL else _found(_ERROR, content)
    return Receipt(
        kind,
        key=digest(provider_id, state),
        at=now,
        provider_id=provider_id,
        code=f"smpp_{error}" if error and error.strip("0") else None,
        reason=f"{state} err:{error}" if error else None,
    )


def read_part(message: ShortMessage) -> Part:
    """Take the text and find out what it is a part of: by its user data header, or else by its SAR TLVs (§5.3.2.22)."""
    octets, coding, place = message.octets, message.data_coding, None
    if message.esm_class & UDH_INDICATOR and octets and octets[0] < len(octets):
        header, octets = octets[1 : octets[0] + 1], octets[octets[0] + 1 :]
        elements = dict(_elements(header))
        place = _place_in_header(elements)
        if _is_gsm7(coding) and (_LOCKING in elements or _SINGLE in elements):
            # Each part names its languages, and Part has no field for them.
            tables = f"{_language(elements, _LOCKING)}-{_language(elements, _SINGLE)}"
            octets, coding = octets.decode(f"gsm23.038-{tables}", "replace").encode("utf-16-be"), UCS2
    reference, total, number = place or _place_in_tlvs(message)
    if not 1 <= number <= total <= _MOST_PARTS or reference > _LAST_REFERENCE:
        return Part(octets[:_MOST_OCTETS], coding)
    most = _MOST_OCTETS_OF_A_PART * (1 if coding == message.data_coding else 2)
    return Part(octets[:most], coding, reference, number, total)


def decode_text(octets: bytes, data_coding: int) -> str | None:
    """Read a text; ``None`` for codings that are not of texts.

    Unreadable octets become replacement characters; NUL, which the database cannot store, is dropped.
    """
    if _is_gsm7(data_coding):
        return decode_gsm7(octets)
    codec = _CODECS.get(data_coding)
    return octets.decode(codec, "replace").replace("\0", "") if codec else None


def number_of(address: Address) -> str:
    """An international number in E.164 form, with ``+``; any other address as it is."""
    if address.ton == _INTERNATIONAL or (address.ton == _UNKNOWN and len(address.text) >= 10):
        digits = address.text.removeprefix("+")
        if _DIGITS.fullmatch(digits) and not digits.startswith("0"):
            return f"+{digits}"
    return address.text


def _is_receipt(message: ShortMessage) -> bool:
    """By its type; some centres do not set it, so a text in the form of a receipt is one, too."""
    kind = message.esm_class & _TYPE_BITS
    if kind != _ORDINARY or message.esm_class & UDH_INDICATOR:
        return kind in _RECEIPT_TYPES
    in_fields = RECEIPTED_MESSAGE_ID in message.tlvs and MESSAGE_STATE in message.tlvs
    return in_fields or bool(_RECEIPT.match(message.octets[:200].decode("latin-1")))


def _state(message: ShortMessage, content: str) -> str | None:
    if MESSAGE_STATE in message.tlvs:
        return _STATES.get(int.from_bytes(message.tlvs[MESSAGE_STATE]))
    word = (_found(_STATE, content) or "").upper()
    word = _WHOLE_WORDS.get(word, word)
    return word if word in _KINDS else None


def _receipted_id(message: ShortMessage, content: str, ids: ReceiptIds) -> str | None:
    """The TLV repeats the id of the answer (§5.3.2.12), so it is read like one; the text has its own ways."""
    if receipted := message.tlvs.get(RECEIPTED_MESSAGE_ID):
        return answered_id(receipted.partition(b"\0")[0].decode("latin-1"), ids)
    return _kept(_found(_ID, content) or "", {"same": None, "decimal": 10, "hexadecimal": 16}[ids])


def _kept(message_id: str, base: int | None) -> str | None:
    """One form for all ways to write an id: in decimal where the base is known, else without zeros in front."""
    if base and (_HEXADECIMAL if base == 16 else _DIGITS).fullmatch(message_id):
        return str(int(message_id, base))
    if _HEXADECIMAL.fullmatch(message_id):
        return message_id.lstrip("0").lower() or "0"
    return text(message_id)


def _found(pattern: re.Pattern[str], content: str) -> str | None:
    match = pattern.search(content)
    return match[1] if match else None


def _is_gsm7(data_coding: int) -> bool:
    return data_coding == DEFAULT_ALPHABET or data_coding & _CLASS_BITS == _CLASSED


def _elements(header: bytes) -> Iterator[tuple[int, bytes]]:
    """The information elements of a user data header (3GPP TS 23.040 §9.2.3.24)."""
    while len(header) >= 2:
        yield header[0], header[2 : header[1] + 2]
        header = header[header[1] + 2 :]


def _language(elements: Mapping[int, bytes], element: int) -> int:
    value = elements.get(element, b"")
    return value[0] if len(value) == 1 and value[0] <= _LAST_LANGUAGE else 0


def _place_in_header(elements: Mapping[int, bytes]) -> tuple[int, int, int] | None:
    """Reference, total and number, from the information element 00, or 08 with its longer reference."""
    if len(value := elements.get(0x00, b"")) == 3:
        return value[0], value[1], value[2]
    if len(value := elements.get(0x08, b"")) == 4:
        return int.from_bytes(value[:2]), value[2], value[3]
    return None


def _place_in_tlvs(message: ShortMessage) -> tuple[int, int, int]:
    tags = (SAR_MSG_REF_NUM, SAR_TOTAL_SEGMENTS, SAR_SEGMENT_SEQNUM)
    reference, total, number = (int.from_bytes(message.tlvs.get(tag, b"")) for tag in tags)
    return reference, total, number
