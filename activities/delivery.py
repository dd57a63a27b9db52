"""One dispatch at work: intents first, then sends, outcomes into the record as they come.

The order is the promise. An intent is durable before its connection is opened, so a crash leaves at most
``CONCURRENCY`` intents without outcome; who takes over counts those as ``unknown`` and sends only what has no intent.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import cast
from uuid import UUID, uuid4

from domain.channels import Channel
from domain.ids import message_uid
from domain.outcomes import Accepted, GatewayDown, Outcome, Refused, RetryLater, Unknown
from domain.page import Again, AgainKind, DispatchRequest
from domain.page_content import PageContent
from gateways.base import Gateway
from store import pages
from store.pool import Pool, patiently

CONCURRENCY = 64
"""Intents without a recorded outcome that one dispatch may have at a time."""
_SLICE = 32
_FAILURES_TO_STOP = 5
_ANSWER_SECONDS = 120.0
"""No gateway is waited for longer, whatever its own time-outs are."""


class Delivery:
    """Sends the messages of one ``DispatchRequest``."""

    def __init__(
        self,
        pool: Pool,
        gateway: Gateway,
        request: DispatchRequest,
        content: PageContent,
        stopping: Callable[[], bool],
    ) -> None:
        self.failures_in_a_row = 0
        self.last_failure = ""
        self.accepted = False
        self._pool = pool
        self._gateway = gateway
        self._gateway_id = UUID(request.route.gateway_id)
        self._route = request.route
        self._attempt = request.attempt
        self._channel = Channel(request.page.channel)
        self._page_id = UUID(request.page.page_id)
        self._content = content
        self._stopping = stopping
        self._todo = list(request.route.indexes)
        self._again: dict[tuple[AgainKind, float], tuple[list[int], str]] = {}
        self._permits = asyncio.Semaphore(CONCURRENCY)
        self._run_id = uuid4()
        self._foreign: list[int] = []
        self._done: list[tuple[int, Outcome]] = []
        self._wake = asyncio.Event()
        self._closed = False

    async def take_over(self) -> None:
        """Sort what another run of this dispatch left behind: done, in doubt, or still to send."""
        self._todo = await self._sort_out(self._todo)

    async def _sort_out(self, indexes: list[int]) -> list[int]:
        """Returns those of the messages that have no intent yet."""
        by_uid = {message_uid(self._page_id, index): index for index in indexes}
        earlier = await patiently(lambda: pages.earlier_outcomes(self._pool, list(by_uid), self._attempt))
        in_doubt: list[tuple[int, Outcome]] = []
        for uid, outcome in earlier.items():
            index = by_uid.pop(uid)
            if outcome is None:
                in_doubt.append((index, Unknown("the worker died while the gateway was answering")))
            elif outcome in ("gateway_down", "retry_later"):
                self._once_more(cast(AgainKind, outcome), index, 0.0, "another run of this dispatch met it")
        for index, unknown in in_doubt:
            self._judge(index, unknown)
        if in_doubt:
            await self._write(in_doubt)
        return sorted(by_uid.values())

    async def run(self) -> list[Again]:
        """Send all; returns the messages that want another round."""
        flusher = asyncio.create_task(self._flush_as_they_come())
        sends: set[asyncio.Task[None]] = set()
        try:
            await self._launch(sends)
            await asyncio.gather(*sends)
        finally:  # also when cancelled: what the gateway has answered by now is written down
            for send in sends:
                send.cancel()
            await asyncio.gather(*sends, return_exceptions=True)
            self._closed = True
            self._wake.set()
            await asyncio.shield(flusher)
        if self._foreign:
            await self._sort_out(self._foreign)
        return [Again(kind, indexes, after, reason) for (kind, after), (indexes, reason) in self._again.items()]

    async def _launch(self, sends: set["asyncio.Task[None]"]) -> None:
        begun = max(time.time(), self._route.start_at)
        pace = self._route.per_second
        size = max(1, min(_SLICE, int(pace / 4))) if pace else _SLICE
        for start in range(0, len(self._todo), size):
            indexes = self._todo[start : start + size]
            for _ in indexes:
                await self._permits.acquire()
            if self._must_stop():
                self._leave(self._todo[start:])
                return
            uids = [message_uid(self._page_id, index) for index in indexes]
            mine = await self._claim(uids)
            for place, (index, uid) in enumerate(zip(indexes, uids, strict=True), start):
                if uid not in mine:  # another run is alive after all: what it claimed is its own
                    self._foreign.append(index)
                    self._permits.release()
                    continue
                if pace:
                    await asyncio.sleep(begun + place / pace - time.time())
                sends.add(asyncio.create_task(self._send(index)))

    def _must_stop(self) -> bool:
        return self._stopping() or self.failures_in_a_row >= _FAILURES_TO_STOP

    def _leave(self, indexes: Sequence[int]) -> None:
        for index in indexes:
            if self.failures_in_a_row:
                self._once_more("gateway_down", index, 0.0, self.last_failure)
            else:
                self._once_more("not_started", index, 0.0, "the worker was stopped")

    async def _send(self, index: int) -> None:
        message = self._content.outbound(self._page_id, self._channel, index)
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                outcome = await self._gateway.send(message)
        except TimeoutError:
            outcome = Unknown(f"no answer within {_ANSWER_SECONDS:g} s")
        except Exception as error:  # an adapter's bug: what it had sent by then, nobody knows
            outcome = Unknown(f"the gateway's adapter failed: {type(error).__name__}: {error}")
        self._judge(index, outcome)
        self._done.append((index, outcome))
        self._wake.set()

    def _judge(self, index: int, outcome: Outcome) -> None:
        """Count the gateway's health, and note what wants another round."""
        if isinstance(outcome, GatewayDown):
            self.failures_in_a_row += 1
            self.last_failure = outcome.reason
            self._once_more("gateway_down", index, 0.0, outcome.reason)
            return
        self.failures_in_a_row = 0
        if isinstance(outcome, Accepted):
            self.accepted = True
        elif isinstance(outcome, RetryLater):
            self._once_more("retry_later", index, outcome.after or 0.0, outcome.reason)
        elif isinstance(outcome, Unknown) and self._policy(index) == "resend":
            self._once_more("resend", index, 0.0, outcome.reason)

    def _policy(self, index: int) -> str:
        return self._content.messages[index].on_unknown or self._route.on_unknown

    def _once_more(self, kind: AgainKind, index: int, after: float, reason: str) -> None:
        self._again.setdefault((kind, after), ([], reason))[0].append(index)

    async def _claim(self, uids: list[UUID]) -> set[UUID]:
        return await patiently(
            lambda: pages.write_intents(self._pool, uids, self._attempt, self._gateway_id, self._run_id)
        )

    async def _flush_as_they_come(self) -> None:
        while self._done or not self._closed:
            await self._wake.wait()
            self._wake.clear()
            batch, self._done = self._done, []
            if batch:
                await self._write(batch)
            for _ in batch:
                self._permits.release()

    async def _write(self, batch: Sequence[tuple[int, Outcome]]) -> None:
        rows = [self._row(message_uid(self._page_id, index), outcome) for index, outcome in batch]
        await patiently(lambda: pages.flush_outcomes(self._pool, rows))

    def _row(self, uid: UUID, outcome: Outcome) -> pages.Attempted:
        match outcome:
            case Accepted(provider_id, receipts):
                return pages.Attempted(uid, self._attempt, outcome.kind, provider_id, receipts)
            case Refused(code, reason):
                return pages.Attempted(uid, self._attempt, outcome.kind, code=code, reason=reason)
            case RetryLater() | GatewayDown() | Unknown():
                return pages.Attempted(uid, self._attempt, outcome.kind, reason=outcome.reason)
