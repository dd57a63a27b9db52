"""Phones that ask for messages: those of a gateway that ask at the same time get theirs by one look at the database.

A phone that may wait does so without a connection. It is looked for again once messages come, or a SIM may send again.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from uuid import UUID

from domain.devices.messages import HandedOut, Offer, Session
from runtime.tasks import cancel_and_wait
from services.devices.handing import hand_out
from store.pool import Pool

AT_A_TIME = 4
"""Looks at the database at a time, of all gateways; one gateway's follow each other."""
TOGETHER = 100
"""Phones of one look."""
_EARLY = 0.01
"""Seconds: requests that are due within the next ones are looked for together."""
MOST_OF_A_PHONE = 8
"""Requests of one phone that wait: it may ask for each SIM."""


class SessionEnded(Exception):
    """The phone's session is over."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a phone gets."""

    offers: Sequence[Offer] = ()
    wait: float = 0.0
    """Seconds after which it may help to ask again, if no message comes before."""
    rest: float = 0.0
    """Seconds until a SIM of the phone may send again."""
    is_full: bool = False
    """Whether it is to report some messages before it gets others."""


@dataclass(eq=False, slots=True)
class _Asking:
    """A request of a phone."""

    session: Session
    limit: int
    sim: str | None
    result: "asyncio.Future[Taken]"
    may_wait: bool
    is_due: bool = True
    due_at: float = field(default=inf, init=False)
    """When it is due again without a message having come: a SIM may send again."""
    is_looked_for: bool = field(default=False, init=False)
    """Whether messages are being handed to it: then it ends with what they are."""

    def end(self, taken: Taken) -> None:
        """Answer it."""
        if not self.result.done():  # its phone may have hung up
            self.result.set_result(taken)


class Rounds:
    """All requests of phones in this process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._asking: dict[UUID, dict[_Asking, None]] = {}
        """By gateway, those that wait longest first."""
        self._running: dict[UUID, asyncio.Task[None]] = {}
        self._timers: dict[UUID, asyncio.TimerHandle] = {}
        """By gateway: when its first request is due again."""
        self._free = asyncio.Semaphore(AT_A_TIME)
        self._is_over = False

    async def take(self, session: Session, limit: int, sim: str | None = None, seconds: float = 0.0) -> Taken:
        """Messages for a phone: at most ``limit``, new ones only for one SIM; waits for some as long as ``seconds``.

        A second request of a phone for the same SIM ends the first one. One that is cancelled may have been given
        messages already: they are offered again.

        Raises:
            SessionEnded: the session is over.
            Exception: the database is away.
        """
        loop = asyncio.get_running_loop()
        asking = _Asking(session, limit, sim, loop.create_future(), may_wait=seconds > 0 and not self._is_over)
        self._add(asking)
        timer = loop.call_later(seconds, self._give_up, asking) if seconds > 0 else None
        try:
            return await asking.result
        finally:
            if timer:
                timer.cancel()
            self._remove(asking)

    def wake(self, gateway_id: UUID) -> None:
        """Messages wait for phones of this gateway."""
        for asking in self._asking.get(gateway_id, ()):
            asking.is_due = True
        self._begin(gateway_id)

    def wake_all(self) -> None:
        """Messages may wait for any phone."""
        for gateway_id in list(self._asking):
            self.wake(gateway_id)

    def look(self, device_id: UUID) -> None:
        """Something of this phone has changed: its session, its SIMs, or a message that it has."""
        for asking in self._of(device_id):
            asking.is_due = True
            self._begin(asking.session.gateway_id)

    def end_all(self) -> None:
        """This process ends."""
        self._is_over = True
        for asking in [one for own in self._asking.values() for one in own]:
            self._give_up(asking)

    async def aclose(self) -> None:
        """End what runs."""
        for timer in self._timers.values():
            timer.cancel()
        await cancel_and_wait(*self._running.values())

    def _add(self, asking: _Asking) -> None:
        own = list(self._of(asking.session.device_id))
        same = [one for one in own if one.sim == asking.sim]
        for older in same or own[: max(0, len(own) - MOST_OF_A_PHONE + 1)]:
            if not older.is_looked_for:  # nobody is in a look twice: the older one's session may be over
                older.end(Taken())
        self._asking.setdefault(asking.session.gateway_id, {})[asking] = None
        self._begin(asking.session.gateway_id)

    def _of(self, device_id: UUID) -> Iterator[_Asking]:
        return (one for own in self._asking.values() for one in own if one.session.device_id == device_id)

    def _remove(self, asking: _Asking) -> None:
        own = self._asking[asking.session.gateway_id]
        del own[asking]
        if not own:
            del self._asking[asking.session.gateway_id]

    def _give_up(self, asking: _Asking) -> None:
        asking.may_wait = False
        if not (asking.is_looked_for or asking.is_due):
            asking.end(Taken())

    def _begin(self, gateway_id: UUID) -> None:
        if gateway_id not in self._running:
            self._running[gateway_id] = asyncio.create_task(self._run(gateway_id))

    async def _run(self, gateway_id: UUID) -> None:
        """Look for messages until nobody is due."""
        try:
            while self._due(gateway_id):
                async with self._free:
                    if due := self._due(gateway_id):  # some may have hung up meanwhile
                        await self._look(gateway_id, due)
        finally:  # in the same step in which nobody is due: who comes after it begins anew
            del self._running[gateway_id]

    def _due(self, gateway_id: UUID) -> list[_Asking]:
        """Those that wait longest and ask for the same."""
        due = [one for one in self._asking.get(gateway_id, ()) if one.is_due and not one.result.done()]
        return [one for one in due if (one.limit, one.sim) == (due[0].limit, due[0].sim)][:TOGETHER]

    async def _look(self, gateway_id: UUID, due: Sequence[_Asking]) -> None:
        for asking in due:
            asking.is_due, asking.is_looked_for, asking.due_at = False, True, inf
        try:
            handed = await hand_out(self._pool, [one.session for one in due], due[0].limit, due[0].sim)
        except Exception as error:  # each tells its phone
            for asking in due:
                if not asking.result.done():
                    asking.result.set_exception(error)
            return
        finally:
            for asking in due:
                asking.is_looked_for = False
        due_at = asyncio.get_running_loop().time() + handed.wait
        for asking in due:
            _answer(asking, handed)
            asking.due_at = due_at
        self._set_timer(gateway_id)

    def _set_timer(self, gateway_id: UUID) -> None:
        """One for each gateway, however often it is looked at."""
        if timer := self._timers.pop(gateway_id, None):
            timer.cancel()
        waiting = [one.due_at for one in self._asking.get(gateway_id, ()) if not (one.is_due or one.result.done())]
        if (first := min(waiting, default=inf)) < inf:
            loop = asyncio.get_running_loop()
            self._timers[gateway_id] = loop.call_at(first, self._look_again, gateway_id)

    def _look_again(self, gateway_id: UUID) -> None:
        now = asyncio.get_running_loop().time() + _EARLY
        for asking in self._asking.get(gateway_id, ()):
            if asking.due_at <= now:
                asking.is_due = True
        self._set_timer(gateway_id)
        self._begin(gateway_id)


def _answer(asking: _Asking, handed: HandedOut) -> None:
    device_id = asking.session.device_id
    if device_id in handed.ended:
        if not asking.result.done():
            asking.result.set_exception(SessionEnded())
    elif (offers := handed.offers.get(device_id)) or not asking.may_wait:
        rest = handed.rests.get(device_id, 0.0)
        asking.end(Taken(offers or (), handed.wait, rest, device_id in handed.full))
