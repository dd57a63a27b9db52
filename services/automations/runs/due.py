"""Has runs go on that are due, after what happened to contacts has begun or woken some."""

import asyncio
from uuid import UUID

from temporalio.client import Client

from services.automations.feeding import Feeder
from services.automations.outbox import OutboxSender, StartBatch
from services.automations.runs.running import AT_A_TIME, Running
from services.automations.starting import wake

_TOLD_AT_A_TIME = 4


class DueRuns:
    """At any time one process does this. A run's own workflow looks some time later whether it went on."""

    def __init__(self, running: Running, feeder: Feeder, outbox: OutboxSender) -> None:
        self._running = running
        self._feeder = feeder
        self._outbox = outbox
        self._to_tell: list[UUID] = []

    async def go_on(self, client: Client, start: StartBatch) -> None:
        """Look at all that waits. What happened and what is due take turns."""
        may_be_more = True
        while may_be_more:
            fed = await self._feeder.feed()
            went = await self._running.go_on_due()
            self._to_tell += went.to_tell
            if went.number:
                self._outbox.poke(client, start)
            may_be_more = fed or went.number == AT_A_TIME

    async def tell(self, client: Client) -> None:
        """Tell workflows of runs that have ended long before they would look: a few at a time, as nobody waits for it.

        Raises:
            RPCError: Temporal does not answer: some find out by themselves.
        """
        while self._to_tell:
            now, self._to_tell = self._to_tell[:_TOLD_AT_A_TIME], self._to_tell[_TOLD_AT_A_TIME:]
            await asyncio.gather(*(wake(client, [run_id]) for run_id in now))
