"""Requests that wait for the next page of a group: round-robin by account, for a bounded time."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from uuid import UUID

from api.http.callers import Caller, connected
from api.http.errors import nothing_accepted, outcome_unknown
from api.http.idempotency import KeyClaim
from domain.audience.purposes import TRANSACTIONAL
from domain.ids import PAGE_SIZE
from domain.messages.page import KeyTerms
from domain.messages.page_content import PAGE_BYTES, Content, PageMessage
from runtime.traces.tracing import Here


@dataclass(frozen=True, slots=True)
class OneMessage:
    """The message of a one-contact request."""

    account_id: int
    message: PageMessage
    content: Content
    gateway: str | None
    """The requested gateway, if any."""
    claimed: KeyClaim
    """The request's idempotency key, if any, must be bound to the message before that can be sent."""
    caller: Caller = connected
    key: KeyTerms | None = None
    """The message's key, if it demands something."""
    purpose: str = TRANSACTIONAL
    template: int | None = None
    """The id of the version of a template that it was made from."""


@dataclass(slots=True, eq=False)
class Waiting:
    """A waiting request."""

    one: OneMessage
    size: int
    """Bytes of its content."""
    accepted: asyncio.Future[UUID]
    since: float
    """By the loop's clock."""
    trace: Here | None = None
    """The span of the request, if it is recorded."""
    starting_as: UUID | None = None
    """The uid under which the message is being started: from then on only Temporal can confirm its acceptance."""

    @property
    def waits(self) -> bool:
        """Whether it still waits for an answer."""
        return not self.accepted.done()

    def accept(self, uid: UUID) -> None:
        """It was accepted."""
        if self.waits:
            self.accepted.set_result(uid)

    def fail(self, error: Exception) -> None:
        """It was not accepted."""
        if self.waits:
            self.accepted.set_exception(error)

    def give_up(self) -> None:
        """It took too long."""
        self.fail(outcome_unknown(self.starting_as) if self.starting_as else nothing_accepted("it took too long"))


class CommitQueue:
    """Waiting requests by account: accounts are served round-robin."""

    def __init__(self) -> None:
        self._by_account: OrderedDict[int, OrderedDict[Waiting, None]] = OrderedDict()

    def add(self, waiting: Waiting) -> None:
        """Append a request."""
        self._by_account.setdefault(waiting.one.account_id, OrderedDict())[waiting] = None

    def drop(self, waiting: Waiting) -> None:
        """Remove a request, if it is still queued."""
        queue = self._by_account.get(waiting.one.account_id)
        if queue is not None:
            queue.pop(waiting, None)
            if not queue:
                del self._by_account[waiting.one.account_id]

    def next_members(self) -> list[Waiting]:
        """As many as fit a page, one of each account in turn."""
        members: list[Waiting] = []
        room = PAGE_BYTES
        while self._by_account and len(members) < PAGE_SIZE:
            account_id, queue = next(iter(self._by_account.items()))
            first = next(iter(queue))
            if members and first.size > room:
                break
            room -= first.size
            members.append(first)
            self.drop(first)
            if queue:
                self._by_account.move_to_end(account_id)
        return members
