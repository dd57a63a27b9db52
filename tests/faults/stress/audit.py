"""The promises, each checked against the record, the clients' ledger and what reached the providers."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from domain.messages.statuses import State
from tests.faults.stress.causes import NONE, cause
from tests.faults.stress.chaos import Disturbance
from tests.faults.stress.ledger import BASE_AGE, Accepted, Ledger
from tests.faults.stress.mail import GATEWAY as MAIL
from tests.faults.stress.mail import MailProvider
from tests.faults.stress.providers import GATEWAYS, Arrival, Provider
from tests.faults.stress.record import WITHOUT_OUTCOME, Row, Try

_TAKEN = frozenset({"sent", "deferred", "delivered", "read", "bounced", "undelivered"})
_EXAMPLES = 3
_CLOCK = 0.5
"""Seconds that a message may seem to leave before its time: a worker's time and ours are read at different moments."""


@dataclass
class Violations:
    """What is wrong, by promise, with examples."""

    found: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def note(self, promise: str, examples: Iterable[str]) -> None:
        """Note each case in which a promise was broken."""
        self.found[promise] += examples

    def told(self) -> str:
        """All of them in words; empty: nothing is wrong."""
        return "\n".join(
            f"{promise}: {len(cases)}, for example {'; '.join(cases[:_EXAMPLES])}"
            for promise, cases in self.found.items()
            if cases
        )


@dataclass
class Audit:
    """What is known after the run."""

    ledger: Ledger
    rows: Mapping[str, Row]
    tries: list[Try]
    providers: Mapping[str, Provider]
    mail: MailProvider
    done: list[Disturbance]
    mended_at: float
    """When the provider that never answers began to."""
    violations: Violations = field(default_factory=Violations)

    def check(self) -> Violations:
        """Check all promises that need no server any more."""
        note, accepted = self.violations.note, self.ledger.accepted
        note("an answer broke the contract", self.ledger.wrong)
        note("accepted, and not in the record", [uid for uid in accepted if uid not in self.rows])
        note("without an outcome", [self._shown(uid) for uid, row in self.rows.items() if row.state in WITHOUT_OUTCOME])
        note("an outcome later than its stated age", self._late())
        note("sent, and never accepted", self._unasked())
        note("taken as often as its state does not allow", self._wrongly_taken())
        note("cancelled by word, and not in fact", self._not_cancelled())
        note("left before its time", self._early())
        note("unknown without a cause", self._without_cause())
        note("an intent without an outcome", [str(one.uid) for one in self.tries if one.outcome is None])
        note("ended, with its credit still held", self._unsettled())
        note("a receipt without effect", self._receipts())
        return self.violations

    def causes(self) -> Counter[str]:
        """How many attempts were lost, by what explains it."""
        return Counter(self._cause(one) for one in self.tries if one.outcome == "unknown")

    def ages(self) -> dict[str, list[float]]:
        """Seconds from when a message's time had come to its outcome, by gateway; of those of batches apart."""
        found: dict[str, list[float]] = defaultdict(list)
        for uid, message in self.ledger.accepted.items():
            row = self.rows.get(uid)
            if row is not None and row.state not in WITHOUT_OUTCOME:
                found["batches" if message.batch else message.gateway].append(self._age(message, row))
        return dict(found)

    def _age(self, message: Accepted, row: Row) -> float:
        by_gateway = row.state in _TAKEN or row.state in ("rejected", "unknown")
        ended = row.answered_at if by_gateway and row.answered_at else row.updated_at
        due = max(message.due_at, self.mended_at) if message.gateway == "never" else message.due_at
        return ended.timestamp() - due

    def _late(self) -> list[str]:
        late = []
        for uid, message in self.ledger.accepted.items():
            row = self.rows.get(uid)
            if row is None or message.batch or row.state in WITHOUT_OUTCOME:
                continue
            allowed = BASE_AGE + (GATEWAYS[message.gateway].late if message.gateway != MAIL else 0.0)
            if (age := self._age(message, row)) > allowed:
                late.append(f"{self._shown(uid)} after {age:.0f} s")
        return late

    def _unasked(self) -> list[str]:
        known = self.ledger.accepted.keys() | {str(row.fallback_uid) for row in self.rows.values() if row.fallback_uid}
        return [uid for uid in self._arrivals() if uid not in known]

    def _arrivals(self) -> dict[str, list[Arrival]]:
        found: dict[str, list[Arrival]] = defaultdict(list)
        for provider in (*self.providers.values(), self.mail.provider):
            for uid, arrivals in provider.arrivals.items():
                found[uid] += arrivals
        return found

    def _wrongly_taken(self) -> list[str]:
        arrived, lost = self._arrivals(), Counter(str(one.uid) for one in self.tries)
        wrong = []
        for uid, row in self.rows.items():
            times = sum(arrival.is_taken for arrival in arrived.get(uid, ()))
            message = self.ledger.accepted.get(uid)
            most = 1 + lost[uid] if message is not None and message.resend else 1
            fits = 1 <= times <= most if row.state in _TAKEN else times <= (most if lost[uid] else 0)
            if not fits and row.state not in WITHOUT_OUTCOME:
                wrong.append(f"{self._shown(uid)} taken {times} times, {lost[uid]} answers lost")
        return wrong

    def _not_cancelled(self) -> list[str]:
        cancelled = [uid for uid, message in self.ledger.accepted.items() if message.is_cancelled and uid in self.rows]
        return [self._shown(uid) for uid in cancelled if self.rows[uid].state != State.CANCELLED]

    def _early(self) -> list[str]:
        arrived = self._arrivals()
        return [
            f"{self._shown(uid)} by {message.not_before - arrival.at:.1f} s"
            for uid, message in self.ledger.accepted.items()
            for arrival in arrived.get(uid, ())
            if arrival.at < message.not_before - _CLOCK
        ]

    def _cause(self, one: Try) -> str:
        message = self.ledger.accepted.get(str(one.uid))
        arrivals = self._arrivals_of(str(one.uid))
        lanes = [message.lane] if message is not None else ["transactional", "bulk"]  # a fallback has that of its page
        found = [cause(one, arrivals, lane, self.done, time.time()) for lane in lanes]
        return next((name for name in found if name != NONE), NONE)

    def _arrivals_of(self, uid: str) -> list[Arrival]:
        providers = (*self.providers.values(), self.mail.provider)
        return [arrival for provider in providers for arrival in provider.arrivals.get(uid, ())]

    def _without_cause(self) -> list[str]:
        lost = [one for one in self.tries if one.outcome == "unknown" and self._cause(one) == NONE]
        return [f"{self._shown(str(one.uid))} ({one.reason}) from {one.started_at} to {one.ended_at}" for one in lost]

    def _unsettled(self) -> list[str]:
        unsettled = ("held", "pending")
        return [
            self._shown(uid)
            for uid, row in self.rows.items()
            if row.credit in unsettled and row.state not in (*WITHOUT_OUTCOME, State.UNKNOWN)
        ]

    def _receipts(self) -> list[str]:
        reported = {uid: state for uid, state in self.mail.reported.items() if uid in self.rows}
        return [
            f"{self._shown(uid)}, reported as {state}"
            for uid, state in reported.items()
            if self.rows[uid].state != state
        ]

    def _shown(self, uid: str) -> str:
        row, message = self.rows[uid], self.ledger.accepted.get(uid)
        where = (
            f"{message.gateway}, {message.lane}{', in a batch' if message.batch else ''}" if message else "a fallback"
        )
        return f"{uid} ({where}) {row.state} {row.code or ''} {row.credit}"
