"""Accepting a request of several contacts: it is one page."""

from api.accept import accepted_answer
from api.callers import Caller
from api.claimed import Claimed
from api.contacts import ReadContacts
from api.starts import Starts
from domain.channels import Channel
from domain.fallback import Awaited
from domain.ids import message_uid
from domain.lanes import Lane
from domain.limits import PAGE_LIMITS
from domain.page import PageHeader


async def accept_page(
    starts: Starts,
    caller: Caller,
    claimed: Claimed,
    account_id: int,
    channel: Channel,
    lane: Lane,
    read: ReadContacts,
) -> bytes:
    """Start the page of a request and return the answer's body. Doing so twice is doing it once.

    Raises:
        ApiError: 503, nothing was accepted.
        OutcomeUnknownError: Temporal did not answer; it may have been.
        RPCError: Temporal refused it.
    """
    messages = read.content.messages
    due = [m.due for m in messages]
    page = PageHeader(
        str(claimed.id),
        account_id,
        channel.value,
        len(messages),
        due if any(due) else [],
        read.requested,
        lane=lane.value,
        awaited=[Awaited(index, m.fallback[0].after) for index, m in enumerate(messages) if m.fallback],
        limits=PAGE_LIMITS,
    )
    # The key of a request leads to its page: a repeat must be able to start that.
    start = starts.start_own if claimed.place is None else starts.start_again
    await start(page, read.content.encode(), caller)
    accepted = [(message_uid(claimed.id, index), message) for index, message in enumerate(messages)]
    return accepted_answer(accepted, read.warnings())
