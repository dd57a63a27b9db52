"""Makes the requests of runs, beside them: a host that is slow or silent holds up only those that wait for it.

A request is claimed, made, and its answer stored, then its run is woken. If the process dies in between, another one
makes it again, with the same id, when the claim has ended.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog

from domain.keyring import Keyring, KeyringError
from gateways.base import GatewayConnections
from gateways.outgoing_call import Request, Unanswered, make
from runtime.tasks import cancel_and_wait
from services.automations.calls.answers import stored
from services.automations.calls.checking import secret_names
from services.automations.calls.secrets import SIGNING, may_go_to
from services.settings.current import CurrentSettings
from store.automations import calls, secrets, waking
from store.automations.calls import Place, Waiting
from store.automations.secrets import Opened
from store.pool import DB_UNAVAILABLE, Pool, retry_until_available

log = structlog.get_logger()

AT_A_TIME = 256
"""Requests of a process."""
OF_ACCOUNT, OF_HOST = 32, 8
"""Those of an account, and of them those to one host: what is slow leaves the others theirs."""

_EVERY = 0.25
"""Seconds between two looks for requests to make: one statement, of one index that is empty most of the time."""
_GATHERING = 0.01
"""Seconds in which others may end, too: then what follows them is claimed together."""
_CLAIMED = 15.0
"""Seconds that a claim is longer than the request may take."""
_DRAINED = 10.0
"""Seconds that requests under way get when the process stops."""


class CallSender:
    """One per process of the automations' queue."""

    def __init__(
        self, pool: Pool, keyring: Keyring, outside: GatewayConnections, environment: Mapping[str, Any]
    ) -> None:
        """``environment``: settings that the process was started with."""
        self._pool = pool
        self._keyring = keyring
        self._outside = outside
        self._settings = CurrentSettings(pool, environment)
        self._ended = asyncio.Event()
        self._making: set[asyncio.Task[None]] = set()
        self._of_place: Counter[Place] = Counter()

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        """Make requests while the context is open. What is under way then ends, or is made again by others."""
        loop = asyncio.create_task(self._look())
        try:
            yield
        finally:
            await cancel_and_wait(loop)
            await self._drain()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._outside.aclose()

    async def _drain(self) -> None:
        if self._making:
            _, late = await asyncio.wait(self._making, timeout=_DRAINED)
            await cancel_and_wait(*late)

    async def _look(self) -> None:
        while True:
            found: Sequence[Waiting] = ()
            self._ended.clear()
            try:
                found = await self._claim()
                for waiting in found:
                    self._begin(waiting)
            except DB_UNAVAILABLE as error:
                log.warning("calls of automations wait", error=type(error).__name__)
            except Exception:
                log.exception("calls of automations wait")
            if found:  # there may be more, for those that end
                with suppress(TimeoutError):
                    async with asyncio.timeout(_EVERY):
                        await self._ended.wait()
                await asyncio.sleep(_GATHERING)
            else:
                await asyncio.sleep(_EVERY)

    async def _claim(self) -> Sequence[Waiting]:
        if len(self._making) >= AT_A_TIME:
            return []
        wanted = self._shares(await calls.places(self._pool))
        return await calls.claim(self._pool, wanted, _CLAIMED) if wanted else []

    def _shares(self, places: Sequence[Place]) -> Mapping[Place, int]:
        """How many requests of each place are made next: one of each, then another one, as long as there is room."""
        free = AT_A_TIME - len(self._making)
        accounts = Counter[int]()
        for (account_id, _), count in self._of_place.items():
            accounts[account_id] += count
        shares, open_ = Counter[Place](), random.sample(places, len(places))
        while open_ and free > 0:
            going = []
            for place in open_[:free]:
                if self._of_place[place] + shares[place] < OF_HOST and accounts[place[0]] < OF_ACCOUNT:
                    shares[place] += 1
                    accounts[place[0]] += 1
                    going.append(place)
            free -= len(going)
            open_ = going
        return shares

    def _begin(self, waiting: Waiting) -> None:
        place = waiting.account_id, waiting.host
        self._of_place[place] += 1
        task = asyncio.create_task(self._make(waiting))
        self._making.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            self._making.discard(task)
            self._of_place[place] -= 1
            if not self._of_place[place]:
                del self._of_place[place]
            self._ended.set()

        task.add_done_callback(ended)

    async def _make(self, waiting: Waiting) -> None:
        try:
            if not waiting.is_wanted:
                await calls.forget(self._pool, [(waiting.run_id, waiting.number)])
                return
            row = await self._answer(waiting)
            await retry_until_available(lambda: calls.answer(self._pool, waiting.run_id, waiting.number, row))
            await retry_until_available(lambda: waking.go_on_now(self._pool, [waiting.run_id]))
        except Exception:  # it is made again when its claim has ended
            log.exception("a call of an automation was not made", run=str(waiting.run_id))

    async def _answer(self, waiting: Waiting) -> dict[str, Any]:
        asked, named = waiting.request, secret_names(waiting.request)
        try:
            known = await secrets.opened(self._pool, self._keyring, waiting.account_id, named) if named else {}
        except KeyringError:
            log.exception("a secret does not open", account_id=waiting.account_id)
            return stored(Unanswered("call_secret", "a secret cannot be read: ask the admin"), ())
        host = asked["host"]
        try:
            headers = {name: _value(value, known, host) for name, value in asked["headers"].items()}
        except _NoSecret as error:
            return stored(Unanswered("call_secret", str(error)), ())
        signing = known.get(SIGNING) if asked["sign"] is not False else None
        if asked["sign"] and signing is None:
            return stored(Unanswered("call_secret", f"there is no secret {SIGNING!r} to sign with"), ())
        allowed = (await self._settings.recent()).private_call_hosts
        outside = self._outside.of(f"account {waiting.account_id}")
        http = outside.http(allow_private_network=host in allowed or waiting.host in allowed)
        request = Request(
            *(asked["method"], asked["url"], headers, asked["body"].encode(), asked["seconds"], asked["id"]),
            signing.value if signing else None,
        )
        return stored(await make(http, request), [one.value for one in known.values()])


class _NoSecret(Exception):
    pass


def _value(value: str | Mapping[str, str], known: Mapping[str, Opened], host: str) -> str:
    if isinstance(value, str):
        return value
    name = value["secret"]
    if name not in known:
        raise _NoSecret(f"there is no secret {name!r}")
    if not may_go_to(known[name].hosts, host):
        raise _NoSecret(f"the secret {name!r} is not for {host}")
    return known[name].value
