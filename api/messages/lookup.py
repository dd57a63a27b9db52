"""Finding a caller's own message: in the database or, just after it was accepted, in its workflow."""

from uuid import UUID

from api.http.errors import ApiError
from api.http.state import AppState
from api.http.temporal_link import TemporalUnavailable
from api.messages.live import accepted_status, live_status
from domain.channels import Channel
from domain.messages.page import LiveStatus
from domain.messages.statuses import State
from services.workflow_calls import WorkflowUnresponsive
from store.messages import messages

_LIVE = frozenset({State.SCHEDULED, State.QUEUED, State.PROCESSING})

Found = tuple[messages.Message, LiveStatus | None] | tuple[None, LiveStatus]
"""The message in the database, and its status in the workflow: at least one of them."""


async def find_own(state: AppState, account_id: int, channel: Channel, uid: UUID) -> Found:
    """The message, if it is the account's own.

    Raises:
        ApiError: 404, the same for a foreign uid, for another channel's, and for one that does not exist.
        TemporalUnavailable, RPCError: it is not in the database, and Temporal does not answer.
    """
    message = await messages.find(state.pool, account_id, channel, uid)
    if message is not None:
        return message, await live_if_any(state, message)
    live = await _unrecorded(state, account_id, channel, uid)
    if live is not None:
        return None, live
    message = await messages.find(state.pool, account_id, channel, uid)  # it may have been recorded meanwhile
    if message is None:
        raise unknown_message()
    return message, None


async def _unrecorded(state: AppState, account_id: int, channel: Channel, uid: UUID) -> LiveStatus | None:
    """The status of an account's message in its workflow; ``None``: it has none on this channel."""
    accepted = await accepted_status(state.temporal, channel, uid)  # the workflow's own answer names no channel
    if accepted is None or accepted.account_id != account_id:
        return None
    try:
        return await live_status(state.temporal, uid)
    except WorkflowUnresponsive:
        return accepted


async def live_if_any(state: AppState, message: messages.Message) -> LiveStatus | None:
    """The workflow's status of a recorded message; ``None``: none."""
    if message.state not in _LIVE and not message.awaited:
        return None
    if message.credit == "pending":  # its page was not started yet
        due = message.schedule_at.timestamp() if message.schedule_at else 0.0
        return LiveStatus(message.account_id, message.state, "batch", due)
    try:
        return await live_status(state.temporal, message.uid)
    except (WorkflowUnresponsive, TemporalUnavailable):
        return None


def parse_uid(text: str) -> UUID:
    """A uid from a path; anything else is treated as an unknown uid."""
    try:
        uid = UUID(text)
    except ValueError:
        raise unknown_message() from None
    if str(uid) != text.lower():  # UUID() also reads braces, URNs, and digits of other scripts
        raise unknown_message()
    return uid


def unknown_message() -> ApiError:
    """404, the same for a foreign uid and for none at all."""
    return ApiError(404, "message_not_found", "there is no message with this uid on this channel")
