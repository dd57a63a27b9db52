"""Looks at what happened to contacts: begins runs that it triggers, and wakes those that wait for it."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import structlog
from temporalio.client import Client

from services.automations.entering import Coming, enter_all
from services.automations.flows import Flows
from services.automations.starting import start
from services.automations.steps.others import HOPS, START
from services.automations.triggering.arriving import Arriving, arriving
from services.automations.triggering.strangers import meet
from store.audience.events.heard import STRANGER
from store.automations import automations, queue, waking
from store.automations.queue import Noted
from store.connection import Connection
from store.pool import DB_UNAVAILABLE, Connections, InTransaction, Pool

log = structlog.get_logger()

_AT_A_TIME = 200
_STARTS = 16
"""Workflows that are started at a time."""


class Feeder:
    """One per process; at any time one process feeds."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._flows = Flows()

    async def feed(self, client: Client) -> bool:
        """Look at some of what waits. Returns whether there may be more.

        Raises:
            RPCError: Temporal does not answer: runs that have begun are started later.
        """
        async with self._pool.connection() as conn, conn.transaction():
            store = InTransaction(conn)
            waiting = await queue.take(store, _AT_A_TIME)
            begun = await self._look(conn, waiting)
        for first in range(0, len(begun), _STARTS):
            await asyncio.gather(*(start(client, run_id) for run_id in begun[first : first + _STARTS]))
        return len(waiting) == _AT_A_TIME

    async def _look(self, conn: Connection, waiting: Sequence[Noted]) -> list[UUID]:
        """Look at all at once, and if that fails, by a fault of ours, at one by one: others must not wait for it."""
        if not waiting:
            return []
        store = InTransaction(conn)
        try:
            async with conn.transaction():
                begun = await self._look_at(store, waiting)
                await queue.forget(store, waiting)
                return begun
        except DB_UNAVAILABLE:
            raise
        except Exception:
            if len(waiting) > 1:
                return [run_id for noted in waiting for run_id in await self._look(conn, [noted])]
            log.exception("an event could not be looked at for automations", source=str(waiting[0].source))
            await queue.note_failure(store, waiting[0])
            return []

    async def _look_at(self, store: Connections, waiting: Sequence[Noted]) -> list[UUID]:
        for noted in waiting:
            if noted.name == STRANGER:
                await meet(store, self._flows, noted)
        events = [noted for noted in waiting if noted.name not in (START, STRANGER)]
        await waking.wake(store, [(noted.account_id, noted.contact_id, noted.name) for noted in events])
        found = await self._started(store, [noted for noted in waiting if noted.name == START])
        found += await arriving(store, self._flows, events)
        begun: list[UUID] = []
        for id_ in dict.fromkeys(one.automation.id for one in found):
            begun += await self._enter(store, [one for one in found if one.automation.id == id_])
        return begun

    async def _started(self, store: Connections, asked: Sequence[Noted]) -> list[Arriving]:
        """Who comes as a step of another automation starts it."""
        found: list[Arriving] = []
        for noted in asked:
            automation = await automations.find(store, noted.account_id, noted.data["automation"])
            if automation is not None and automation.version is not None and automation.state == "active":
                of = await self._flows.of(store, automation.id, automation.version, automation.revision)
                data, hops = noted.data["data"], noted.data[HOPS]
                coming = Coming(noted.contact_id, "automation", str(noted.source), data, hops, noted.noted_at)
                found.append(Arriving(automation, of, coming))
        return found

    async def _enter(self, store: Connections, rest: Sequence[Arriving]) -> list[UUID]:
        """Have contacts enter one automation in their order: several times the same one after each other."""
        begun: list[UUID] = []
        while rest:
            first: dict[UUID, Arriving] = {}
            again = [one for one in rest if first.setdefault(one.coming.contact_id, one) is not one]
            comings = [one.coming for one in first.values()]
            entered = await enter_all(store, rest[0].automation, rest[0].of, comings, datetime.now(UTC))
            begun += [one.run_id for one in entered if one.run_id is not None]
            rest = again
        return begun
