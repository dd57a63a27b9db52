"""What guards cost one-contact sends: without any and with all of them on, in turn."""

from datetime import time
from time import perf_counter

from bench.figure import Figure
from bench.install import Install
from bench.load import Run, in_turn, rate, run_in_flight
from bench.record import until_settled
from bench.tenant import contact, new_tenant
from domain.audience.guards.settings import GuardSettings
from store.audience.guards import settings

_SENDS = 3_000
_CONNECTIONS = 64
ALL = GuardSettings(
    countries=frozenset({"US", "DE"}),
    pumping="on",
    prefix_per_hour=1_000_000,
    quiet_hours=True,
    quiet_from=time(23, 59),
    quiet_to=time(0, 0),
    per_day=1000,
    per_week=1000,
)


async def measure(install: Install, scale: float) -> list[Figure]:
    """Rate from the first post until all are sent, at 64 connections; each run with a tenant of its own."""
    count = max(200, int(_SENDS * scale))

    async def flood(guards: GuardSettings) -> Run:
        tenant = await new_tenant(install)
        await settings.put(install.pool, tenant.id, guards)

        async def send(_: int) -> None:
            await tenant.post([contact()])

        begun = perf_counter()
        accepted = await run_in_flight(send, count, _CONNECTIONS)
        await until_settled(tenant, count)
        return Run(count / (perf_counter() - begun), accepted.spread)

    with_all, without = await in_turn(lambda: flood(ALL), lambda: flood(GuardSettings()), rate)
    return [
        Figure(
            f"one-contact sends with all guards on, {_CONNECTIONS} connections",
            with_all.per_second,
            "sends/s",
            "A look at each page's recipients before a gateway is chosen, and counting them by their ranges.",
            without.per_second,
            "without guards",
            at_least=0.95,
        )
    ]
