"""Outcomes of a send: a closed set that every adapter maps its provider's answers to.

The most important distinction is between "the gateway refused" and "the gateway's result is unknown": only the
former may be sent again without a decision.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Accepted:
    """The gateway accepted the message. ``receipts``: whether delivery receipts will follow."""

    provider_id: str | None = None
    receipts: bool = False
    kind: Literal["accepted"] = "accepted"
    recipient_id: str | None = None
    """The gateway's id of the recipient, if it returned one besides the number."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The gateway, or the recipient's server behind it, refused this message permanently. Retries do not help."""

    code: str
    reason: str
    kind: Literal["refused"] = "refused"


@dataclass(frozen=True, slots=True)
class RetryLater:
    """The gateway did not accept the message now (throttled, greylisted), but allows retries.

    ``after`` is in seconds; ``None`` leaves the wait to the caller.
    """

    after: float | None
    reason: str
    kind: Literal["retry_later"] = "retry_later"
    code: str | None = None
    """Why, where something follows from it."""


@dataclass(frozen=True, slots=True)
class GatewayDown:
    """The gateway itself does not work (unreachable, wrong credentials, 5xx): the message was not accepted."""

    reason: str
    kind: Literal["gateway_down"] = "gateway_down"


@dataclass(frozen=True, slots=True)
class Unknown:
    """The message may or may not have been accepted: the answer was lost after the request was sent.

    ``silent``: no answer came in time, as from a gateway that hangs; not for a broken connection.
    """

    reason: str
    silent: bool = False
    kind: Literal["unknown"] = "unknown"


Outcome: TypeAlias = Accepted | Refused | RetryLater | GatewayDown | Unknown


@dataclass(frozen=True, slots=True)
class AwaitsDevice:
    """No outcome yet: the message waits for a phone, which fetches it, sends it, and reports what came of it."""

    seconds: float
    """How long it may be sent."""
    kind: Literal["awaits_device"] = "awaits_device"
