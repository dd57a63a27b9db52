"""One dispatch at work: intents first, then sends, outcomes into the record as they come.

The order is the promise. An intent is durable before its connection is opened, so a crash leaves at most
``CONCURRENCY`` intents without outcome; who takes over counts those as ``unknown`` and sends only what has no intent.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from uuid import UUID, uuid4

from activities.findings import Findings
from activities.health import Health
from activities.line import Line
from activities.mails import FileGone, Mails
from activities.outcome_log import OutcomeLog
from activities.pace import Pace
from domain.channels import Channel
from domain.ids import PAGE_SIZE, message_uid
from domain.outcomes import Accepted, GatewayDown, Outcome, Refused, RetryLater, Unknown
from domain.page import ANSWER_SECONDS, Again, DispatchRequest
from domain.page_content import PageContent
from gateways.base import Gateway
from store import callbacks, pages, routing
from store.pool import Pool, patiently

_SLICE = 32
_REASON_CAP = 500


class Delivery:
    """Sends the messages of one ``DispatchRequest``."""

    def __init__(
        self,
        pool: Pool,
        gateway: Gateway,
        request: DispatchRequest,
        content: PageContent,
        mails: Mails,
        health: Health,
        line: Line,
        stopping: Callable[[], bool],
    ) -> None:
        self._pool = pool
        self._gateway = gateway
        self._gateway_id = UUID(request.route.gateway_id)
        self._route = request.route
        self._attempt = request.attempt
        self._channel = Channel(request.page.channel)
        self._page_id = UUID(request.page.page_id)
        self._exempt = request.page.exempt
        self._content = content
        self._mails = mails
        self._health = health
        self._line = line
        self._stopping = stopping
        self._todo = list(request.route.indexes)
        self._findings = Findings(line)
        self._run_id = uuid4()
        self._foreign: list[int] = []
        self._withheld: list[int] = []
        self._late = False

    async def take_over(self) -> None:
        """Sort what another run of this dispatch left behind: done, in doubt, or still to send."""
        self._todo = await self._sort_out(self._todo)

    async def _sort_out(self, indexes: list[int]) -> list[int]:
        """Returns those of the messages that have no intent yet."""
        by_uid = {self._uid(index): index for index in indexes}
        earlier = await patiently(lambda: pages.earlier_outcomes(self._pool, list(by_uid), self._attempt))
        in_doubt: list[pages.Attempted] = []
        for uid, outcome in earlier.items():
            index = by_uid.pop(uid)
            unknown = Unknown("the worker died while the gateway was answering")
            if outcome is None:
                in_doubt.append(self._row(index, unknown))
            if outcome in (None, "unknown"):
                self._judge(index, unknown)
            elif outcome == "gateway_down":
                self._findings.once_more("gateway_down", [index], "another run of this dispatch met it")
            elif outcome == "retry_later":
                self._judge(index, RetryLater(None, "another run of this dispatch met it"))
        if in_doubt:
            await self._write(in_doubt)
        return sorted(by_uid.values())

    async def run(self) -> list[Again]:
        """Send all; returns the messages that want another round."""
        async with OutcomeLog(self._write, self._line) as log:
            sends: set[asyncio.Task[None]] = set()
            try:
                async with self._line.launching(self._must_stop):
                    await self._launch(log, sends)
            except asyncio.CancelledError:
                for send in sends:
                    send.cancel()
                raise
            finally:  # what the gateway has answered by now is written down
                await asyncio.gather(*sends, return_exceptions=True)
        if self._foreign:
            await self._sort_out(self._foreign)
        if self._late:
            last = message_uid(self._page_id, PAGE_SIZE - 1)
            if await patiently(lambda: pages.settle(self._pool, self._page_id, last)):
                # The page's workflow may have ended: who is to be told is woken by upkeep.
                await patiently(lambda: callbacks.queue_page(self._pool, self._page_id, last))
        if self._findings.failures_in_a_row:
            await self._health.fails(self._findings.failures_in_a_row, self._findings.last_failure)
        elif self._findings.answered:
            await self._health.works()
        return self._findings.again()

    async def _launch(self, log: OutcomeLog, sends: set["asyncio.Task[None]"]) -> None:
        pace = Pace(self._route.per_second, self._route.start_at)
        todo = self._todo
        if self._route.probe and todo:
            todo = await self._probe(todo, log, pace, sends)
        rate = self._route.per_second
        size = max(1, min(_SLICE, int(rate / 4))) if rate else _SLICE
        for start in range(0, len(todo), size):
            indexes = todo[start : start + size]
            if self._route.takes_slots:
                await self._take_slots(len(indexes), pace)
            await pace.until_next(self._must_stop)
            if not self._must_stop():
                await log.take_places(len(indexes))
            if self._must_stop() or log.broken:
                await self._leave(todo[start:])
                return
            begun, launched = time.monotonic(), []
            for index in await self._claim(indexes, log):
                await pace.until_next()
                pace.left()
                launched.append(asyncio.create_task(self._send(index, log)))
                sends.add(launched[-1])
            if self._withheld:
                self._withhold(todo[start + size :])
                return
            if self._line.throttle:
                await self._line.throttle.rest(begun, launched, self._must_stop)

    async def _take_slots(self, count: int, pace: Pace) -> None:
        begins = await patiently(
            lambda: routing.reserve_slots(self._pool, self._gateway_id, count, self._route.per_second)
        )
        pace.not_before(begins.timestamp())

    async def _probe(self, todo: list[int], log: OutcomeLog, pace: Pace, sends: set["asyncio.Task[None]"]) -> list[int]:
        """Send one message and wait for its outcome. Returns those that may follow."""
        await log.take_places(1)
        for index in await self._claim(todo[:1], log):
            pace.left()
            sends.add(asyncio.create_task(self._send(index, log)))
        await asyncio.gather(*sends)
        if not sends:  # the first may not leave, or not through us: this says nothing of the gateway
            self._withhold(todo[1:])
            return []
        if not self._findings.answered:
            reason = self._findings.last_failure or "the gateway did not answer its probe"
            self._findings.once_more("held_back", todo[1:], reason)
            await self._health.fails(1, reason)
            return []
        await self._health.works()
        return todo[1:]

    async def _leave(self, indexes: Sequence[int]) -> None:
        if self._line.is_closed:
            self._findings.once_more("held_back", indexes, self._line.last_failure)
            # At once, not when the last one under way has its answer: other pages shall not try this gateway now.
            await self._health.fails(self._findings.failures_in_a_row, self._findings.last_failure)
        else:
            self._findings.once_more("not_started", indexes, "the dispatch was stopped")

    def _withhold(self, rest: Sequence[int]) -> None:
        """Hand back what may not leave, and those after it, which may not either: the choice decides."""
        self._findings.once_more("not_started", [*self._withheld, *rest], "the account is not active")

    def _must_stop(self) -> bool:
        return self._stopping() or self._line.is_closed

    async def _claim(self, indexes: Sequence[int], log: OutcomeLog) -> list[int]:
        """Write intents. Returns the messages that are this run's to send."""
        uids = [self._uid(index) for index in indexes]
        intents = await patiently(
            lambda: pages.write_intents(
                self._pool, uids, self._attempt, self._gateway_id, self._run_id, exempt=self._exempt
            )
        )
        for index, uid in zip(indexes, uids, strict=True):
            if uid not in intents.claimed:
                # Unless withheld, another run is alive after all: what it claimed is its own.
                (self._withheld if uid in intents.withheld else self._foreign).append(index)
                log.give_back()
        return [index for index, uid in zip(indexes, uids, strict=True) if uid in intents.claimed]

    async def _send(self, index: int, log: OutcomeLog) -> None:
        try:
            outcome = await self._hand_over(index)
        except TimeoutError:
            outcome = Unknown(f"no answer within {ANSWER_SECONDS:g} s", silent=True)
        except FileGone:
            outcome = Refused("attachment_gone", "an attachment is not kept any more")
        except Exception as error:  # an adapter's bug: what it had sent by then, nobody knows
            outcome = Unknown(f"the gateway's adapter failed: {type(error).__name__}: {error}")
        self._judge(index, outcome)
        log.add(self._row(index, outcome))

    async def _hand_over(self, index: int) -> Outcome:
        message = self._content.outbound(self._page_id, self._channel, index)
        extras = self._content.contents[self._content.messages[index].content].mail
        if extras is None:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._gateway.send(message)
        async with self._mails.complete(message, extras, self._line.room) as mail, asyncio.timeout(ANSWER_SECONDS):
            return await self._gateway.send(mail)

    def _judge(self, index: int, outcome: Outcome) -> None:
        self._findings.judge(index, outcome, self._content.messages[index].on_unknown or self._route.on_unknown)

    async def _write(self, batch: list[pages.Attempted]) -> None:
        late = await patiently(lambda: pages.flush_outcomes(self._pool, batch))
        self._late = self._late or late

    def _row(self, index: int, outcome: Outcome) -> pages.Attempted:
        uid = self._uid(index)
        match outcome:
            case Accepted(provider_id, receipts):
                return pages.Attempted(uid, self._attempt, outcome.kind, _storable(provider_id), receipts)
            case Refused(code, reason):
                return pages.Attempted(uid, self._attempt, outcome.kind, code=_storable(code), reason=_storable(reason))
            case RetryLater() | GatewayDown() | Unknown():
                return pages.Attempted(uid, self._attempt, outcome.kind, reason=_storable(outcome.reason))

    def _uid(self, index: int) -> UUID:
        return message_uid(self._page_id, index)


def _storable(text: str | None) -> str | None:
    """What a provider said, without what the database cannot hold: NUL and lone surrogates."""
    if text is None:
        return None
    return text.replace("\0", "").encode(errors="replace").decode()[:_REASON_CAP]
