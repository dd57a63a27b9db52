"""Evaluates the outcomes of a dispatch: for the gateway's health, and for retries."""

from collections import defaultdict
from collections.abc import Iterable

from activities.dispatching.reasons import storable
from activities.pacing.gateway_slots import GatewaySlots
from domain.messages.outcomes import Accepted, AwaitsDevice, GatewayDown, Outcome, Refused, RetryLater, Unknown
from domain.messages.page import Retry, RetryKind
from domain.workflows.search_attributes import Outcome as SearchedBy
from domain.workflows.search_attributes import worst


class OutcomeTally:
    """Gathers outcomes as they come."""

    def __init__(self, slots: GatewaySlots) -> None:
        self._slots = slots
        self.failures_in_a_row = 0
        self.last_failure = ""
        self.answered = False
        """Whether the gateway works: it accepted a message, refused it, or requested a later retry."""
        self._later: list[tuple[float, int, str]] = []
        self._again: dict[RetryKind, list[int]] = defaultdict(list)
        self._reasons: dict[RetryKind, str] = {}
        self._device_seconds = 0.0
        self.worst: SearchedBy = ""
        """Of the outcomes that stay, by which the page's workflow is found."""

    def record(self, index: int, outcome: Outcome | AwaitsDevice, on_unknown: str) -> None:
        """Count one outcome. A lost connection does not count as a failure of the gateway; a time-out does."""
        match outcome:
            case GatewayDown(reason):
                self._failed(reason)
                self.requeue("gateway_down", [index], reason)
            case RetryLater(after, reason):
                self._answered()
                self._later.append((after or 0.0, index, storable(reason)))
            case Accepted():
                self._answered()
            case Refused():
                self._answered()
                self.worst = worst(self.worst, "failed")
            case AwaitsDevice(seconds):
                self._answered()
                self._device_seconds = seconds
                self.requeue("with_device", [index], "")
            case Unknown(reason):
                if outcome.silent:
                    self._failed(reason)
                if on_unknown == "resend":
                    self.requeue("resend", [index], reason)
                else:
                    self.worst = worst(self.worst, "unknown")

    def _failed(self, reason: str) -> None:
        self.failures_in_a_row += 1
        self.last_failure = storable(reason)
        self._slots.failed(self.last_failure)

    def _answered(self) -> None:
        self.failures_in_a_row = 0
        self.answered = True
        self._slots.answered()

    def requeue(self, kind: RetryKind, indexes: Iterable[int], reason: str) -> None:
        """Note messages to retry."""
        self._again[kind].extend(indexes)
        self._reasons[kind] = storable(reason)

    def again(self) -> list[Retry]:
        """All messages to retry, in few groups."""
        after = {"with_device": self._device_seconds}
        rest = [
            Retry(kind, sorted(found), after.get(kind, 0.0), self._reasons[kind])
            for kind, found in self._again.items()
            if found
        ]
        return rest + self._retries()

    def _retries(self) -> list[Retry]:
        """Merge waits of about the same length into the longest: each costs the page's history some events."""
        groups: list[Retry] = []
        longest = 0.0
        for after, index, reason in sorted(self._later, reverse=True):
            if groups and after >= longest * 0.8:
                groups[-1].indexes.append(index)
            else:
                longest = after
                groups.append(Retry("retry_later", [index], after, reason))
        return groups
