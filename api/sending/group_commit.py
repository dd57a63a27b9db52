"""Group commit: one-contact requests that come while a page is being started share the next page.

As databases share a log flush: alone, a request starts its page at once; under load one start is
in flight at a time, and all requests that came meanwhile share the next. Between two shared starts there
is a pause as long as a start takes: the slower Temporal, the larger the groups. No request is answered before the start
of its page is durable, and none waits for longer than ``ACCEPT_SECONDS``.
"""

import asyncio
import time
from collections import OrderedDict
from dataclasses import replace
from uuid import UUID

from api.http.callers import caller_gone, should_check
from api.http.errors import ApiError, unavailable
from api.limits.admission import MOST_OF_A_GROUP, AdmissionLimit
from api.sending.commit_queue import CommitQueue, OneMessage, Waiting
from api.sending.starts import ACCEPT_SECONDS, Starts
from domain.channels import Channel
from domain.ids import message_uid, new_page_id
from domain.lanes import Lane
from domain.limits import AT_ONCE_LIMITS
from domain.messages.new_page import new_page
from domain.messages.page import Keyed, PageHeader
from domain.messages.page_content import Content, PageContent, senders_of
from runtime.tasks import cancel_and_wait
from runtime.traces.tracing import here, starting_page
from store import idempotency
from store.pool import Pool

_LONGEST_PAUSE = 0.05
"""Seconds between the end of a shared start and the next one; as long as the start took, if that is less."""


class GroupCommit:
    """Starts the pages of one-contact requests, separately for each channel and lane."""

    def __init__(self, starts: Starts, pool: Pool, admission: AdmissionLimit) -> None:
        self._starts = starts
        self._pool = pool
        self._admission = admission
        self._groups: dict[tuple[Channel, Lane], _Group] = {}

    async def accept(self, channel: Channel, lane: Lane, one: OneMessage) -> UUID:
        """Returns the message's uid once the start of its page is durable.

        Raises:
            ApiError: 503, nothing was accepted: too many wait, it took too long, or a repeat with the same idempotency
                key took over.
            OutcomeUnknownError: it took too long, and may have been accepted.
            RPCError, TemporalUnavailable: Temporal did not accept it.
            psycopg.Error: an idempotency key could not be recorded; the page was not started.
        """
        self._starts.check_answering()
        group = self._groups.get((channel, lane))
        if group is None:
            group = self._groups[channel, lane] = _Group(self._starts, self._pool, channel, lane)
        size = one.content.size
        self._admission.enter(one.account_id, size)
        try:
            return await group.join(one, size)
        finally:
            self._admission.leave(one.account_id, size)

    async def aclose(self) -> None:
        """Start no more."""
        for group in self._groups.values():
            await group.aclose()


