"""What a gateway's answer means: one closed set that every adapter maps its provider's answers to.

The split that matters most is between "the gateway said no" and "we do not know what the gateway did": only the
first may ever be sent again without asking (DESIGN §1, the promise).
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Accepted:
    """The gateway took the message. ``receipts`` tells whether delivery receipts will follow."""

    provider_id: str | None = None
    receipts: bool = False
    kind: Literal["accepted"] = "accepted"
    recipient_id: str | None = None
    """The gateway's own id of the recipient, where it told one besides the number."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The gateway, or the recipient's server behind it, refused this message for good. No other try will help."""

    code: str
    reason: str
    kind: Literal["refused"] = "refused"


@dataclass(frozen=True, slots=True)
class RetryLater:
    """The gateway did not take the message now (throttled, greylisted) but asks to come back.

    ``after`` is in seconds; ``None`` leaves the wait to the caller.
    """

    after: float | None
    reason: str
    kind: Literal["retry_later"] = "retry_later"


@dataclass(frozen=True, slots=True)
class GatewayDown:
    """The gateway itself does not work (unreachable, wrong credentials, 5xx): the message was surely not taken."""

    reason: str
    kind: Literal["gateway_down"] = "gateway_down"


@dataclass(frozen=True, slots=True)
class Unknown:
    """The message may or may not have been taken: the answer was lost after the request had left.

    ``silent``: no answer came in time, as from a gateway that hangs. A connection that broke is no silence.
    """

    reason: str
    silent: bool = False
    kind: Literal["unknown"] = "unknown"


Outcome: TypeAlias = Accepted | Refused | RetryLater | GatewayDown | Unknown
