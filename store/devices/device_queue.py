"""The queue of one gateway's phones, as the gateway sees it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.countries import country_of
from domain.messages.outbound import Outbound
from domain.text.segments import count_segments
from store.devices import queue
from store.devices.queue import NewMessage
from store.pool import Pool, retry_until_available

URGENT = -10
"""The priority of transactional messages; that of others is 0."""


@dataclass(slots=True)
class _Put:
    message: NewMessage
    done: "asyncio.Future[bool]"


class DeviceQueue:
    """Puts what comes while a statement runs together in the next one."""

    def __init__(self, pool: Pool, gateway_id: UUID) -> None:
        self._pool = pool
        self._gateway_id = gateway_id
        self._new: list[_Put] = []
        self._writing: asyncio.Task[None] | None = None

    async def put(
        self, message: Outbound, attempt: int, *, urgent: bool, valid_hours: float, give_back_after: float | None
    ) -> bool:
        """As ``gateways.base.DeviceQueue``."""
        segments = count_segments(message.body, message.unicode)
        new = NewMessage(
            message.uid,
            attempt,
            self._gateway_id,
            URGENT if urgent else 0,
            message.to,
            country_of(message.to),
            message.body,
            segments.parts,
            segments.encoding == "ucs2",
            valid_hours,
            give_back_after,
        )
        put = _Put(new, asyncio.get_running_loop().create_future())
        self._new.append(put)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return await put.done

    async def _write(self) -> None:
        while self._new:
            batch, self._new = self._new, []
            try:
                waiting = await self._put([one.message for one in batch])
            except Exception as error:  # each caller gets it
                for one in batch:
                    if not one.done.done():
                        one.done.set_exception(error)
                continue
            for one in batch:
                if not one.done.done():
                    one.done.set_result(one.message.uid in waiting)

    async def _put(self, messages: Sequence[NewMessage]) -> set[UUID]:
        return await retry_until_available(lambda: queue.put(self._pool, messages))
