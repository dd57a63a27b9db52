"""Has runs go on that are due."""

import asyncio
from collections import deque
from uuid import UUID

from temporalio.client import Client

from services.automations.outbox import OutboxSender, StartBatch
from services.automations.runs.running import AT_A_TIME, Running
from services.automations.starting import tell_end

_AT_A_TIME, _A_ROUND = 4, 100
"""Workflows that are told at a time, and in a round: nobody waits for it, and others need Temporal."""
_MOST = 20_000
"""Ends that wait to be told; beyond that workflows find out by themselves."""


class DueRuns:
    """At any time one process does this. A run's own workflow looks some time later whether it went on."""

    def __init__(self, running: Running, outbox: OutboxSender) -> None:
        self._running = running
        self._outbox = outbox
        self._ended: deque[UUID] = deque(maxlen=_MOST)

    async def go_on(self, client: Client, start: StartBatch) -> None:
        """Have all go on whose time has come, those that waited longest first."""
        number = AT_A_TIME
        while number == AT_A_TIME:
            went = await self._running.go_on_due()
            number = went.number
            self._ended += went.ended
            if number:
                self._outbox.poke(client, start)

    async def tell(self, client: Client) -> None:
        """Tell workflows of runs that have ended.

        Raises:
            RPCError: Temporal does not answer: they find out by themselves.
        """
        for _ in range(0, min(_A_ROUND, len(self._ended)), _AT_A_TIME):
            now = [self._ended.popleft() for _ in range(min(_AT_A_TIME, len(self._ended)))]
            await asyncio.gather(*(tell_end(client, run_id) for run_id in now))
