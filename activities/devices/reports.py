"""device_results, recall_from_devices: what came of messages that a page left to phones."""

from collections import defaultdict
from collections.abc import Iterator
from uuid import UUID

from temporalio import activity

from activities.engine_clock import EngineClock
from domain.ids import index_of, message_uid
from domain.messages.after_dispatch import DeviceRequest, DeviceResults, Recalled
from domain.messages.page import Ending, Retry, RetryKind
from store.devices import queue
from store.pool import Pool

_RETRIES: dict[str, RetryKind] = {"retry_later": "retry_later", "returned": "gateway_down"}
_STATES = {"expired": "expired", "cancelled": "cancelled"}


class Devices:
    """Reads of the database, and statements that may be repeated."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @activity.defn(name="device_results")
    async def results(self, request: DeviceRequest) -> DeviceResults:
        """What came of these attempts; those without an end are left out."""
        clock = EngineClock()
        attempts = _attempts(request)
        policies = {index: policy for policy, indexes in request.on_unknown.items() for index in indexes}
        done: list[int] = []
        endings: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        again: dict[tuple[RetryKind, float, str], list[int]] = defaultdict(list)
        for uid, ended in (await queue.ended_of(self._pool, attempts)).items():
            index = index_of(uid)
            if state := _STATES.get(ended.outcome):
                endings[state, ended.code, ended.reason].append(index)
            elif kind := _RETRIES.get(ended.outcome):
                again[kind, ended.retry_after, ended.reason].append(index)
            elif ended.outcome == "unknown" and (ended.on_unknown or policies[index]) == "resend":
                again["resend", 0.0, ended.reason].append(index)
            else:
                done.append(index)
        return DeviceResults(
            sorted(done),
            [Ending(sorted(indexes), *how) for how, indexes in endings.items()],
            [Retry(kind, sorted(indexes), after, reason) for (kind, after, reason), indexes in again.items()],
            clock.now(),
        )

    @activity.defn(name="recall_from_devices")
    async def recall(self, request: DeviceRequest) -> Recalled:
        """Take back messages that no phone has; with ``ask``, have phones give back those that they have."""
        recalled = await queue.recall(self._pool, _attempts(request), ask=request.ask)
        return Recalled(sorted(map(index_of, recalled.withdrawn)), sorted(map(index_of, recalled.asked)))


def _attempts(request: DeviceRequest) -> dict[UUID, int]:
    return dict(_pairs(request))


def _pairs(request: DeviceRequest) -> Iterator[tuple[UUID, int]]:
    page_id = UUID(request.page_id)
    for attempt, indexes in request.attempts:
        for index in indexes:
            yield message_uid(page_id, index), attempt