class _Group:
    """The requests of one channel and lane."""

    def __init__(self, starts: Starts, pool: Pool, channel: Channel, lane: Lane) -> None:
        self._starts = starts
        self._pool = pool
        self._channel = channel
        self._lane = lane
        self._admission = AdmissionLimit(MOST_OF_A_GROUP)
        self._queue = CommitQueue()
        self._unanswered: OrderedDict[Waiting, None] = OrderedDict()
        self._clock: asyncio.TimerHandle | None = None
        """Runs while requests are unanswered, until the first of them has waited for too long."""
        self._starting: asyncio.Task[None] | None = None

    async def join(self, one: OneMessage, size: int) -> UUID:
        """Wait for the next start, and for its end."""
        loop = asyncio.get_running_loop()
        waiting = Waiting(one, size, loop.create_future(), loop.time(), here())
        self._admission.enter(one.account_id, size)
        self._queue.add(waiting)
        self._unanswered[waiting] = None
        if self._clock is None:
            self._clock = loop.call_later(ACCEPT_SECONDS, self._expire_waiting)
        if self._starting is None:
            self._starting = loop.create_task(self._start_all())
        try:
            return await waiting.accepted
        finally:
            del self._unanswered[waiting]
            self._queue.drop(waiting)
            self._admission.leave(one.account_id, size)

    def _expire_waiting(self) -> None:
        """Fail requests that have waited for too long. One timer for all: nearly all are answered in milliseconds."""
        loop = asyncio.get_running_loop()
        self._clock = None
        for waiting in self._unanswered:
            if waiting.since + ACCEPT_SECONDS > loop.time():
                self._clock = loop.call_at(waiting.since + ACCEPT_SECONDS, self._expire_waiting)
                break
            waiting.give_up()

    async def aclose(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
        if self._starting is not None:
            await cancel_and_wait(self._starting)

    async def _start_all(self) -> None:
        try:
            await self._starts.answered()
            while members := self._queue.next_members():
                begun = time.monotonic()
                try:
                    await _fail_disconnected(members)
                    await self._start(members)
                except Exception as error:
                    for member in members:
                        member.fail(error)
                if len(members) > 1:  # callers just answered will soon send again: let them share a page
                    await asyncio.sleep(min(time.monotonic() - begun, _LONGEST_PAUSE))
                await self._starts.answered()
        finally:
            self._starting = None

    async def _start(self, members: list[Waiting]) -> None:
        """Start a page for the requests that still wait; retry with the remaining ones until a start succeeds."""
        while members := [member for member in members if member.waits]:
            page_id = new_page_id()
            uids = [message_uid(page_id, index) for index in range(len(members))]
            rest = await self._bind_keys(members, uids)
            if len(rest) < len(members) or not all(member.waits for member in members):
                members = rest
                continue
            for member, uid in zip(members, uids, strict=True):
                member.starting_as = uid
            page = _header(page_id, self._channel, self._lane, [member.one for member in members])
            with starting_page([member.trace for member in members]):
                is_started = await self._starts.start(page, _content([member.one for member in members]))
            for member, uid in zip(members, uids, strict=True):
                if is_started:
                    member.accept(uid)
                member.starting_as = None

    async def _bind_keys(self, members: list[Waiting], uids: list[UUID]) -> list[Waiting]:
        """Bind the keys of requests to their messages. Returns the members that may be started."""
        leads = {
            uid: idempotency.KeyBinding(member.one.claimed.scope, member.one.claimed.id, uid)
            for member, uid in zip(members, uids, strict=True)
            if member.one.claimed.scope is not None
        }
        if not leads:
            return members
        led = await idempotency.bind_keys(self._pool, list(leads.values()))
        rest: list[Waiting] = []
        for member, uid in zip(members, uids, strict=True):
            if uid in leads and uid not in led:
                member.fail(_overtaken())
                continue
            if uid in led:
                member.one = replace(member.one, claimed=replace(member.one.claimed, id=uid))
            rest.append(member)
        return rest


async def _fail_disconnected(members: list[Waiting]) -> None:
    now = asyncio.get_running_loop().time()
    for member in members:
        if should_check(member.since, now) and await member.one.caller():
            member.fail(caller_gone())


def _header(page_id: UUID, channel: Channel, lane: Lane, members: list[OneMessage]) -> PageHeader:
    requested: dict[str, list[int]] = {}
    keyed: dict[str, Keyed] = {}
    for index, one in enumerate(members):
        if one.gateway:
            requested.setdefault(one.gateway, []).append(index)
        if one.key:
            keyed.setdefault(one.key.id, Keyed(one.key, [])).indexes.append(index)
    accounts = [one.account_id for one in members]
    messages = [one.message for one in members]
    senders = senders_of(one.content.from_address for one in members)
    keys = list(keyed.values())
    page = new_page(
        page_id,
        channel,
        accounts,
        messages,
        requested,
        lane=lane,
        keyed=keys,
        senders=senders,
        purposes=[one.purpose for one in members],
        templates=[one.template for one in members],
    )
    is_urgent = lane == Lane.TRANSACTIONAL and not page.due
    return replace(page, limits=AT_ONCE_LIMITS) if is_urgent else page


def _content(members: list[OneMessage]) -> bytes:
    contents: dict[Content, int] = {}  # equal contents are carried once
    messages = [replace(one.message, content=contents.setdefault(one.content, len(contents))) for one in members]
    return PageContent(list(contents), messages).encode()


def _overtaken() -> ApiError:
    return unavailable("it took so long to accept this that nothing was accepted")
