"""A message as the bodies of its ``submit_sm``: one, or as many as its text takes parts."""

import re
from dataclasses import dataclass

from domain.messages.outbound import Outbound
from domain.messages.outcomes import Refused
from domain.text.gsm7 import encode_gsm7
from domain.text.segments import count_segments, cut_segments
from gateways.sms.smpp.pdu import DEFAULT_ALPHABET, UCS2, UDH_INDICATOR, Address, ShortMessage

MOST_PARTS = 255
"""What the count in the header of a part can hold (3GPP TS 23.040 §9.2.3.24.1)."""

_INTERNATIONAL, _ALPHANUMERIC, _NETWORK_SPECIFIC = 1, 5, 3
_ISDN = 1
_E164 = re.compile(r"\+?([1-9][0-9]{5,14})")
_SHORT_CODE = re.compile(r"[0-9]{1,8}")
_ADDRESS = re.compile(r"[ -~]{1,20}")  # §5.2.8


@dataclass(frozen=True, slots=True)
class Sender:
    """The default sender, and the type declared for every sender; ``None``: by its form."""

    address: str | None = None
    ton: int | None = None
    npi: int | None = None


def write_parts(message: Outbound, sender: Sender, reference: int, *, receipt: bool) -> list[bytes] | Refused:
    """The bodies, in order, or why there are none.

    By ``reference`` (0 to 255) the phone distinguishes parts of different messages. A ``receipt`` is requested for the
    first part only: the message has one id, and receipts with other ids could not be matched.
    """
    to = _E164.fullmatch(message.to)
    if to is None:
        return Refused("invalid_recipient", "the recipient is no international number")
    source = source_address(message.sender, sender)
    if source is None:
        return Refused("invalid_sender", "a sender is a number or up to 20 characters of ASCII")
    texts = cut_segments(message.body, message.unicode)
    if len(texts) > MOST_PARTS:
        return Refused("too_long", f"the text takes {len(texts)} parts; {MOST_PARTS} are possible")
    ucs2 = count_segments(message.body, message.unicode).encoding == "ucs2"
    try:
        octets = [text.encode("utf-16-be") if ucs2 else encode_gsm7(text) for text in texts]
    except UnicodeEncodeError as error:
        return Refused("invalid_content", str(error))
    return [
        ShortMessage(
            source,
            Address(_INTERNATIONAL, _ISDN, to[1]),
            _header(reference, len(octets), number) + part,
            data_coding=UCS2 if ucs2 else DEFAULT_ALPHABET,
            esm_class=UDH_INDICATOR if len(octets) > 1 else 0,
            registered_delivery=1 if receipt and number == 1 else 0,
        ).encode()
        for number, part in enumerate(octets, 1)
    ]


def source_address(given: str | None, sender: Sender) -> Address | None:
    """Who the message comes from. ``None``: no phone could show that."""
    text = given or sender.address
    if text is None:
        return Address()  # the SMSC knows (§5.2.8)
    if not _ADDRESS.fullmatch(text):
        return None
    ton, npi, text = _declared(text)
    return Address(ton if sender.ton is None else sender.ton, npi if sender.npi is None else sender.npi, text)


def _declared(text: str) -> tuple[int, int, str]:
    if _SHORT_CODE.fullmatch(text):
        return _NETWORK_SPECIFIC, 0, text
    if number := _E164.fullmatch(text):
        return _INTERNATIONAL, _ISDN, number[1]
    return _ALPHANUMERIC, 0, text


def _header(reference: int, total: int, number: int) -> bytes:
    """The user data header of a part: element 00, three octets long."""
    return bytes([5, 0, 3, reference, total, number]) if total > 1 else b""
