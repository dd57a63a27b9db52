"""Group commit: one-contact requests that come while a page is being started share the next page.

As databases share a log flush: alone, a request starts its page at once and waits for nobody; under load one start is
in flight at a time, and whatever came meanwhile, from whomever, goes with the next. Between two shared starts there
is a pause as long as a start takes: the slower the engine, the larger the groups. Nobody is answered before the start
of its page is durable.
"""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field, replace
from uuid import UUID

from api.accept import start_page
from api.claimed import Claimed
from api.errors import ApiError, unavailable
from api.temporal_link import TemporalLink
from domain.channels import Channel
from domain.ids import PAGE_SIZE, message_uid, new_page_id
from domain.lanes import Lane
from domain.limits import PAGE_LIMITS
from domain.page import PageHeader
from domain.page_content import PAGE_BYTES, Content, PageContent, PageMessage
from store import idempotency
from store.pool import Pool

_LONGEST_PAUSE = 0.05
"""Seconds between the end of a shared start and the next one; as long as the start took, if that is less."""


@dataclass(frozen=True, slots=True)
class OneMessage:
    """What a request of one contact wants sent."""

    account_id: int
    message: PageMessage
    content: Content
    gateway: str | None
    """The gateway that was asked for, if any."""
    claimed: Claimed
    """The request's idempotency key, if it has one, must lead to the message before that can have left."""


@dataclass(slots=True)
class _Waiting:
    one: OneMessage
    accepted: asyncio.Future[UUID] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def fail(self, error: Exception) -> None:
        """It was not accepted."""
        if not self.accepted.done():  # whoever waited for it may be gone
            self.accepted.set_exception(error)


class GroupCommit:
    """Starts the pages of one-contact requests, for each channel and lane by itself."""

    def __init__(self, link: TemporalLink, pool: Pool) -> None:
        self._link = link
        self._pool = pool
        self._groups: dict[tuple[Channel, Lane], _Group] = {}

    async def accept(self, channel: Channel, lane: Lane, one: OneMessage) -> UUID:
        """Returns the message's uid once the start of its page is durable.

        Raises:
            RPCError, TemporalAway: Temporal does not answer; whether the page was started is not known.
            psycopg.Error: an idempotency key could not be recorded; the page was not started.
            ApiError: it took so long that a repeat with the same idempotency key took over.
        """
        if (channel, lane) not in self._groups:
            self._groups[channel, lane] = _Group(self._link, self._pool, channel, lane)
        return await self._groups[channel, lane].join(one)


class _Group:
    """Those who wait for the next start, by account: each account has its turn, whatever the others bring."""

    def __init__(self, link: TemporalLink, pool: Pool, channel: Channel, lane: Lane) -> None:
        self._link = link
        self._pool = pool
        self._channel = channel
        self._lane = lane
        self._waiting: dict[int, deque[_Waiting]] = {}
        self._starting: asyncio.Task[None] | None = None

    async def join(self, one: OneMessage) -> UUID:
        """Wait for the next start, and for its end."""
        waiting = _Waiting(one)
        self._waiting.setdefault(one.account_id, deque()).append(waiting)
        if self._starting is None:
            self._starting = asyncio.create_task(self._start_all())
        return await waiting.accepted

    async def _start_all(self) -> None:
        while members := self._next_members():
            begun = time.monotonic()
            try:
                await self._start(members)
            except Exception as error:
                for member in members:
                    member.fail(error)
            if len(members) > 1:  # those who were just answered are about to come again: let them share the next page
                await asyncio.sleep(min(time.monotonic() - begun, _LONGEST_PAUSE))
        self._starting = None

    async def _start(self, members: list[_Waiting]) -> None:
        if not members:
            return
        page_id = new_page_id()
        uids = [message_uid(page_id, index) for index in range(len(members))]
        rest = await self._lead(members, uids)
        if len(rest) < len(members):
            await self._start(rest)
            return
        page = _header(page_id, self._channel, self._lane, [member.one for member in members])
        if not await start_page(self._link.client, page, _content([member.one for member in members])):
            # Only who took over the key of one of them can have used the id, because this took so long.
            raise _overtaken()
        for member, uid in zip(members, uids, strict=True):
            if not member.accepted.done():
                member.accepted.set_result(uid)

    async def _lead(self, members: list[_Waiting], uids: list[UUID]) -> list[_Waiting]:
        """Have the keys of requests lead to their messages. Returns those members that may be started."""
        leads = {
            uid: idempotency.Lead(member.one.claimed.place, member.one.claimed.id, uid)
            for member, uid in zip(members, uids, strict=True)
            if member.one.claimed.place is not None
        }
        if not leads:
            return members
        led = await idempotency.lead_to(self._pool, list(leads.values()))
        rest: list[_Waiting] = []
        for member, uid in zip(members, uids, strict=True):
            if uid in leads and uid not in led:
                member.fail(_overtaken())
                continue
            if uid in led:
                member.one = replace(member.one, claimed=replace(member.one.claimed, id=uid))
            rest.append(member)
        return rest

    def _next_members(self) -> list[_Waiting]:
        """As many as fit a page, one of each account in turn."""
        members: list[_Waiting] = []
        room = PAGE_BYTES
        while self._waiting and len(members) < PAGE_SIZE:
            account_id, queue = next(iter(self._waiting.items()))
            size = queue[0].one.content.size
            if members and size > room:
                break
            room -= size
            members.append(queue.popleft())
            del self._waiting[account_id]
            if queue:  # to the end of the line
                self._waiting[account_id] = queue
        return members


def _header(page_id: UUID, channel: Channel, lane: Lane, members: list[OneMessage]) -> PageHeader:
    accounts = [one.account_id for one in members]
    due = [one.message.due for one in members]
    requested: dict[str, list[int]] = {}
    for index, one in enumerate(members):
        if one.gateway:
            requested.setdefault(one.gateway, []).append(index)
    return PageHeader(
        str(page_id),
        accounts[0],
        channel.value,
        len(members),
        due if any(due) else [],
        requested,
        accounts=accounts if len(set(accounts)) > 1 else [],
        lane=lane.value,
        limits=PAGE_LIMITS,
    )


def _content(members: list[OneMessage]) -> bytes:
    contents: dict[Content, int] = {}  # equal contents are carried once
    messages = [replace(one.message, content=contents.setdefault(one.content, len(contents))) for one in members]
    return PageContent(list(contents), messages).encode()


def _overtaken() -> ApiError:
    return unavailable("it took so long to accept this that nothing was accepted")
