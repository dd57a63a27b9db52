"""PDUs of SMPP 3.4, the dozen that we speak: cut out of the stream, read and written.

Section numbers are those of the SMPP Protocol Specification v3.4, issue 1.2. Untrusted input is read within
bounds: a stream that cannot be followed any further is ``BadStream``, a single PDU that cannot be read ``BadPdu``.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

GENERIC_NACK = 0x80000000
SUBMIT_SM = 0x00000004
DELIVER_SM = 0x00000005
UNBIND = 0x00000006
BIND_TRANSCEIVER = 0x00000009
ENQUIRE_LINK = 0x00000015
RESPONSE = 0x80000000
"""The bit that makes a request's command id that of its response (§5.1.2.1)."""

UDH_INDICATOR = 0x40
"""The bit of ``esm_class`` for a text that begins with a user data header (§5.2.12)."""
DEFAULT_ALPHABET = 0x00
UCS2 = 0x08

SAR_MSG_REF_NUM = 0x020C
SAR_TOTAL_SEGMENTS = 0x020E
SAR_SEGMENT_SEQNUM = 0x020F
RECEIPTED_MESSAGE_ID = 0x001E
MESSAGE_PAYLOAD = 0x0424
MESSAGE_STATE = 0x0427

PDU_CAP = 70_000
"""Octets of the longest PDU we take: a ``message_payload`` of 64 KiB and all that may come with it."""

_HEADER = struct.Struct(">IIII")
_TLV = struct.Struct(">HH")
_INTERFACE_VERSION = 0x34


class BadStream(Exception):
    """The bytes are not SMPP; the start of the next PDU is unknown."""


class BadPdu(ValueError):
    """The body of this PDU does not hold what its command demands."""


@dataclass(frozen=True, slots=True)
class Pdu:
    """One PDU, its body unread."""

    command: int
    sequence: int
    status: int = 0
    body: bytes = b""

    @property
    def is_response(self) -> bool:
        return bool(self.command & RESPONSE)

    def encode(self) -> bytes:
        """Put the header before the body (§3.2)."""
        return _HEADER.pack(_HEADER.size + len(self.body), self.command, self.status, self.sequence) + self.body


def take_pdus(buffer: bytearray) -> Iterator[Pdu]:
    """Cut complete PDUs off the start of ``buffer``; what is left is the start of the next one.

    Raises:
        BadStream: a length that no PDU has.
    """
    while len(buffer) >= _HEADER.size:
        length, command, status, sequence = _HEADER.unpack_from(buffer)
        if not _HEADER.size <= length <= PDU_CAP:
            raise BadStream(f"a PDU of {length} octets")
        if len(buffer) < length:
            return
        body = bytes(buffer[_HEADER.size : length])
        del buffer[:length]
        yield Pdu(command, sequence, status, body)


@dataclass(frozen=True, slots=True)
class Address:
    """A number with its type (TON) and numbering plan (NPI), §5.2.5 and §5.2.6."""

    ton: int = 0
    npi: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class ShortMessage:
    """The body of ``submit_sm`` (§4.4.1) and ``deliver_sm`` (§4.6.1), without what we neither set nor look at."""

    source: Address
    destination: Address
    octets: bytes
    data_coding: int = DEFAULT_ALPHABET
    esm_class: int = 0
    registered_delivery: int = 0
    tlvs: Mapping[int, bytes] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Write it. The text has at most 254 octets, which no part of ours exceeds."""
        return b"".join(
            (
                b"\0",  # service_type
                _address(self.source),
                _address(self.destination),
                bytes([self.esm_class, 0, 0]),  # protocol_id, priority_flag
                b"\0\0",  # schedule_delivery_time, validity_period
                bytes([self.registered_delivery, 0, self.data_coding, 0, len(self.octets)]),
                self.octets,
                *(_TLV.pack(tag, len(value)) + value for tag, value in self.tlvs.items()),
            )
        )

    @classmethod
    def decode(cls, body: bytes) -> "ShortMessage":
        """Read it.

        Raises:
            BadPdu: it ends too early.
        """
        reader = _Reader(body)
        reader.text()  # service_type
        source, destination = reader.address(), reader.address()
        esm_class, _, _ = reader.take(3)
        reader.text(), reader.text()  # schedule_delivery_time, validity_period
        registered_delivery, _, data_coding, _, length = reader.take(5)
        octets = reader.take(length)
        tlvs = reader.tlvs()
        # A text stands in one of the two places (§5.3.2.32).
        octets = octets or tlvs.get(MESSAGE_PAYLOAD, b"")
        return cls(source, destination, octets, data_coding, esm_class, registered_delivery, tlvs)


def bind_body(system_id: str, password: str, system_type: str) -> bytes:
    """The body of ``bind_transceiver`` (§4.1.5), for whatever addresses the account serves."""
    return _text(system_id) + _text(password) + _text(system_type) + bytes([_INTERFACE_VERSION, 0, 0]) + b"\0"


def message_id(body: bytes) -> str:
    """The id in a ``submit_sm_resp`` (§4.4.2); empty if there is none."""
    return body.partition(b"\0")[0].decode("latin-1")


def _text(value: str) -> bytes:
    return value.encode("ascii") + b"\0"


def _address(address: Address) -> bytes:
    return bytes([address.ton, address.npi]) + _text(address.text)


class _Reader:
    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def take(self, count: int) -> bytes:
        taken = self._body[self._at : self._at + count]
        if len(taken) < count:
            raise BadPdu("it ends too early")
        self._at += count
        return taken

    def text(self) -> str:
        end = self._body.find(b"\0", self._at)
        if end < 0:
            raise BadPdu("a text in it has no end")
        taken = self.take(end - self._at)
        self._at += 1
        return taken.decode("latin-1")

    def address(self) -> Address:
        ton, npi = self.take(2)
        return Address(ton, npi, self.text())

    def tlvs(self) -> dict[int, bytes]:
        found = {}
        while self._at < len(self._body):
            tag, length = _TLV.unpack(self.take(_TLV.size))
            found[tag] = self.take(length)
        return found
