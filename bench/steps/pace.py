"""A gateway's rate, held by two worker processes together."""

from functools import partial
from math import ceil
from uuid import UUID

from bench import sink
from bench.figure import Figure
from bench.install import Install
from bench.record import serving, until_settled
from bench.tenant import Way, list_of, new_tenant, read_answer
from bench.waiting import until
from domain.ids import page_of, send_workflow_id
from domain.lanes import Lane
from workflows.policy import BULK_DISPATCH_QUEUE

_PER_SECOND = 50.0
_CONTACTS = 50
"""Of a request. Many small pages at once, so that both processes have their share."""
_RAMP = 2.0
_SECONDS = 30.0


async def measure(install: Install, scale: float) -> list[Figure]:
    """Arrivals at the sink over 30 s, by the sink's clock, after the first two seconds."""
    seconds = max(5.0, _SECONDS * scale)
    async with install.second_bulk_worker():
        await until(partial(serving, install.pool, BULK_DISPATCH_QUEUE), lambda n: n == 2, within=30, pause=0.05)
        tenant = await new_tenant(install, Way(path=sink.TIMED, per_second=_PER_SECOND))
        requests = ceil(_PER_SECOND * (seconds + 2 * _RAMP) / _CONTACTS)
        answers = [await tenant.post_raw(list_of(_CONTACTS, priority=Lane.BULK)) for _ in range(requests)]
        count = requests * _CONTACTS
        counted = await _arrived_between(install, count, _RAMP, _RAMP + seconds)
        await until_settled(tenant, count)
        senders = await _senders(install, {page_of(read_answer(answer).uids[0]) for answer in answers})
    return [
        Figure(
            f"a gateway of 50 messages a second, two worker processes, over {seconds:g} s",
            counted / seconds,
            "messages/s",
            "The gateway's rate slots, which pages reserve in one row of Postgres.",
            at_least=_PER_SECOND * 0.95,
            at_most=_PER_SECOND * 1.05,
        ),
        Figure(
            "worker processes that sent through this gateway",
            len(senders),
            "processes",
            "Temporal hands each page's dispatch to whichever process asks first.",
            at_least=2,
        ),
    ]


async def _senders(install: Install, pages: set[UUID]) -> set[str]:
    """Who ran the dispatches of these pages, by the names under which workers are known to Temporal."""
    found = set()
    for page in pages:
        async for event in install.temporal.get_workflow_handle(send_workflow_id(page)).fetch_history_events():
            if event.HasField("activity_task_started_event_attributes"):
                found.add(event.activity_task_started_event_attributes.identity)
    return found


async def _arrived_between(install: Install, sent: int, begin: float, end: float) -> int:
    """How many messages reached the sink in this window of seconds after the first one."""

    async def arrivals() -> list[float]:
        moments = await install.arrivals()
        return [moment - moments[0] for moment in moments]

    def passed(moments: list[float]) -> bool:
        return len(moments) == sent or (bool(moments) and moments[-1] >= end)

    moments = await until(arrivals, passed, within=2 * end + 30, pause=0.5)
    return sum(begin <= moment < end for moment in moments)
