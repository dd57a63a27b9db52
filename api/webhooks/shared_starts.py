"""Shared starts: posts of receipts that come while a workflow is being started share the next one. So do reports of
phones.

As one-contact sends share pages (``api/sending/group_commit.py``): a post that comes alone starts its workflow at once;
under load one start is in flight at a time. No post is answered before the start that carries it is durable.

Those of a shared start are then answered one after the other, over some time: providers post again as soon as they
are answered, and sends, which the same process accepts, would wait behind all posts that come at once. What comes
meanwhile shares the next start.
"""

import asyncio
import time
from dataclasses import dataclass, field

from api.http.temporal_link import TemporalLink, TemporalUnavailable
from runtime.tasks import cancel_and_wait
from services.receipts import MOST_BYTES, MOST_EVENTS, START_SECONDS, PostPart, start_receipts

_PAUSE = 0.2
"""Pause between two answers, as a share of the time that the start took: the slower Temporal, the larger the groups. A
provider with few connections is hardly slowed down by it.
"""
_MOST_SECONDS = 0.4
"""The longest time over which a group is answered. Providers wait for an answer for some seconds."""
_GATEWAY_BYTES = 40
"""Bytes of a gateway's id in a workflow's input."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """A post that waits for the start that carries it."""

    part: PostPart
    started: asyncio.Future[None]

    def answer(self, error: Exception | None) -> None:
        """Its start succeeded, or failed."""
        if self.started.done():  # its caller has gone
            return
        if error is None:
            self.started.set_result(None)
        else:
            self.started.set_exception(error)


@dataclass(slots=True)
class _Group:
    """The posts of one start. Equal posts are carried once."""

    parts: dict[str, PostPart] = field(default_factory=dict)
    members: list[_Waiting] = field(default_factory=list)
    _gateways: set[tuple[str, ...]] = field(default_factory=set)
    _events: int = 0
    _bytes: int = 0

    def add(self, waiting: _Waiting) -> bool:
        """Add a post, if the workflow's input has room for it, and return whether it had. The first one always fits."""
        part = waiting.part
        if part.id not in self.parts:
            size = len(part.events) + (0 if part.gateways in self._gateways else _GATEWAY_BYTES * len(part.gateways))
            if self.parts and (self._events + part.count > MOST_EVENTS or self._bytes + size > MOST_BYTES):
                return False
            self.parts[part.id] = part
            self._gateways.add(part.gateways)
            self._events += part.count
            self._bytes += size
        self.members.append(waiting)
        return True


class SharedStarts:
    """Starts the workflows of posts of receipts. What waits is bounded by ``WebhookMemory``."""

    def __init__(self, link: TemporalLink) -> None:
        self._link = link
        self._waiting: dict[_Waiting, None] = {}
        self._starting: asyncio.Task[None] | None = None

    async def start(self, part: PostPart) -> None:
        """Returns once the start that carries the post is durable.

        A caller that has disconnected is not looked for: what it posted is true, and its repeat changes nothing.

        Raises:
            TemporalUnavailable: it waited for too long; it may have been started.
            RPCError: as ``start_receipts``.
        """
        waiting = _Waiting(part, asyncio.get_running_loop().create_future())
        self._waiting[waiting] = None
        if self._starting is None:
            self._starting = asyncio.create_task(self._start_all())
        try:
            async with asyncio.timeout(START_SECONDS):
                await waiting.started
        except TimeoutError:
            raise TemporalUnavailable from None
        finally:
            self._waiting.pop(waiting, None)

    async def aclose(self) -> None:
        """Start no more."""
        if self._starting is not None:
            await cancel_and_wait(self._starting)

    async def _start_all(self) -> None:
        try:
            while self._waiting:
                group = self._next_group()
                begun = time.monotonic()
                error = await self._start(group)
                pause = min(_PAUSE * (time.monotonic() - begun), _MOST_SECONDS / len(group.members))
                await _answer(group.members, error, pause)
        finally:
            self._starting = None

    def _next_group(self) -> _Group:
        group = _Group()
        for waiting in list(self._waiting):
            if not group.add(waiting):
                break
            del self._waiting[waiting]
        return group

    async def _start(self, group: _Group) -> Exception | None:
        try:
            await start_receipts(self._link.client, list(group.parts.values()))
        except Exception as error:
            return error
        return None


async def _answer(members: list[_Waiting], error: Exception | None, pause: float) -> None:
    """Answer posts, with so many seconds between any two and after the last; one that was alone without a pause."""
    for waiting in members:
        waiting.answer(error)
        if len(members) > 1:
            await asyncio.sleep(pause)
