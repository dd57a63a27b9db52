"""Shared starts: posts of receipts that come while a workflow is being started share the next one.

As one-contact sends share pages (``api/sending/group_commit.py``): a post that comes alone starts its workflow at once;
under load one start is in flight at a time. No post is answered before the start that carries it is durable.

Those of a shared start are then answered one after the other, over some time: providers post again as soon as they
are answered, and sends, which the same process accepts, would wait behind all posts that come at once. What comes
meanwhile shares the next start.
"""

import asyncio
import time
from dataclasses import dataclass, field

from api.http.temporal_link import TemporalLink
from api.webhooks.memory import WebhookBusy
from services.receipts import MOST_BYTES, MOST_EVENTS, START_SECONDS, PostPart, start_receipts

_TIMES_THE_START = 12
"""The posts of a shared start are answered over so many times as long as it took: the slower Temporal, the fewer starts
and the larger the groups."""
_MOST_SECONDS = 0.4
"""The longest such time. Providers wait for an answer for some seconds."""
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
            WebhookBusy: it waited for too long; it may have been started.
            RPCError, TemporalUnavailable: as ``start_receipts``.
        """
        waiting = _Waiting(part, asyncio.get_running_loop().create_future())
        self._waiting[waiting] = None
        if self._starting is None:
            self._starting = asyncio.create_task(self._start_all())
        try:
            async with asyncio.timeout(START_SECONDS):
                await waiting.started
        except TimeoutError:
            raise WebhookBusy("Temporal does not answer") from None
        finally:
            self._waiting.pop(waiting, None)

    async def aclose(self) -> None:
        """Start no more."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait([self._starting])

    async def _start_all(self) -> None:
        try:
            while self._waiting:
                group = self._next_group()
                begun = time.monotonic()
                error = await self._start(group)
                seconds = min(_TIMES_THE_START * (time.monotonic() - begun), _MOST_SECONDS)
                await _answer(group.members, error, seconds)
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


async def _answer(members: list[_Waiting], error: Exception | None, seconds: float) -> None:
    """Answer posts, evenly over so many seconds; one that was alone at once."""
    for waiting in members:
        waiting.answer(error)
        if len(members) > 1:
            await asyncio.sleep(seconds / len(members))
