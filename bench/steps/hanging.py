"""A gateway that takes messages and never answers, beside one that does: what its neighbours in a page feel."""

import time
from uuid import UUID

from bench import sink
from bench.figure import Figure
from bench.install import Install
from bench.load import Spread, in_turn, run_at
from bench.record import seconds_until_recorded
from bench.tenant import Tenant, Way, contact, new_tenant

_TIMEOUT = 4.0
_EVERY = 0.25
"""Seconds between bursts, so that those of a burst share pages and the engine is far from its limit."""
_SECONDS = 10.0
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
    burst = [name for _ in range(_EACH) for name in (*_NEIGHBOURS, _THIRD)]

    async def send(number: int) -> None:
        gateway = burst[number % len(burst)]
        uid, at = await _send(tenant, gateway)
        if gateway in _NEIGHBOURS:
            begun[uid] = at

    moments = [n * _EVERY for n in range(int(seconds / _EVERY)) for _ in burst]
    await run_at(send, moments)
    return Spread.of(await seconds_until_recorded(install.pool, begun))


async def _send(tenant: Tenant, gateway: str) -> tuple[UUID, float]:
    at = time.time()
    return (await tenant.send([contact(gateway_identifier=gateway)])).uids[0], at
