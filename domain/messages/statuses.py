"""The states of a message and the rule by which they change: up in rank, never down.

Receipts come late, twice and out of order. Taking the highest rank seen makes the order they come in irrelevant.
"""

from enum import StrEnum


class State(StrEnum):
    """The state of a message; its value is that of the database and of the field ``state`` of the contract."""

    SCHEDULED = "scheduled"
    """Waits for its time: ``schedule_at``, quiet hours."""
    QUEUED = "queued"
    """Waits to be sent."""
    PROCESSING = "processing"
    """Is being sent to a gateway."""
    UNKNOWN = "unknown"
    """The gateway's answer was lost: it may or may not have been accepted."""
    SENT = "sent"
    """A gateway accepted it."""
    DEFERRED = "deferred"
    """The gateway accepted it and is still trying."""
    REJECTED = "rejected"
    """Refused by a rule of ours or by the provider; it was never sent."""
    BOUNCED = "bounced"
    """The recipient's mail server refused it permanently."""
    UNDELIVERED = "undelivered"
    """The carrier could not deliver it."""
    EXPIRED = "expired"
    """No delivery was reported in time."""
    FAILED = "failed"
    """No gateway could accept it."""
    CANCELLED = "cancelled"
    """Cancelled before it was sent."""
    DELIVERED = "delivered"
    READ = "read"

    @property
    def rank(self) -> int:
        """How far along the state is; states of one rank exclude each other."""
        return _RANKS[self]

    @property
    def is_final(self) -> bool:
        """Whether the outcome is final (``delivered`` may still become ``read``)."""
        return self in NEGATIVES or self in _ARRIVED


NEGATIVES = frozenset({State.REJECTED, State.BOUNCED, State.UNDELIVERED, State.EXPIRED, State.FAILED, State.CANCELLED})
"""The states in which a message did not arrive."""

_ARRIVED = frozenset({State.DELIVERED, State.READ})
_WAITING = frozenset({State.SCHEDULED, State.QUEUED})

# Any report of a provider settles `unknown`, so it ranks below `sent`. Proof of arrival outranks every negative: an
# `expired` of ours, or a carrier's early `undelivered`, gives way to a receipt that shows the message on the phone.
_RANKS = {
    State.SCHEDULED: 0,
    State.QUEUED: 0,
    State.PROCESSING: 10,
    State.UNKNOWN: 15,
    State.SENT: 20,
    State.DEFERRED: 25,
    **dict.fromkeys(NEGATIVES, 30),
    State.DELIVERED: 40,
    State.READ: 50,
}


def advance(old: State, new: State) -> State:
    """The state after ``new`` was reported of a message in ``old``.

    Only a higher rank replaces a state, so the first of several negatives stays. The two waiting states alone may
    alternate: a queued message can be rescheduled, and a scheduled one comes due.
    """
    if new.rank > old.rank or (old in _WAITING and new in _WAITING):
        return new
    return old


def contract_word(state: State, receipts: bool) -> str:
    """XSender's name of a state: ``pending``, ``schedule``, ``processing``, ``delivered`` or ``fail``.

    ``receipts``: whether the gateway that accepted the message reports deliveries. If it does not, acceptance is all
    that can ever be known, and XSender's clients poll until they read ``delivered``.
    """
    if state is State.SENT:
        return "processing" if receipts else "delivered"
    return _WORDS[state]


_WORDS = {
    State.SCHEDULED: "schedule",
    State.QUEUED: "pending",
    State.PROCESSING: "processing",
    State.UNKNOWN: "processing",
    State.DEFERRED: "processing",
    **dict.fromkeys(NEGATIVES, "fail"),
    State.DELIVERED: "delivered",
    State.READ: "delivered",
}


WAITS_FOR_DEVICE = "device"
"""What a message waits for that phones are to send."""

WITH_DEVICE = "a phone has this message; it was asked to give it back"
"""Why a message is not cancelled at once: its phone may have begun to send it."""
