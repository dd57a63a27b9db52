"""Which messages that failed can be sent again under their uids: rules without I/O."""

from collections.abc import Collection, Mapping

from domain.errors import InvalidError
from domain.messages.statuses import NEGATIVES, State

REPLAYED = frozenset(NEGATIVES - {State.CANCELLED} | {State.UNKNOWN})
"""States of messages that can be sent again."""
BY_DEFAULT = frozenset({State.FAILED, State.REJECTED, State.EXPIRED})
"""Those that are, where none are named: they were never sent. Others were, or may have been."""

LEFT_OUT: Mapping[str, str] = {
    "fallback_sent": "another message was sent in its place",
    "may_have_arrived": "a gateway accepted it, and nothing tells that it did not arrive",
    "attempts_dropped": "what was tried is no longer kept, so nothing tells whether it may have arrived",
    "answer_lost": "a gateway's answer was lost: it is sent again only if the state unknown is named",
    "page_at_work": "other messages of its page are still being sent: try again later",
    "batch_stopped": "its batch is paused, or is being cancelled",
    "content_gone": "its content is not stored any more",
    "recipient_erased": "its recipient is not stored any more",
}
"""Why messages are left out, by code; those whose credits cannot be held have the code of that."""


def why_left_out(code: str) -> str:
    """A code in words."""
    return LEFT_OUT.get(code, f"it would be refused again: {code}")


def replayed_states(wanted: Collection[State], *, of_one: bool) -> list[State]:
    """The states of messages that are sent again. ``of_one``: one message is named, which says that it is wanted.

    Raises:
        InvalidError: messages in one of the wanted states cannot be sent again.
    """
    if unfit := sorted(set(wanted) - REPLAYED):
        words = f"messages that are {', '.join(unfit)} cannot be sent again: choose of {', '.join(sorted(REPLAYED))}"
        raise InvalidError("replay_state", words, "/filter/state")
    return sorted(wanted or (REPLAYED if of_one else BY_DEFAULT))
