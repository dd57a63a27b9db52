"""The states of a message and the one rule by which they move: up in rank, never down.

Receipts come late, twice and out of order. Taking the highest rank seen makes the order they come in irrelevant.
"""

from enum import StrEnum


class State(StrEnum):
    """Where a message is; the value is what the database and the field ``state`` of the contract carry."""

    SCHEDULED = "scheduled"
    """Waits for its time: ``schedule_at``, quiet hours."""
    QUEUED = "queued"
    """Waits for its turn."""
    PROCESSING = "processing"
    """Is being handed to a gateway."""
    UNKNOWN = "unknown"
    """The gateway's answer was lost: it may or may not have been taken."""
    SENT = "sent"
    """A gateway took it."""
    DEFERRED = "deferred"
    """The gateway took it and is still trying."""
    REJECTED = "rejected"
    """Refused by a rule of ours or by the provider; it never left."""
    BOUNCED = "bounced"
    """The recipient's mail server refused it for good."""
    UNDELIVERED = "undelivered"
    """The carrier could not deliver it."""
    EXPIRED = "expired"
    """Nobody reported a delivery in time."""
    FAILED = "failed"
    """No gateway could take it."""
    CANCELLED = "cancelled"
    """Withdrawn before it left."""
    DELIVERED = "delivered"
    READ = "read"

    @property
    def rank(self) -> int:
        """How far along the state is; states of one rank exclude each other."""
        return _RANKS[self]

    @property
    def is_final(self) -> bool:
        """Whether the outcome is settled, for good or ill (``delivered`` may still become ``read``)."""
        return self in NEGATIVES or self in _ARRIVED


NEGATIVES = frozenset({State.REJECTED, State.BOUNCED, State.UNDELIVERED, State.EXPIRED, State.FAILED, State.CANCELLED})
"""The states in which a message did not arrive."""

_ARRIVED = frozenset({State.DELIVERED, State.READ})
_WAITING = frozenset({State.SCHEDULED, State.QUEUED})

# Any word of a provider settles `unknown`, so it ranks below `sent`. Proof of arrival outranks every negative: an
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
    change places: a queued message can be told to wait, and a waiting one comes due.
    """
    if new.rank > old.rank or (old in _WAITING and new in _WAITING):
        return new
    return old


def contract_word(state: State, receipts: bool) -> str:
    """XSender's word for a state: ``pending``, ``schedule``, ``processing``, ``delivered`` or ``fail``.

    ``receipts`` tells whether the gateway that took the message reports deliveries. Where none will come, taken is all
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
