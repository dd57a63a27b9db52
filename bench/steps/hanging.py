"""A gateway that accepts messages and never answers: its effect on other gateways in the same pages."""

import time
from contextlib import suppress
from functools import partial
from uuid import UUID

from temporalio.service import RPCError

from bench import sink
from bench.figure import Figure
from bench.install import Install
from bench.load import Spread, in_turn, run_at
from bench.record import open_attempts, seconds_until_recorded
from bench.tenant import Tenant, Way, contact, new_tenant
from bench.waiting import until
from domain.ids import page_of, send_workflow_id

_TIMEOUT = 4.0
_EVERY = 0.25
"""Seconds between bursts, so that those of a burst share pages and the engine is far from its limit."""
_SECONDS = 8.0
_NEIGHBOURS = ("first", "second")
_THIRD = "third"
_EACH = 2
"""Messages of a burst for each gateway."""


async def measure(install: Install, scale: float) -> list[Figure]:
    """p95 of sends through two gateways, with the third one of their pages hanging and with it answering."""
    seconds = max(3.0, _SECONDS * scale)
    hanging, answering = await in_turn(
        lambda: _neighbours(install, sink.HANG, seconds), lambda: _neighbours(install, "", seconds), lambda s: s.p95_ms
    )
    return [
        Figure(
            "p95 of sends that share pages with a hanging gateway",
            hanging.p95_ms,
            "ms",
            "Nothing waits for the hanging gateway: pages stay open for its messages only, which costs some engine.",
            answering.p95_ms,
            "the same with it answering",
            at_most=1.3,
        )
    ]


async def _neighbours(install: Install, third: str, seconds: float) -> Spread:
    ways = [Way(identifier) for identifier in _NEIGHBOURS] + [Way(_THIRD, third, timeout=_TIMEOUT)]
    tenant = await new_tenant(install, *ways)
    begun: dict[UUID, float] = {}
    waiting: set[UUID] = set()
    burst = [name for _ in range(_EACH) for name in (*_NEIGHBOURS, _THIRD)]

    async def send(number: int) -> None:
        gateway = burst[number % len(burst)]
        uid, at = await _send(tenant, gateway)
        if gateway in _NEIGHBOURS:
            begun[uid] = at
        else:
            waiting.add(page_of(uid))

    moments = [n * _EVERY for n in range(int(seconds / _EVERY)) for _ in burst]
    await run_at(send, moments)
    times = await seconds_until_recorded(install.pool, begun)
    await _end(install, waiting)
    return Spread.of(times)


async def _end(install: Install, pages: set[UUID]) -> None:
    """End what still waits for the third gateway, so that it does not burden the next run."""
    await until(partial(open_attempts, install.pool, pages), lambda n: n == 0, within=60, pause=0.1)
    for page in pages:
        with suppress(RPCError):  # it has ended
            await install.temporal.get_workflow_handle(send_workflow_id(page)).terminate()


async def _send(tenant: Tenant, gateway: str) -> tuple[UUID, float]:
    at = time.time()
    return (await tenant.send([contact(gateway_identifier=gateway)])).uids[0], at
