"""Looks at what happened to contacts: begins runs that it triggers, and wakes those that wait for it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import structlog

from services.automations.entering import Coming, enter_all
from services.automations.flows import Flows
from services.automations.runs.late_goals import count_late_goals
from services.automations.steps.others import HOPS, START
from services.automations.triggering.arriving import Arriving, arriving
from services.automations.triggering.strangers import meet
from store.audience.events.heard import STRANGER
from store.automations import automations, queue, waking
from store.automations.queue import Noted
from store.connection import Connection
from store.pool import Connections, InTransaction, Pool, is_unavailable

log = structlog.get_logger()

_AT_A_TIME = 200


class Feeder:
    """One per process; at any time one process feeds."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._flows = Flows()

    async def feed(self) -> None:
        """Look at all that waits."""
        number = _AT_A_TIME if await queue.is_waiting(self._pool) else 0
        while number == _AT_A_TIME:
            async with self._pool.connection() as conn, conn.transaction():
                waiting = await queue.take(InTransaction(conn), _AT_A_TIME)
                number = len(waiting)
                if waiting:
                    await self._look(conn, waiting)

    async def _look(self, conn: Connection, waiting: Sequence[Noted]) -> None:
        """Look at all at once, and if that fails, by a fault of ours, at one by one: others must not wait for it."""
        store = InTransaction(conn)
        try:
            async with conn.transaction():
                await self._look_at(store, waiting)
                await queue.forget(store, waiting)
        except Exception as error:
            if is_unavailable(error):
                raise
            if len(waiting) > 1:
                for noted in waiting:
                    await self._look(conn, [noted])
                return
            log.exception("an event could not be looked at for automations", source=str(waiting[0].source))
            await queue.note_failure(store, waiting[0])

    async def _look_at(self, store: Connections, waiting: Sequence[Noted]) -> None:
        for noted in waiting:
            if noted.name == STRANGER:
                await meet(store, self._flows, noted)
        events = [noted for noted in waiting if noted.name not in (START, STRANGER)]
        happened = [(noted.account_id, noted.contact_id, noted.name) for noted in events]
        await waking.wake(store, happened)
        await count_late_goals(store, self._flows, happened)
        found = await self._started(store, [noted for noted in waiting if noted.name == START])
        found += await arriving(store, self._flows, events)
        for id_ in dict.fromkeys(one.automation.id for one in found):
            await _enter(store, [one for one in found if one.automation.id == id_])

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


async def _enter(store: Connections, rest: Sequence[Arriving]) -> None:
    """Have contacts enter one automation in their order: several times the same one after each other."""
    while rest:
        first: dict[UUID, Arriving] = {}
        again = [one for one in rest if first.setdefault(one.coming.contact_id, one) is not one]
        comings = [one.coming for one in first.values()]
        await enter_all(store, rest[0].automation, rest[0].of, comings, datetime.now(UTC))
        rest = again
