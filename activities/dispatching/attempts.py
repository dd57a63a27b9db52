"""What the record says of the messages of one dispatch: who sends them, and what became of it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from activities.dispatching.reasons import storable
from domain.ids import PAGE_SIZE, message_uid
from domain.messages.outcomes import Accepted, GatewayDown, Outcome, Refused, RetryLater, Unknown
from domain.messages.page import DispatchRequest
from store.audience.marketing import cancel_unwanted
from store.callbacks import callbacks
from store.messages import attempts, pages
from store.pool import Pool, retry_until_available
from store.workers import PROCESS, new_run_id

UNDER_WAY = "under way"
"""In place of an outcome: the run that has the intent is alive, and will get the answer."""

_AT_WORK: set[UUID] = set()
"""Runs in this process."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What became of an intent to send messages. The rest has ended."""

    claimed: set[int]
    """This run's to send."""
    taken: set[int]
    """Another run's, or they were a moment ago."""
    withheld: set[int]
    """Nobody's, because their account is not active."""


class Attempts:
    """The tries of one run of a dispatch, by the indexes of their messages."""

    def __init__(self, pool: Pool, request: DispatchRequest) -> None:
        self._pool = pool
        self._gateway_id = UUID(request.route.gateway_id)
        self._attempt = request.attempt
        self._page_id = UUID(request.page.page_id)
        self._exempt = request.page.exempt
        self._run_id = new_run_id()
        self._is_late = False

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """While the context is open, other runs in this process wait for what this one has begun."""
        _AT_WORK.add(self._run_id)
        try:
            yield
        finally:
            _AT_WORK.discard(self._run_id)

    async def earlier(self, indexes: Sequence[int]) -> dict[int, str | None]:
        """Of these messages, those that another run has an intent for: ``UNDER_WAY``, its outcome, or ``None``.

        ``None``: the run has died, or its process, so that nobody may hear the answer.
        """
        uids = self._uids(indexes)
        earlier = await retry_until_available(lambda: attempts.earlier_outcomes(self._pool, list(uids), self._attempt))
        return {uids[uid]: UNDER_WAY if _is_under_way(found) else found.outcome for uid, found in earlier.items()}

    async def cancel_unwanted(self, marketing: Sequence[int]) -> None:
        """End those of these marketing messages whose recipients want none."""
        uids = list(self._uids(marketing))
        await retry_until_available(lambda: cancel_unwanted(self._pool, uids))

    async def claim(self, indexes: Sequence[int]) -> Claim:
        """Write intents."""
        uids = self._uids(indexes)
        intents = await retry_until_available(
            lambda: attempts.write_intents(
                self._pool, list(uids), self._attempt, self._gateway_id, self._run_id, exempt=self._exempt
            )
        )
        return Claim(*({uids[uid] for uid in each} for each in (intents.claimed, intents.taken, intents.withheld)))

    async def withdraw(self, indexes: Sequence[int]) -> set[int]:
        """Take back intents of messages that have not left. Returns those that are nobody's again."""
        uids = self._uids(indexes)
        kept = await retry_until_available(
            lambda: attempts.withdraw_intents(self._pool, list(uids), self._attempt, self._run_id)
        )
        return {index for uid, index in uids.items() if uid not in kept}

    async def write(self, batch: list[attempts.Attempted]) -> None:
        """Write outcomes."""
        late = await retry_until_available(lambda: attempts.flush_outcomes(self._pool, batch))
        self._is_late = self._is_late or late

    async def settle_late(self) -> None:
        """Settle what was ``unknown`` until its outcome was written: nobody else may come to do that."""
        if not self._is_late:
            return
        last = message_uid(self._page_id, PAGE_SIZE - 1)
        if await retry_until_available(lambda: pages.settle(self._pool, self._page_id, last)):
            # The page's workflow may have ended: who is to be told is woken by upkeep.
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
            case RetryLater() | GatewayDown() | Unknown():
                return attempts.Attempted(uid, self._attempt, outcome.kind, reason=storable(outcome.reason))

    def _uids(self, indexes: Sequence[int]) -> dict[UUID, int]:
        return {message_uid(self._page_id, index): index for index in indexes}


def _is_under_way(found: attempts.Earlier) -> bool:
    if found.outcome is not None:
        return False
    if found.run_id.bytes[: len(PROCESS)] == PROCESS:
        return found.run_id in _AT_WORK
    return found.has_process
