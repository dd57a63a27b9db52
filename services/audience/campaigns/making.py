"""Makes the batches of campaigns in a process of its own: a worker's event loop, and its one core, are for sending."""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime
from uuid import UUID

from domain.lanes import Lane
from services.audience.campaigns.filling import Letter, fill
from services.contacts.read import Terms
from services.sending.batch_pages import build_batch
from store.audience.campaigns.people import PersonRow, person_of
from store.audience.campaigns.slices import LeftOut
from store.batches.batches import NewBatch

_UNUSED = 30.0
"""Seconds after which the process is ended: it takes as much memory as a small worker."""

Made = tuple[NewBatch | None, list[LeftOut]]
"""A batch, if anybody gets a message, and who gets none."""


def _begin() -> None:
    """Prepare the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the worker ends this one itself
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(0)

    threading.Thread(target=follow, daemon=True).start()


def make_batch(
    letter: Letter,
    people: Sequence[PersonRow],
    terms: Terms,
    batch_id: UUID,
    account_id: int,
    page_sizes: Mapping[str, int],
) -> Made:
    """The batch of some people. ``page_sizes``: as in ``build_batch``."""
    filled = fill(letter, [person_of(row) for row in people], terms, datetime.now(UTC))
    if filled.read is None:
        return None, filled.left_out
    batch, _ = build_batch(batch_id, account_id, letter.channel, Lane.BULK, filled.read, page_sizes)
    return batch.stored, filled.left_out


class BatchMaker:
    """Starts the process when it is needed, and again when it died."""

    def __init__(self) -> None:
        self._executor: ProcessPoolExecutor | None = None
        self._ending: asyncio.TimerHandle | None = None
        self._running = 0

    async def make(
        self,
        letter: Letter,
        people: Sequence[PersonRow],
        terms: Terms,
        batch_id: UUID,
        account_id: int,
        page_sizes: Mapping[str, int],
    ) -> Made:
        """``make_batch`` there.

        Raises:
            BrokenProcessPool: the process died: try again.
        """
        if self._ending is not None:
            self._ending.cancel()
        if self._executor is None:
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(["services.audience.campaigns.making"])
            self._executor = ProcessPoolExecutor(1, context, initializer=_begin)
        self._running += 1
        try:
            work = self._executor.submit(make_batch, letter, people, terms, batch_id, account_id, page_sizes)
            return await asyncio.wrap_future(work)
        except BrokenProcessPool:
            self._executor = None
            raise
        finally:
            self._running -= 1
            self._ending = asyncio.get_running_loop().call_later(_UNUSED, self._end_unused)

    def _end_unused(self) -> None:
        if not self._running and self._executor is not None:
            self._executor.shutdown(wait=False)
            self._executor = None

    async def aclose(self) -> None:
        """End the process, and wait for its end."""
        if self._ending is not None:
            self._ending.cancel()
        if self._executor is not None:
            await asyncio.to_thread(self._executor.shutdown, cancel_futures=True)
            self._executor = None
