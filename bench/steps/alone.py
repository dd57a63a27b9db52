"""One connection, one send after the other: how long each takes when nothing else is on its way."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from bench import sink
from bench.bare import start_floor_workflow
from bench.figure import Figure
from bench.install import Install, running_sink
from bench.load import ROUNDS, Spread, median
from bench.record import seconds_until_recorded
from bench.tenant import Tenant, Way, contact, new_tenant
from domain.ids import page_of, send_workflow_id

_SENDS = 50
_PAUSE = 0.05
"""Seconds between the end of one and the next, in which the engine closes what has ended."""
_NAME = "one connection, p50 of post to"


class _Times(NamedTuple):
    """Medians in ms, from the post of a send or from the start of the floor workflow."""

    answered: float
    """Until the post, or the start, was answered."""
    begun: float
    """Until the request arrived at the gateway; of the floor: until its activity began."""
    ended: float
    """Until the message was recorded; of the floor: until its end was known."""

    @classmethod
    def of(cls, answered: Sequence[float], begun: Sequence[float], ended: Sequence[float]) -> "_Times":
        """The medians of these seconds."""
        return cls(*(Spread.of(seconds).p50_ms for seconds in (answered, begun, ended)))


async def measure(install: Install, scale: float) -> list[Figure]:
    """p50 of post to answer, arrival and record beside the floor, and beside a request that never shares its page."""
    count = max(5, int(_SENDS * scale))
    async with running_sink(install.settings) as url:  # its list of arrivals is of these sends only
        tenant = await new_tenant(replace(install, sink_url=url), Way(path=sink.TIMED))
        works = [
            partial(_floors, install, count),
            partial(_sends, tenant, count, contacts=2),
            partial(_sends, tenant, count, contacts=1),
        ]
        for work in works:
            await work()
        rounds = [[await work() for work in works] for _ in range(ROUNDS)]
    floor, unshared, shared = (
        _Times(*(median(times, float) for times in zip(*runs, strict=True))) for runs in zip(*rounds, strict=True)
    )
    return _figures(floor, unshared, shared)


def _figures(floor: _Times, unshared: _Times, shared: _Times) -> list[Figure]:
    return [
        Figure(
            "what the API adds to the p50 of a start",
            shared.answered - floor.answered,
            "ms",
            f"Reading, checking and one look at the wallet, before a start that alone takes {floor.answered:.1f} ms.",
            at_most=2,
        ),
        Figure(
            f"{_NAME} arrival at the gateway",
            shared.begun,
            "ms",
            "The engine: starting the page and handing its dispatch to a worker; then SQL before the request is sent.",
            floor.begun,
            "floor workflow, start to the begin of its activity",
            at_most=1.3,
        ),
        Figure(
            f"{_NAME} record",
            shared.ended,
            "ms",
            "The engine: starting the page, its workflow tasks and its dispatch follow one another.",
            unshared.ended,
            "a request of two, which never shares its page",
            at_most=1.05,
        ),
        Figure(
            f"{_NAME} record",
            shared.ended,
            "ms",
            "As above; the floor has one activity and no HTTP exchange, no SQL and no API before it.",
            floor.ended,
            "floor workflow, alone",
        ),
    ]


async def _floors(install: Install, count: int) -> _Times:
    answered, begun, ended = [], [], []
    for _ in range(count):
        at = time.time()
        floor = install.temporal.get_workflow_handle(await start_floor_workflow(install))
        answered.append(time.time() - at)
        begun.append(await floor.result() - at)
        ended.append(time.time() - at)
        await asyncio.sleep(_PAUSE)
    return _Times.of(answered, begun, ended)


async def _sends(tenant: Tenant, count: int, contacts: int) -> _Times:
    """Each is brought to its end before the next; a request is recorded when the last of its contacts is."""
    posted, answered, ended = [], [], []
    earlier = len(await tenant.install.arrivals())
    for _ in range(count):
        at = time.time()
        uids = (await tenant.send([contact() for _ in range(contacts)])).uids
        posted.append(at)
        answered.append(time.time() - at)
        page = send_workflow_id(page_of(uids[0]))
        await tenant.install.temporal.get_workflow_handle(page).result()
        ended.append(max(await seconds_until_recorded(tenant.install.pool, dict.fromkeys(uids, at))))
        await asyncio.sleep(_PAUSE)
    firsts = (await tenant.install.arrivals())[earlier::contacts]
    begun = [arrived - at for arrived, at in zip(firsts, posted, strict=True)]
    return _Times.of(answered, begun, ended)
