"""Looks at what happened to contacts: begins runs that it triggers, and wakes those that wait for it."""

from datetime import UTC, datetime
from uuid import UUID

import structlog
from temporalio.client import Client
from temporalio.service import RPCError

from services.automations.entering import Coming, enter
from services.automations.flows import Flows, Published
from services.automations.starting import start, wake
from services.automations.steps.others import HOPS, START, WAKE
from services.automations.triggering.arriving import arriving
from services.automations.triggering.strangers import meet
from store.audience.events.heard import STRANGER
from store.automations import automations, queue, waking
from store.automations.automations import Automation
from store.automations.queue import Noted
from store.pool import DB_UNAVAILABLE, Connections, InTransaction, Pool

log = structlog.get_logger()

_AT_A_TIME = 200


class Feeder:
    """One per process; at any time one process feeds."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._flows = Flows()

    async def feed(self, client: Client) -> None:
        """Look at all that waits.

        Raises:
            RPCError: Temporal does not answer: what was not looked at stays.
        """
        while await self._some(client):
            pass

    async def _some(self, client: Client) -> bool:
        begun: list[UUID] = []
        async with self._pool.connection() as conn, conn.transaction():
            store = InTransaction(conn)
            waiting = await queue.take(store, _AT_A_TIME)
            looked: list[Noted] = []
            for noted in waiting:
                try:
                    async with conn.transaction():
                        begun += await self._look(store, client, noted)
                    looked.append(noted)
                except (RPCError, *DB_UNAVAILABLE):
                    raise
                except Exception:  # by a fault of ours: others must not wait for it
                    log.exception("an event could not be looked at for automations", source=str(noted.source))
                    await queue.note_failure(store, noted)
            await queue.forget(store, looked)
        for run_id in begun:  # a start that is lost is made up for by the sweep; a poke would not be
            await start(client, run_id)
        return len(waiting) == _AT_A_TIME

    async def _look(self, store: Connections, client: Client, noted: Noted) -> list[UUID]:
        match noted.name:
            case str() if noted.name == WAKE:
                await wake(client, [UUID(run_id) for run_id in noted.data["runs"]])
                return []
            case str() if noted.name == START:
                return await self._started(store, noted)
            case str() if noted.name == STRANGER:
                await meet(store, self._flows, noted)
                return []
        await wake(client, await waking.awaiting(store, noted.account_id, noted.contact_id, noted.name))
        begun: list[UUID] = []
        for one in await arriving(store, self._flows, noted):
            begun += await _enter(store, one.automation, one.of, one.coming)
        return begun

    async def _started(self, store: Connections, noted: Noted) -> list[UUID]:
        found = await automations.find(store, noted.account_id, noted.data["automation"])
        if found is None or found.state != "active":
            return []
        data, hops = noted.data["data"], noted.data[HOPS]
        coming = Coming(noted.contact_id, "automation", str(noted.source), data, hops, noted.noted_at)
        return await _enter(store, found, await self._published(store, found), coming)

    async def _published(self, store: Connections, automation: Automation) -> Published:
        assert automation.version is not None, "only what was published has triggers"
        return await self._flows.of(store, automation.id, automation.version, automation.revision)


async def _enter(store: Connections, automation: Automation, of: Published, coming: Coming) -> list[UUID]:
    entered = await enter(store, automation, of, coming, datetime.now(UTC))
    return [] if entered.run_id is None else [entered.run_id]
