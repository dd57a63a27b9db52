"""Inbound messages in parts (3GPP TS 23.040 §9.2.3.24.1)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """An inbound message, or a part of one."""

    octets: bytes
    data_coding: int
    reference: int = 0
    number: int = 1
    total: int = 1


@dataclass(frozen=True, slots=True)
class Gathered:
    """A message with the parts received so far."""

    key: str
    """Its id: the same in all processes, and for repeats."""
    sender: str
    recipient: str
    ended: bool
    """Whether it was handed over."""
    is_whole: bool
    octets: bytes
    """Its parts in their order, to be decoded together: phones cut surrogate pairs."""
    data_coding: int
    """That of its first part."""
