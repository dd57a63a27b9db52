"""Look-ups of names, with deadlines and with slots that no owner can use up.

The system's resolver is asked, as it knows the hosts file, search domains and all else that an operator has set up. It
occupies a thread until it gives up, which takes a name whose servers are silent up to a minute, and cannot be stopped.
So each owner has few threads; concurrent look-ups of a name are shared; and a silent name is not retried at once.
"""

import asyncio
import re
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from math import inf

from gateways.net.addresses import AddressInfo
from gateways.net.owner_slots import OwnerSlots, give_back, take

ANSWER_SECONDS = 8.0
"""Time limit of a look-up, including the wait for a slot. The system queries its second server after 5 s."""
FRESH_SECONDS = 10.0
"""How long a name's addresses are good for. A server that closes after each answer costs a look-up no more often."""
EACH = 2
"""Look-ups under way of one owner: so many threads its silent names can occupy."""
NEW_SLOTS = 48
"""Look-ups under way of all owners, for names that have not answered yet."""
KNOWN_SLOTS = 16
"""The same for names that have: they pass by all that never did."""

_MOST_NAMES = 10_000
_REST = 6.0
"""A name that failed rests for so many times as long as that took,"""
_LONGEST_REST = 30.0
"""but no longer than this,"""
_SOON = 1.0
"""and not at all if it failed sooner than this."""
_PERHAPS_NUMERIC = re.compile(r"[0-9a-fx.:]+(%.*)?", re.IGNORECASE)


class UnresolvedName(OSError):
    """There are no addresses of a name now. Says nothing of how the resolver came to know."""


class Names:
    """The look-ups of one part of a process. Parts that must not feel each other have their own."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, int], _Name] = {}
        self._new = asyncio.Semaphore(NEW_SLOTS), OwnerSlots(EACH)
        self._known = asyncio.Semaphore(KNOWN_SLOTS), OwnerSlots(EACH)

    async def addresses(self, host: str, port: int, owner: str) -> Sequence[AddressInfo]:
        """Return the addresses of a host, in the order in which to try them. Raises ``UnresolvedName``."""
        if numeric := _numeric(host, port):
            return numeric
        name = self._name(host, port)
        if name.is_due:
            await self._look_up(name, owner)
        return await asyncio.shield(name.answer)

    def _name(self, host: str, port: int) -> "_Name":
        if len(self._names) >= _MOST_NAMES:
            self._names = {key: name for key, name in self._names.items() if name.is_under_way}
        return self._names.setdefault((host, port), _Name(host, port))

    async def _look_up(self, name: "_Name", owner: str) -> None:
        everybodys, owners = self._known if name.has_answered else self._new
        slots = owners.of(owner), everybodys
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await take(*slots)
        except TimeoutError:
            raise UnresolvedName(f"the name {name.host} was not looked up: too many others do not answer") from None
        if name.is_due:
            name.look_up(partial(give_back, *slots))
        else:  # another look-up has begun, or ended, meanwhile
            give_back(*slots)


class _Name:
    """One name: the look-up that is under way, or how the last one ended."""

    answer: "asyncio.Future[Sequence[AddressInfo]]"

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.has_answered = False
        self._port = port
        self._due_at = -inf

    @property
    def is_due(self) -> bool:
        """Whether it is to be looked up: otherwise there is an ``answer``, or will be."""
        return asyncio.get_running_loop().time() >= self._due_at

    @property
    def is_under_way(self) -> bool:
        """Whether a thread waits for the resolver."""
        return self._due_at == inf

    def look_up(self, then: Callable[[], None]) -> None:
        """Ask the resolver, and call ``then`` when it has answered, or given up: perhaps long after the deadline."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        self.answer = loop.create_future()
        self._due_at = inf
        deadline = loop.call_later(ANSWER_SECONDS, self._fail, "did not answer in time")

        def end(found: Sequence[AddressInfo] | None) -> None:
            deadline.cancel()
            then()
            now = loop.time()
            self._due_at = now + (FRESH_SECONDS if found else _rest_after(now - begun))
            if found:
                self._succeed(found)
            else:
                self._fail("does not resolve")

        try:
            _ask_resolver(self.host, self._port, lambda found: loop.call_soon_threadsafe(end, found))
        except RuntimeError:  # the system has no thread left
            end(None)

    def _succeed(self, found: Sequence[AddressInfo]) -> None:
        if self.answer.done():  # late: for who asks next
            self.answer = asyncio.get_running_loop().create_future()
        self.answer.set_result(found)
        self.has_answered = True

    def _fail(self, how: str) -> None:
        if not self.answer.done():
            self.answer.set_exception(UnresolvedName(f"the name {self.host} {how}"))
            self.answer.exception()  # marks it as retrieved, also if no caller waits any more


def _rest_after(seconds: float) -> float:
    return 0.0 if seconds < _SOON else min(seconds * _REST, _LONGEST_REST)


def _numeric(host: str, port: int) -> Sequence[AddressInfo] | None:
    """The address that a host is itself, in any notation: it needs no look-up."""
    if not _PERHAPS_NUMERIC.fullmatch(host):
        return None
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):  # the latter: DNS cannot hold the name
        return None


def _ask_resolver(host: str, port: int, then: Callable[[Sequence[AddressInfo] | None], object]) -> None:
    """Look up in a thread of its own. A daemon's: the process does not wait for it when it ends."""

    def ask() -> None:
        found: Sequence[AddressInfo] | None = None
        with suppress(OSError, UnicodeError):
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        with suppress(RuntimeError):  # the event loop has ended
            then(found)

    threading.Thread(target=ask, name="name look-up", daemon=True).start()
