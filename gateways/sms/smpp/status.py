"""What the ``command_status`` of an answer means (SMPP v3.4 §5.1.3)."""

from domain.messages.outcomes import GatewayDown, Refused, RetryLater

OK = 0x00
INVALID_LENGTH = 0x02
INVALID_COMMAND = 0x03
QUEUE_FULL = 0x14
TRY_AGAIN = 0x64
"""ESME_RX_T_APPN: the receiver has a temporary trouble, so that the SMSC keeps the message and delivers it again."""

_WORDS = {
    0x01: "invalid message length",
    0x02: "invalid command length",
    0x03: "invalid command id",
    0x04: "not bound for this",
    0x05: "already bound",
    0x08: "system error",
    0x0A: "invalid source address",
    0x0B: "invalid destination address",
    0x0D: "bind failed",
    0x0E: "invalid password",
    0x0F: "invalid system id",
    0x14: "message queue full",
    0x15: "invalid service type",
    0x45: "submit failed",
    0x48: "invalid source TON",
    0x49: "invalid source NPI",
    0x50: "invalid destination TON",
    0x51: "invalid destination NPI",
    0x53: "invalid system type",
    0x58: "throttled",
    0x64: "temporary error of the application",
    0x65: "permanent error of the application",
    0x66: "rejected by the application",
    0xFF: "unknown error",
}
_NOT_NOW = frozenset({0x08, 0x14, 0x58, TRY_AGAIN})
_BIND_BROKEN = frozenset({0x03, 0x04, 0x05, 0x0D, 0x0E, 0x0F, 0x15, 0x53})
"""This bind, or its account, may not submit: no message will be accepted."""


def failure(status: int) -> Refused | RetryLater | GatewayDown:
    """Say what a status other than ``OK`` means for the message. Whatever it is, the SMSC did not take it."""
    if status in _NOT_NOW:
        return RetryLater(None, words(status))
    if status in _BIND_BROKEN:
        return GatewayDown(words(status))
    return Refused(f"smpp_{status:#04x}", words(status))


def words(status: int) -> str:
    """A status for people: its meaning, and its number as SMSC manuals write it."""
    return f"{_WORDS.get(status, 'error')} ({status:#010x})"
