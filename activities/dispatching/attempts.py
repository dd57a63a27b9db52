"""Recorded attempts of one dispatch: intents to send, and outcomes."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from activities.dispatching.reasons import storable
from activities.pacing.guarding import FRESH_SECONDS
from domain.ids import PAGE_SIZE, message_uid
from domain.messages.outcomes import Accepted, GatewayDown, Outcome, Refused, RetryLater, Unknown
from domain.messages.page import DispatchRequest
from runtime.metrics.counted import MESSAGES, gateway_label
from services.audience.guards import judging
from store.audience.marketing import cancel_opted_out
from store.callbacks import callbacks
from store.messages import attempts, pages
from store.pool import Pool, retry_until_available
from store.workers import PROCESS, new_run_id

UNDER_WAY = "under way"
"""In place of an outcome: the run that has the intent is alive, and will record the answer."""

_ACTIVE_RUNS: set[UUID] = set()
"""Runs in this process."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The result of claiming messages. Messages in none of these lists have ended."""

    claimed: set[int]
    """For this run to send."""
    taken: set[int]
    """Claimed by another run, now or a moment ago."""
    withheld: set[int]
    """Unclaimed, because their account is not active, or a guard of it stops them."""


class Attempts:
    """The attempts of one run of a dispatch, by the indexes of their messages."""

    def __init__(self, pool: Pool, request: DispatchRequest) -> None:
        self._pool = pool
        self._gateway_id = UUID(request.route.gateway_id)
        self._attempt = request.attempt
        self._page_id = UUID(request.page.page_id)
        self._labels = request.page.channel, gateway_label(request.route.gateway)
        self._exempt = request.page.exempt
        self._is_transactional = request.page.is_transactional
        self._run_id = new_run_id()
        self._judged_at = request.route.judged_at
        self._is_late = False

    @contextmanager
    def registered(self) -> Iterator[None]:
        """While the context is open, other runs in this process wait for the sends that this one has started."""
        _ACTIVE_RUNS.add(self._run_id)
        try:
            yield
        finally:
            _ACTIVE_RUNS.discard(self._run_id)

    async def earlier(self, indexes: Sequence[int]) -> dict[int, str | None]:
        """Of these messages, those that another run has an intent for: ``UNDER_WAY``, its outcome, or ``None``.

        ``None``: the run or its process has died, so the answer may be lost.
        """
        uids = self._uids(indexes)
        found = await self._look(list(uids))
        # A run may have written its outcome and ended since the database looked: of one that is over, ask again.
        if over := [uid for uid, one in found.items() if one.outcome is None and not _is_under_way(one)]:
            found = {uid: one for uid, one in found.items() if uid not in over} | await self._look(over)
        return {uids[uid]: UNDER_WAY if _is_under_way(one) else one.outcome for uid, one in found.items()}

    async def _look(self, uids: Sequence[UUID]) -> dict[UUID, attempts.Earlier]:
        return await retry_until_available(lambda: attempts.earlier_outcomes(self._pool, uids, self._attempt))

    async def cancel_opted_out(self, marketing: Sequence[int]) -> None:
        """Cancel those of these marketing messages whose recipients have opted out."""
        uids = list(self._uids(marketing))
        await retry_until_available(lambda: cancel_opted_out(self._pool, uids))

    async def claim(self, indexes: Sequence[int], now: float) -> Claim:
        """Write intents, for those that the guards of their accounts let pass. ``now``: by the database's clock."""
        uids = self._uids(indexes)
        stopped: set[int] = set()
        counted: set[UUID] = set()
        if self._judged_at and not (self._is_transactional and now < self._judged_at + FRESH_SECONDS):
            passed = await retry_until_available(lambda: judging.passing(self._pool, list(uids)))
            counted = passed.counted
            stopped = {index for uid, index in uids.items() if uid not in passed.uids}
            uids = {uid: index for uid, index in uids.items() if uid in passed.uids}
        if not uids:
            return Claim(set(), set(), stopped)
        intents = await retry_until_available(
            lambda: attempts.write_intents(
                self._pool,
                list(uids),
                self._attempt,
                self._gateway_id,
                self._run_id,
                exempt=self._exempt,
                transactional=self._is_transactional,
                judged=self._judged_at > 0,
            )
        )
        if unsent := counted - intents.claimed - intents.taken:
            await retry_until_available(lambda: judging.give_back(self._pool, list(unsent)))
        claimed, taken, withheld = (
            {uids[uid] for uid in each} for each in (intents.claimed, intents.taken, intents.withheld)
        )
        return Claim(claimed, taken, withheld | stopped)

    async def withdraw(self, indexes: Sequence[int]) -> set[int]:
        """Take back intents of messages that were not sent. Returns those that are unclaimed again."""
        uids = self._uids(indexes)
        kept = await retry_until_available(
            lambda: attempts.withdraw_intents(self._pool, list(uids), self._attempt, self._run_id)
        )
        free = {uid: index for uid, index in uids.items() if uid not in kept}
        if self._judged_at and free and not self._is_transactional:
            await retry_until_available(lambda: judging.give_back(self._pool, list(free)))
        return set(free.values())

    async def write(self, batch: list[attempts.Attempted]) -> None:
        """Write outcomes."""
        late = await retry_until_available(lambda: attempts.flush_outcomes(self._pool, batch))
        self._is_late = self._is_late or late
        for outcome, count in Counter(one.outcome for one in batch).items():
            MESSAGES.labels(*self._labels, outcome).inc(count)

    async def settle_late(self) -> None:
        """Settle messages that were ``unknown`` until their outcome was written, as nothing else may do it later."""
        if not self._is_late:
            return
        last = message_uid(self._page_id, PAGE_SIZE - 1)
        if await retry_until_available(lambda: pages.settle(self._pool, self._page_id, last)):
            # The page's workflow may have ended: maintenance wakes the endpoints.
            await retry_until_available(lambda: callbacks.queue_page(self._pool, self._page_id, last))

    def row(self, index: int, outcome: Outcome) -> attempts.Attempted:
        """An outcome, ready to be written."""
        uid = message_uid(self._page_id, index)
        match outcome:
            case Accepted(provider_id, receipts):
                known = None if provider_id is None else storable(provider_id)
                return attempts.Attempted(
                    uid, self._attempt, outcome.kind, known, receipts, recipient_id=outcome.recipient_id
                )
            case Refused(code, reason):
                return attempts.Attempted(
                    uid, self._attempt, outcome.kind, code=storable(code), reason=storable(reason)
                )
            case RetryLater(_, reason, code=code):
                return attempts.Attempted(uid, self._attempt, outcome.kind, code=code, reason=storable(reason))
            case GatewayDown() | Unknown():
                return attempts.Attempted(uid, self._attempt, outcome.kind, reason=storable(outcome.reason))

    def _uids(self, indexes: Sequence[int]) -> dict[UUID, int]:
        return {message_uid(self._page_id, index): index for index in indexes}


def _is_under_way(found: attempts.Earlier) -> bool:
    if found.outcome is not None:
        return False
    if found.run_id.bytes[: len(PROCESS)] == PROCESS:
        return found.run_id in _ACTIVE_RUNS
    return found.has_process
