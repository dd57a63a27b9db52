"""Accepting a request of several contacts as one page."""

from api.http.callers import Caller
from api.http.idempotency import KeyClaim
from api.sending.answer import accepted_answer
from api.sending.starts import Starts
from domain.channels import Channel
from domain.ids import message_uid
from domain.lanes import Lane
from domain.messages.new_page import all_of, new_page
from services.contacts.read import ReadContacts
from store.accounts.api_keys import Principal


async def accept_page(
    starts: Starts,
    caller: Caller,
    claimed: KeyClaim,
    principal: Principal,
    channel: Channel,
    lane: Lane,
    read: ReadContacts,
) -> bytes:
    """Start the page of a request and return the answer's body. Idempotent.

    Raises:
        ApiError: 503, nothing was accepted.
        OutcomeUnknownError: Temporal did not answer; it may have been.
        RPCError: Temporal refused it.
    """
    messages = read.content.messages
    keyed, senders = all_of(principal.terms, len(messages)), read.content.senders()
    page = new_page(
        claimed.id,
        channel,
        [principal.account_id],
        messages,
        read.requested,
        lane=lane,
        keyed=keyed,
        senders=senders,
        purposes=[read.purpose],
        templates=[read.template_version],
    )
    # A request's key is bound to its page: a repeat must be able to start that.
    start = starts.start_own if claimed.scope is None else starts.start_repeatable
    await start(page, read.content.encode(), caller)
    accepted = [(message_uid(claimed.id, index), message) for index, message in enumerate(messages)]
    return accepted_answer(accepted, read.warnings())
