"""What staff sees of an install that takes some effort to find out: one look for all who ask a process at a time."""

from collections.abc import Sequence

from api.http.temporal_link import TemporalLink, TemporalUnavailable
from runtime.settings import Settings
from runtime.temporal import connect
from services.doctor.examining import Install, examine
from services.doctor.findings import Finding
from services.system import queues
from services.system.queues import Queues
from services.system.remembered import Remembered
from store.pool import Pool

LEFT_OUT = ("wallets",)
"""Checks that read more than a request may: the whole journal."""


class Looks:
    """Of one process."""

    def __init__(self, pool: Pool, settings: Settings, link: TemporalLink) -> None:
        self._pool = pool
        self._settings = settings
        self._link = link
        self.doctor: Remembered[Sequence[Finding]] = Remembered(self._examine)
        self.queues: Remembered[Queues] = Remembered(self._queues)

    async def _examine(self) -> Sequence[Finding]:
        try:
            client = self._link.client
        except TemporalUnavailable:  # the check says so
            client = await connect(self._settings, lazy=True)
        return await examine(Install(self._settings, self._pool, client), LEFT_OUT)

    async def _queues(self) -> Queues:
        try:
            client = self._link.client
        except TemporalUnavailable:
            return await queues.read(self._pool, None)
        return await queues.read(self._pool, client)
